//! A proxy before a real server that does to requests and answers what its rules say: HTTP/1.1 on the loopback.
//!
//! What is not struck by a rule passes unchanged, signature and all. The first rule that fits strikes.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// Answered here with a status, a code and a message; it never reaches the server.
    Answer(u16, &'static str, &'static str),
    /// The connection is reset; the request never reaches the server.
    ResetBefore,
    /// The server does it, and the connection is reset instead of an answer.
    ResetAfter,
    /// The server does it, and nothing is answered.
    Silence,
    /// The server does it, and half of the answer's body arrives before the connection is closed.
    Truncate,
    /// The server does it, and the answer arrives byte by byte, with a pause before each of the body.
    Dribble(Duration),
    /// The answer to the last question of these words that passed, again; the server is not asked.
    Old,
    /// The clock of the service is so many seconds ahead, and signatures hold for five minutes: what is corrected by that
    /// must still hold for the server behind (15 minutes).
    Clock(i64),
}

/// Which requests are struck, and how.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// The beginning of the question: `PUT /bucket/?tagging`, `GetRole name`. Empty fits all.
    pub(crate) what: String,
    /// The so many-th question of these very words, from 1, up to and with another one.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Of these, so many in a hundred, by chance from the proxy's seed.
    pub(crate) percent: u64,
    /// Only once this was asked, by its beginning, the first such question among those that are struck. Empty: from the beginning.
    pub(crate) since: String,
    pub(crate) deed: Deed,
}

impl Rule {
    /// Strikes every such request.
    pub(crate) fn every(what: impl Into<String>, deed: Deed) -> Self {
        Self { what: what.into(), from: 1, to: usize::MAX, percent: 100, since: String::new(), deed }
    }

    /// Strikes the first so many.
    pub(crate) fn first(times: usize, what: impl Into<String>, deed: Deed) -> Self {
        Self { to: times, ..Self::every(what, deed) }
    }
}

/// The proxy. It ends with the test's process.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    shared: Arc<Shared>,
}

struct Shared {
    server: String,
    rules: Mutex<Vec<Rule>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: Vec<String>,
    /// The last answer that passed, by question.
    answers: BTreeMap<String, Vec<u8>>,
    chance: u64,
    struck: usize,
}

impl Proxy {
    /// Before `server` (`http://127.0.0.1:PORT`).
    pub(crate) fn before(server: &str, seed: u64, rules: Vec<Rule>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = server.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        let state = State { chance: seed, ..State::default() };
        let shared = Arc::new(Shared { server, rules: Mutex::new(rules), state: Mutex::new(state) });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || serve(stream.unwrap(), &shared));
            }
        });
        Self { endpoint, shared }
    }

    /// How many requests were struck by a rule.
    pub(crate) fn struck(&self) -> usize {
        self.shared.state.lock().unwrap().struck
    }

    /// How often something was asked, by the beginning of the question.
    pub(crate) fn times(&self, what: &str) -> usize {
        self.shared.state.lock().unwrap().asked.iter().filter(|asked| asked.starts_with(what)).count()
    }
}

/// A request, whole, as its bytes.
struct Request {
    /// `GET /bucket/?tagging`, or for IAM and STS the action and the role.
    what: String,
    date: Option<String>,
    bytes: Vec<u8>,
}

/// One request of a connection after the other. A request stays unread until its fate is known: a socket that is closed
/// with something unread is reset.
fn serve(stream: TcpStream, shared: &Shared) {
    let mut stream = stream;
    while let Some(request) = peek(&stream) {
        let deed = shared.fate(&request.what);
        if matches!(deed, Some(Deed::ResetBefore)) {
            return;
        }
        let answer = match &deed {
            Some(Deed::Answer(status, code, message)) => Some(error(&request.what, *status, code, message, 0)),
            Some(Deed::Clock(ahead)) if skewed(request.date.as_deref(), *ahead) => {
                Some(error(&request.what, 403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", *ahead))
            }
            Some(Deed::Old) => shared.state.lock().unwrap().answers.get(&request.what).cloned(),
            _ => None,
        };
        let answer = answer.or_else(|| forward(&shared.server, &request.bytes));
        let Some(mut answer) = answer else { return };
        if let Some(Deed::Clock(ahead)) = &deed {
            answer = dated(&answer, *ahead);
        }
        if matches!(deed, Some(Deed::ResetAfter)) {
            return;
        }
        stream.read_exact(&mut vec![0; request.bytes.len()]).unwrap();
        match deed {
            Some(Deed::Silence) => {
                let _ = stream.read(&mut [0]);
                return;
            }
            Some(Deed::Truncate) => {
                let body = head_length(&answer);
                let _ = stream.write_all(&answer[..body + (answer.len() - body) / 2]);
                return;
            }
            Some(Deed::Dribble(pause)) => {
                let body = head_length(&answer);
                let sent = stream.write_all(&answer[..body]).and_then(|()| {
                    answer[body..].iter().try_for_each(|byte| {
                        std::thread::sleep(pause);
                        stream.write_all(&[*byte])
                    })
                });
                if sent.is_err() {
                    return;
                }
            }
            _ => {
                if deed.is_none() {
                    shared.state.lock().unwrap().answers.insert(request.what, answer.clone());
                }
                if stream.write_all(&answer).is_err() {
                    return;
                }
            }
        }
    }
}

impl Shared {
    fn fate(&self, what: &str) -> Option<Deed> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(what.to_owned());
        let nth = state.asked.iter().filter(|asked| *asked == what).count();
        for rule in self.rules.lock().unwrap().iter() {
            let begun = state.asked.iter().any(|asked| asked.starts_with(&rule.since));
            if !begun || !what.starts_with(&rule.what) || nth < rule.from || nth > rule.to {
                continue;
            }
            // splitmix64: small, and the same on every machine.
            state.chance = state.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state.chance;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            if (mixed ^ (mixed >> 31)) % 100 < rule.percent {
                state.struck += 1;
                return Some(rule.deed.clone());
            }
        }
        None
    }
}

/// The next request of a connection, left unread; none when the other side has enough.
fn peek(stream: &TcpStream) -> Option<Request> {
    let mut buffer = vec![0; 1 << 17];
    loop {
        let length = stream.peek(&mut buffer).ok().filter(|length| *length > 0)?;
        if let Some(request) = parse(&buffer[..length]) {
            return Some(request);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The request at the beginning of these bytes, if all of it is there.
fn parse(bytes: &[u8]) -> Option<Request> {
    let head = head_length(bytes);
    let text = std::str::from_utf8(bytes.get(..head).filter(|head| head.ends_with(b"\r\n\r\n"))?).unwrap();
    let mut words = text.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let length = header(text, "content-length").map_or(0, |value| value.parse().unwrap());
    let body = String::from_utf8_lossy(bytes.get(head..head + length)?);
    let field = |name: &str| body.split('&').find_map(|pair| pair.strip_prefix(name));
    let what = match field("Action=") {
        Some(action) => format!("{action} {}", field("RoleName=").unwrap_or_default()).trim_end().to_owned(),
        None => format!("{method} {}", target.split("?x-id=").next()?),
    };
    Some(Request { what, date: header(text, "x-amz-date").map(str::to_owned), bytes: bytes[..head + length].to_vec() })
}

fn head_length(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.split_once(':').filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()))
}

/// Asks the server and gives its answer with a length in its head, so that the connection to the client can stay.
fn forward(server: &str, request: &[u8]) -> Option<Vec<u8>> {
    let mut upstream = TcpStream::connect(server).ok()?;
    upstream.write_all(request).ok()?;
    let mut reader = BufReader::new(upstream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).ok().filter(|read| *read > 0)?;
    }
    let mut body = Vec::new();
    let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
    if request.starts_with(b"HEAD") || status == 204 || status == 304 {
        return Some(head.into_bytes());
    }
    let chunked = header(&head, "transfer-encoding").is_some_and(|value| value.contains("chunked"));
    match header(&head, "content-length") {
        Some(length) => {
            body.resize(length.parse().ok()?, 0);
            reader.read_exact(&mut body).ok()?;
            Some([head.into_bytes(), body].concat())
        }
        None if chunked => {
            loop {
                let mut size = String::new();
                reader.read_line(&mut size).ok()?;
                let size = usize::from_str_radix(size.trim(), 16).ok()?;
                let mut chunk = vec![0; size + 2];
                reader.read_exact(&mut chunk).ok()?;
                if size == 0 {
                    break;
                }
                body.extend_from_slice(&chunk[..size]);
            }
            let kept: String = head
                .lines()
                .filter(|line| !line.is_empty() && !line.to_lowercase().starts_with("transfer-encoding"))
                .map(|line| format!("{line}\r\n"))
                .collect();
            Some([format!("{kept}content-length: {}\r\n\r\n", body.len()).into_bytes(), body].concat())
        }
        None => Some(head.into_bytes()),
    }
}

/// The time of a service whose clock is so many seconds ahead, as a header says it.
fn date(ahead: i64) -> String {
    (now() + jiff::SignedDuration::from_secs(ahead)).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The answer with the date of another clock.
fn dated(answer: &[u8], ahead: i64) -> Vec<u8> {
    let length = head_length(answer);
    let head = String::from_utf8_lossy(&answer[..length]);
    let kept: String = head.lines().filter(|line| !line.is_empty() && !line.to_lowercase().starts_with("date:")).map(|line| format!("{line}\r\n")).collect();
    [format!("{kept}date: {}\r\n\r\n", date(ahead)).as_bytes(), &answer[length..]].concat()
}

/// An error as the service would say it, dated by a clock that may be ahead.
fn error(what: &str, status: u16, code: &str, message: &str, ahead: i64) -> Vec<u8> {
    let one = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let is_s3 = what.contains(" /");
    let body = if what.starts_with("HEAD") {
        String::new()
    } else if is_s3 {
        one
    } else {
        format!("<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">{one}<RequestId>proxy</RequestId></ErrorResponse>")
    };
    let date = date(ahead);
    format!("HTTP/1.1 {status} Proxy\r\ncontent-type: application/xml\r\ndate: {date}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[expect(clippy::disallowed_methods, reason = "the proxy judges signatures by the time, as a service does")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Whether a signature of this time is too far from a clock that is so many seconds ahead.
fn skewed(date: Option<&str>, ahead: i64) -> bool {
    let Some(signed) = date.and_then(|date| jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", date).ok()) else { return true };
    let signed = signed.to_datetime().unwrap().to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    (now().as_second() + ahead - signed.as_second()).abs() > 5 * 60
}
