//! A gate between lifeboat and a real server: it counts requests, stops at the one it is told, and can let the server's
//! clock run ahead. One request a connection; bytes pass as they are but for two headers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::cli::sandbox;

/// On which side of the server a request is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It never arrives.
    Before,
    /// It takes effect, and its answer never arrives.
    Behind,
}

/// Which request is stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    /// Counting begins with the first PUT whose first line holds this; empty, with the first request of all.
    pub(crate) since: &'static str,
    /// The so many-th, from 1.
    pub(crate) nth: usize,
    pub(crate) side: Side,
}

#[derive(Default)]
struct State {
    asked: Vec<String>,
    stop: Option<Stop>,
    ahead: SignedDuration,
}

impl State {
    /// Notes a request by its first line; on which side it is stopped, if it is the one.
    fn ask(&mut self, line: &str) -> Option<Side> {
        self.asked.push(line.to_owned());
        let stop = self.stop?;
        let begins = self.asked.iter().position(|line| stop.since.is_empty() || (line.starts_with("PUT ") && line.contains(stop.since)))?;
        (self.asked.len() - begins == stop.nth).then_some(stop.side)
    }
}

pub(crate) struct Toll {
    pub(crate) endpoint: String,
    state: Arc<Mutex<State>>,
    stopped: Receiver<Sender<()>>,
}

/// A request that is stopped; dropped, it ends without an answer, and passed on it goes on.
pub(crate) struct Stopped(Sender<()>);

impl Stopped {
    pub(crate) fn pass(self) {
        self.0.send(()).unwrap();
    }
}

impl Toll {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let upstream = sandbox("AWS_ENDPOINT_URL").trim_start_matches("http://").to_owned();
        let state = Arc::<Mutex<State>>::default();
        let (tell, stopped) = channel();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, tell, upstream) = (Arc::clone(&shared), tell.clone(), upstream.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &upstream, &shared, &tell));
            }
        });
        Self { endpoint, state, stopped }
    }

    /// Counts anew; stops at this request from now on.
    pub(crate) fn stop_at(&self, stop: Option<Stop>) {
        let mut state = self.state.lock().unwrap();
        (state.asked, state.stop) = (Vec::new(), stop);
    }

    /// Lets the server's clock run ahead from now on.
    pub(crate) fn ahead(&self, by: SignedDuration) {
        self.state.lock().unwrap().ahead = by;
    }

    /// The first lines of the requests that came since [`Toll::stop_at`].
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The request that is stopped now, if one is.
    pub(crate) fn stopped(&self) -> Option<Stopped> {
        self.stopped.try_recv().ok().map(Stopped)
    }
}

/// Passes one request on and its answer back. Whoever was killed meanwhile has no answer coming: errors end it silently.
fn serve(client: TcpStream, upstream: &str, state: &Mutex<State>, tell: &Sender<Sender<()>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let (head, body) = message(&mut reader)?;
    let stop = state.lock().unwrap().ask(head.lines().next()?);
    let wait = || {
        let (go, gone) = channel();
        tell.send(go).ok()?;
        gone.recv().ok()
    };
    if stop == Some(Side::Before) {
        wait()?;
    }
    let mut server = TcpStream::connect(upstream).ok()?;
    server.write_all(with_header(&head, "connection", "close").as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    let mut answer = BufReader::new(server);
    let mut head = head_of(&mut answer)?;
    let mut body = Vec::new();
    answer.read_to_end(&mut body).ok()?;
    if stop == Some(Side::Behind) {
        wait()?;
    }
    let ahead = state.lock().unwrap().ahead;
    if !ahead.is_zero() {
        #[expect(clippy::disallowed_methods, reason = "a server's Date is the time now")]
        let date = (Timestamp::now() + ahead).to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        head = with_header(&head, "date", &date);
    }
    let mut client = client;
    client.write_all(with_header(&head, "connection", "close").as_bytes()).ok()?;
    client.write_all(&body).ok()?;
    client.shutdown(Shutdown::Both).ok()
}

/// A request: its head as it came, and its body.
fn message(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let head = head_of(reader)?;
    let field =
        |name: &str| head.lines().find_map(|line| line.split_once(':').filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()));
    assert!(field("transfer-encoding").is_none(), "bodies are in memory, so their length is known");
    let mut body = vec![0; field("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn head_of(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).ok().filter(|read| *read > 0)?;
    }
    Some(head)
}

fn with_header(head: &str, name: &str, value: &str) -> String {
    let others = head.trim_end().split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with(&format!("{name}:")));
    format!("{}\r\n{name}: {value}\r\n\r\n", others.collect::<Vec<_>>().join("\r\n"))
}
