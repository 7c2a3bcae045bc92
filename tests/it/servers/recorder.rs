//! Stands between lifeboat and a server and keeps every request, byte for byte; alone, it only keeps them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// What IAM and STS are asked: `GetRole`.
    fn action(&self) -> Option<&str> {
        let form = std::str::from_utf8(&self.body).ok().filter(|_| self.method == "POST")?;
        form.split('&').find_map(|pair| pair.strip_prefix("Action="))
    }

    pub(crate) fn writes(&self) -> bool {
        match self.action() {
            Some(action) => !action.starts_with("Get") && !action.starts_with("List"),
            None => self.method != "GET" && self.method != "HEAD",
        }
    }

    /// All that tells one write from another.
    pub(crate) fn words(&self) -> String {
        format!("{} {} {}", self.method, self.target, String::from_utf8_lossy(&self.body))
    }
}

pub(crate) struct Recorder {
    pub(crate) url: String,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Recorder {
    /// Passes everything on to a server.
    pub(crate) fn before(server: &str) -> Self {
        let server = server.strip_prefix("http://").unwrap().to_owned();
        Self::new(move |client, sent| {
            let upstream = TcpStream::connect(&server).unwrap();
            let (mut from, mut to) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
            let mut reader = BufReader::new(client);
            let mut to = &upstream;
            while receive(&mut reader, &mut to, sent).is_some() {}
            let _ = upstream.shutdown(Shutdown::Write);
        })
    }

    /// Says yes to everything and does nothing.
    pub(crate) fn alone() -> Self {
        Self::new(|mut client, sent| {
            let mut reader = BufReader::new(client.try_clone().unwrap());
            while let Some(asked) = receive(&mut reader, &mut std::io::sink(), sent) {
                let body = asked.action().map_or_else(String::new, |action| format!("<{action}Response><{action}Result/></{action}Response>"));
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                if client.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        })
    }

    /// Says the same to everything.
    pub(crate) fn saying(status: u16, headers: &[(&'static str, String)], body: &str) -> Self {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let answer = format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
        Self::new(move |mut client, sent| {
            let mut reader = BufReader::new(client.try_clone().unwrap());
            while receive(&mut reader, &mut std::io::sink(), sent).is_some() {
                if client.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        })
    }

    fn new(serve: impl Fn(TcpStream, &Mutex<Vec<Sent>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sent, serve) = (Arc::<Mutex<Vec<Sent>>>::default(), Arc::new(serve));
        let all = Arc::clone(&sent);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (all, serve) = (Arc::clone(&all), Arc::clone(&serve));
                std::thread::spawn(move || serve(client.unwrap(), &all));
            }
        });
        Self { url, sent }
    }

    /// What was sent since the last time.
    pub(crate) fn taken(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }
}

/// One request: read, kept, and passed on as it came. The head goes first, as the client may wait for leave to send the body.
fn receive(reader: &mut BufReader<TcpStream>, to: &mut impl std::io::Write, sent: &Mutex<Vec<Sent>>) -> Option<Sent> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        reader.read_until(b'\n', &mut head).ok().filter(|read| *read > 0)?;
    }
    to.write_all(&head).ok()?;
    let text = String::from_utf8(head).unwrap();
    let mut lines = text.lines();
    let mut words = lines.next().unwrap().split(' ');
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let headers: Vec<(String, String)> = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let mut request = Sent { method, target, headers, body: Vec::new() };
    assert_eq!(request.header("transfer-encoding"), None, "{}", request.words());
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body).ok()?;
    to.write_all(&request.body).ok()?;
    sent.lock().unwrap().push(request.clone());
    Some(request)
}
