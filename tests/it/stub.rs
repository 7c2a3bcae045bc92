//! Answers that no server here gives: a small HTTP server in the test plays S3, IAM and STS by script.
//!
//! Each test says which answer of AWS it plays. What the real servers can answer is tried on them instead (`servers`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::servers::cli::{Config, Ran};
use crate::servers::stage::until;

mod listing;

/// A request as it came.
#[derive(Clone, Debug)]
struct Asked {
    /// `GET /bucket?versioning`, or for IAM and STS the action.
    what: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

fn answer(status: u16, body: impl Into<String>) -> Answer {
    Answer { status, headers: Vec::new(), body: body.into() }
}

fn error(status: u16, code: &str) -> Answer {
    answer(status, format!("<Error><Code>{code}</Code><Message>said the stub</Message></Error>"))
}

/// The script of a test: what is answered to a question, asked for the n-th time. None: what an ordinary bucket answers.
type Script = dyn Fn(&Asked, usize) -> Option<Answer> + Send + Sync;

/// What was put, by place.
type Kept = BTreeMap<String, String>;

/// An AWS that consists of buckets that keep what is put, and of a script. It ends with the test's process.
struct Stub {
    endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A status that stands for no answer at all.
const SILENCE: u16 = 0;

impl Stub {
    fn new(script: impl Fn(&Asked, usize) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let kept = Arc::<Mutex<Kept>>::default();
        let script: Arc<Script> = Arc::new(script);
        let all = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (all, kept, script) = (Arc::clone(&all), Arc::clone(&kept), Arc::clone(&script));
                std::thread::spawn(move || serve(stream.unwrap(), &all, &kept, script.as_ref()));
            }
        });
        Self { endpoint, asked }
    }

    fn run(&self, config: &Config, args: &[&str]) -> Ran {
        self.run_with(config, args, &[])
    }

    fn run_with(&self, config: &Config, args: &[&str], more: &[(&str, &str)]) -> Ran {
        self.command(config, args).envs(more.iter().copied()).output().unwrap().into()
    }

    fn command(&self, config: &Config, args: &[&str]) -> std::process::Command {
        let env = [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIASTUB"),
            ("AWS_SECRET_ACCESS_KEY", "stub"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ];
        let mut command = config.bare("stub", args);
        command.envs(env).env_remove("AWS_PROFILE");
        command
    }

    /// How often something was asked, by the beginning of the question.
    fn times(&self, what: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.what.starts_with(what)).count()
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// One request of a connection after the other, until the other side has enough.
fn serve(stream: TcpStream, all: &Mutex<Vec<Asked>>, kept: &Mutex<Kept>, script: &Script) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(asked) = read(&mut reader) {
        let nth = {
            let mut all = all.lock().unwrap();
            all.push(asked.clone());
            all.iter().filter(|other| other.what == asked.what).count()
        };
        let answer = script(&asked, nth).unwrap_or_else(|| ordinary(&asked, &mut kept.lock().unwrap()));
        if answer.status == SILENCE {
            let _ = reader.read_to_end(&mut Vec::new());
            return;
        }
        let mut text = format!("HTTP/1.1 {} Stub\r\ncontent-length: {}\r\ncontent-type: application/xml\r\n", answer.status, answer.body.len());
        for (name, value) in &answer.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        if !asked.what.starts_with("HEAD") {
            text.push_str(&answer.body);
        }
        if stream.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let form = String::from_utf8_lossy(&body).into_owned();
    let action = form.split('&').find_map(|pair| pair.strip_prefix("Action="));
    // The SDK names the operation in the URL of requests on objects.
    let target = target.split("?x-id=").next()?;
    let what = action.map_or_else(|| format!("{method} {target}"), str::to_owned);
    Some(Asked { what, headers, body: form })
}

const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::000000000000:user/stub</Arn><UserId>AIDA</UserId><Account>000000000000</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// What an ordinary bucket answers: at first it holds nothing, and then what was put.
fn ordinary(asked: &Asked, kept: &mut Kept) -> Answer {
    const NONE: [(&str, &str); 9] = [
        ("?tagging", "NoSuchTagSet"),
        ("?lifecycle", "NoSuchLifecycleConfiguration"),
        ("?encryption", "ServerSideEncryptionConfigurationNotFoundError"),
        ("?publicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
        ("?ownershipControls", "OwnershipControlsNotFoundError"),
        ("?policy", "NoSuchBucketPolicy"),
        ("?object-lock", "ObjectLockConfigurationNotFoundError"),
        ("?replication", "ReplicationConfigurationNotFoundError"),
        ("/", "NoSuchKey"),
    ];
    let Some((method, place)) = asked.what.split_once(' ') else {
        assert_eq!(asked.what, "GetCallerIdentity");
        return answer(200, IDENTITY);
    };
    match (method, kept.get(place)) {
        ("HEAD", _) => Answer { status: 200, headers: vec![("x-amz-bucket-region", "eu-west-1")], body: String::new() },
        ("PUT", _) => {
            kept.insert(place.to_owned(), asked.body.clone());
            answer(200, "")
        }
        (_, Some(body)) => answer(200, body.clone()),
        _ if place.contains("list-type=2") => answer(200, "<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>"),
        _ if place.ends_with("?versioning") => answer(200, "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>"),
        _ if place.ends_with("?logging") => answer(200, "<BucketLoggingStatus xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>"),
        _ => error(404, NONE.iter().find(|(part, _)| place.contains(part)).unwrap().1),
    }
}

/// The script that answers one question, by its beginning, always in the same way.
fn only(what: &'static str, given: Answer) -> impl Fn(&Asked, usize) -> Option<Answer> {
    move |asked, _| asked.what.starts_with(what).then(|| given.clone())
}

#[track_caller]
fn holds(ran: &Ran, code: i32, sentences: &[&str]) {
    let said = format!("{}{}", ran.out, ran.err);
    assert_eq!(ran.code, code, "{said}");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in sentences {
        assert!(words.contains(sentence), "{sentence}\n{said}");
    }
}

/// A config repo without roles and without a control place: the stub plays no IAM and keeps no conditions.
fn config(name: &str) -> Config {
    let config = Config::new(&format!("stub-{name}"));
    without_access(&config);
    let path = config.path().join("lifeboat.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text.split_once("  control:\n").unwrap().0).unwrap();
    config
}

fn without_access(config: &Config) {
    let path = config.path().join("policies/orders.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("  access:\n").unwrap();
    std::fs::write(path, format!("{head}  drills:\n{}", rest.split_once("  drills:\n").unwrap().1)).unwrap();
}

/// The stub alone, before anything is made of it: it plays S3 well enough for a whole apply.
#[test]
fn the_stub_is_an_ordinary_bucket() {
    let (config, stub) = (config("ordinary"), Stub::new(|_, _| None));
    holds(&stub.run(&config, &["apply"]), 0, &["no lock was taken and its journal is only on this machine", "6 steps done"]);
    holds(&stub.run(&config, &["plan"]), 0, &["everything is as the policies say"]);
}

/// On a stub: every server here keeps conditions; some S3-compatible ones take the header and overwrite all the same.
#[test]
fn a_store_that_ignores_conditions_holds_no_lock_and_nothing_is_sent() {
    let lock = Mutex::new(None::<String>);
    let careless = move |asked: &Asked, _| {
        let mut lock = lock.lock().unwrap();
        match asked.what.as_str() {
            "PUT /shop-dr-control/control/stub-careless/lock" => {
                *lock = Some(asked.body.clone());
                Some(answer(200, ""))
            }
            "GET /shop-dr-control/control/stub-careless/lock" => lock.clone().map(|body| Answer {
                status: 200,
                headers: vec![("etag", "\"1\""), ("last-modified", "Sun, 22 Nov 2026 10:00:00 GMT"), ("date", "Sun, 22 Nov 2026 10:00:01 GMT")],
                body,
            }),
            _ => None,
        }
    };
    let (config, stub) = (Config::new("stub-careless"), Stub::new(careless));
    without_access(&config);
    let sentences =
        ["error: the bucket shop-dr-control cannot hold a lock: its store ignores If-None-Match", "keep `control` on a store with conditional writes"];
    holds(&stub.run(&config, &["apply"]), 1, &sentences);
    assert_eq!(stub.times("PUT /shop-stub-careless-orders"), 0);
    assert!(stub.asked().iter().any(|asked| asked.body.contains("\"state\":\"released\"")), "nobody has to wait for it");
}

/// On a stub: an identity that lacks one right on a bucket gets 403 from AWS; ministack checks only whole services so finely.
#[test]
fn a_refused_read_is_one_unknown_and_the_rest_is_planned() {
    let (config, stub) = (config("refused"), Stub::new(only("GET /shop-stub-refused-orders/?versioning", error(403, "AccessDenied"))));
    let sentences = ["versioning unknown, left alone why access denied: GetBucketVersioning shop-stub-refused-orders", "grant s3:GetBucketVersioning"];
    let ran = stub.run(&config, &["plan"]);
    holds(&ran, 5, &sentences);
    holds(&ran, 5, &["5 to add, 1 unknown"]);
    holds(&stub.run(&config, &["apply"]), 5, &["5 steps done"]);
    assert_eq!((stub.times("PUT /shop-stub-refused-orders/?lifecycle"), stub.times("PUT /shop-stub-refused-orders/?versioning")), (1, 0));
}

/// On a stub: AWS answers 301 with the bucket's region in a header; ministack keeps every region in one place.
#[test]
fn a_bucket_in_another_region_is_named_and_left_alone() {
    let elsewhere = |asked: &Asked, _| {
        let redirect = Answer { status: 301, headers: vec![("x-amz-bucket-region", "us-west-2")], ..error(301, "PermanentRedirect") };
        asked.what.contains("/shop-stub-region-orders/").then_some(redirect)
    };
    let (config, stub) = (config("region"), Stub::new(elsewhere));
    holds(&stub.run(&config, &["plan"]), 5, &["us-west-2", "eu-west-1"]);
    assert_eq!(stub.run(&config, &["apply"]).code, 5);
    assert_eq!(stub.times("PUT /shop-stub-region-orders"), 0);
}

/// On a stub: AWS answers 403 without a body when the bucket belongs to another account than is expected; ministack has one.
#[test]
fn a_bucket_of_another_account_is_left_alone_and_every_call_says_whose_it_must_be() {
    let (config, stub) = (config("account"), Stub::new(|asked: &Asked, _| asked.what.contains("/shop-stub-account-orders/").then(|| answer(403, ""))));
    config.edit("    region: eu-west-1\n", "    region: eu-west-1\n    account: \"111122223333\"\n");
    holds(&stub.run(&config, &["plan"]), 5, &["access denied: HeadBucket shop-stub-account-orders"]);
    assert_eq!(stub.run(&config, &["apply"]).code, 5);
    assert_eq!(stub.times("PUT /shop-stub-account-orders"), 0);
    for asked in stub.asked().iter().filter(|asked| asked.what.contains("/shop-stub-account-orders/")) {
        assert_eq!(asked.header("x-amz-expected-bucket-owner"), Some("111122223333"), "{}", asked.what);
    }
}

/// On a stub: what S3 learns next year, no server of today says.
#[test]
fn an_answer_with_an_unknown_element_is_never_overwritten() {
    let lifecycle = "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><ID>theirs</ID><Status>Enabled</Status><Filter><Prefix>x/</Prefix></Filter>\
        <Expiration><Days>9</Days><UnlessHeld>true</UnlessHeld></Expiration></Rule></LifecycleConfiguration>";
    let encryption = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
        <Rotation>P1D</Rotation></Rule></ServerSideEncryptionConfiguration>";
    let stub = Stub::new(move |asked: &Asked, _| match asked.what.as_str() {
        "GET /shop-stub-unknown-orders/?lifecycle" => Some(answer(200, lifecycle)),
        "GET /shop-stub-unknown-orders/?encryption" => Some(answer(200, encryption)),
        _ => None,
    });
    let config = config("unknown");
    let sentences = ["the answer has an element <UnlessHeld> that this version does not know; changing it would lose that", "<Rotation>"];
    holds(&stub.run(&config, &["plan"]), 5, &sentences);
    holds(&stub.run(&config, &["apply"]), 5, &["4 steps done"]);
    let puts = |what: &str| stub.times(&format!("PUT /shop-stub-unknown-orders/?{what}"));
    assert_eq!((puts("lifecycle"), puts("encryption"), puts("versioning")), (0, 0, 1));
}

/// On a stub: servers that do not know a question answer 200 and nothing; ministack knows all of ours.
#[test]
fn an_empty_answer_is_not_taken_for_an_empty_setting() {
    let (config, stub) = (config("empty"), Stub::new(only("GET /shop-stub-empty-orders/?lifecycle", answer(200, ""))));
    holds(&stub.run(&config, &["plan"]), 5, &["GetBucketLifecycleConfiguration shop-stub-empty-orders: an empty answer", "5 to add, 1 unknown"]);
    assert_eq!(stub.run(&config, &["apply"]).code, 5);
    assert_eq!(stub.times("PUT /shop-stub-empty-orders/?lifecycle"), 0);
}

/// On a stub: ministack is never too busy.
#[test]
fn a_server_that_is_too_busy_is_asked_again() {
    let busy = |asked: &Asked, nth| (asked.what == "GET /shop-stub-busy-orders/?lifecycle" && nth <= 2).then(|| error(503, "SlowDown"));
    let (config, stub) = (config("busy"), Stub::new(busy));
    holds(&stub.run(&config, &["plan"]), 4, &["6 to add"]);
    assert_eq!(stub.times("GET /shop-stub-busy-orders/?lifecycle"), 3);
    let stub = Stub::new(only("GET /shop-stub-busy-orders/?lifecycle", error(503, "SlowDown")));
    holds(&stub.run(&config, &["plan"]), 5, &["lifecycle unknown, left alone", "SlowDown", "5 to add, 1 unknown"]);
}

/// On a stub: no server here takes a request and then says nothing. One attempt ends after 10 s.
#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let (config, stub) = (config("silent"), Stub::new(only("GET /shop-stub-silent-orders/?lifecycle", answer(SILENCE, ""))));
    let begun = Instant::now();
    let ran = stub.run_with(&config, &["plan"], &[("AWS_MAX_ATTEMPTS", "1")]);
    let took = begun.elapsed();
    holds(&ran, 5, &["lifecycle unknown, left alone", "no usable answer", "after 10s", "5 to add, 1 unknown"]);
    assert!(took >= Duration::from_secs(9) && took < Duration::from_secs(30), "{took:?}");
    assert_eq!(stub.times("GET /shop-stub-silent-orders/?lifecycle"), 1);
}

/// On a stub: an old S3-compatible server answers 200 to questions that it does not know, with an element and nothing in it, or
/// with whatever it takes the question for. None of the servers of the sandbox is that old.
#[test]
fn a_hollow_answer_is_not_supported_and_nothing_is_written_over_it() {
    let hollow = |asked: &Asked, _| {
        let (_, sub) = asked.what.strip_prefix("GET /shop-stub-hollow-orders/")?.split_once('?')?;
        let root = match sub {
            "tagging" => "Tagging",
            "lifecycle" => "LifecycleConfiguration",
            "encryption" => "ServerSideEncryptionConfiguration",
            "publicAccessBlock" => "PublicAccessBlockConfiguration",
            "versioning" => "ListBucketResult",
            "ownershipControls" => "OwnershipControls",
            _ => return None,
        };
        Some(answer(200, format!("<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>")))
    };
    let (config, stub) = (config("hollow"), Stub::new(hollow));
    let sentences =
        ["why not supported by this endpoint: GetBucketTagging was answered without a <TagSet>", "an answer to another question than was asked", "6 unknown"];
    holds(&stub.run(&config, &["plan"]), 5, &sentences);
    assert_eq!(stub.run(&config, &["apply"]).code, 5);
    config.edit("    region: eu-west-1\n", "    region: eu-west-1\n    unsupported: skip\n");
    holds(&stub.run(&config, &["plan"]), 0, &["6 not supported and skipped · exit 0: everything else is as the policies say"]);
    assert_eq!(stub.run(&config, &["apply"]).code, 0);
    assert_eq!(stub.times("PUT /shop-stub-hollow-orders"), 0);
}

/// On a stub: none of the servers knows MFA delete.
#[test]
fn mfa_delete_is_more_than_what_is_wanted_and_is_told() {
    let guarded = |asked: &Asked, _| {
        let body = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>";
        (asked.what == "GET /shop-stub-mfa-orders/?versioning").then(|| answer(200, body))
    };
    let (config, stub) = (config("mfa"), Stub::new(guarded));
    let said = stub.run(&config, &["plan"]);
    assert!(said.err.contains("has MFA delete, so S3 takes no lifecycle rules for it"), "{}{}", said.out, said.err);
    assert!(!said.out.contains("· versioning"), "{}", said.out);
    stub.run(&config, &["apply"]);
    assert_eq!(stub.times("PUT /shop-stub-mfa-orders/?versioning"), 0);
}

/// On a stub: ministack answers too fast to be interrupted. Another answer than a lifecycle's never comes here.
#[test]
fn ctrl_c_shows_what_was_read_and_saves_nothing() {
    // The endpoint is too busy for one question, and silent when it is asked again: the others are read by then.
    let lifecycle = "GET /shop-stub-interrupted-orders/?lifecycle";
    let busy = move |asked: &Asked, nth| (asked.what == lifecycle).then(|| if nth <= 3 { error(503, "SlowDown") } else { answer(SILENCE, "") });
    let (config, stub) = (config("interrupted"), Stub::new(busy));
    let saved = config.path().join("plan.json");
    let mut command = stub.command(&config, &["plan", "--out", saved.to_str().unwrap()]);
    let child = command.env("LIFEBOAT_REQUEST_TIMEOUT", "5m").stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    until("it is asked again", || (stub.times(lifecycle) > 3).then_some(()));
    let begun = Instant::now();
    assert!(std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap().success());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    holds(&ran, 1, &["lifecycle not asked", "why not asked (interrupted) next run it again", "exit 1: interrupted, "]);
    assert!(ran.err.contains("plan.json was not written: the plan was interrupted") && !saved.exists(), "{}", ran.err);
}

/// A part of the policies is planned and applied, and what the others want of a bucket that they share stays.
#[test]
fn a_part_of_the_policies_leaves_the_rules_of_the_others_alone() {
    let (config, stub) = (config("part"), Stub::new(|_, _| None));
    let text = std::fs::read_to_string(config.path().join("policies/orders.yaml")).unwrap();
    config.write("policies/carts.yaml", &text.replace("name: orders\n", "name: carts\n").replace("prefix: orders/", "prefix: carts/"));
    let alone = text.replace("name: orders\n", "name: ledger\n").replace("prefix: orders/", "prefix: ledger/").replace(&config.bucket(), "shop-stub-ledger");
    config.write("policies/ledger.yaml", &alone);
    let plan = stub.run(&config, &["plan", "--policy", "or*", "--policy", "orders"]);
    holds(&plan, 4, &["1 of 3 policies at", &format!("note: bucket {} is planned whole: carts use it too", config.bucket())]);
    assert!(!plan.out.contains("ledger"), "{}", plan.out);
    holds(&stub.run(&config, &["apply", "--policy", "orders"]), 0, &["6 steps done"]);
    let lifecycle = format!("PUT /{}/?lifecycle", config.bucket());
    let sent = || stub.asked().into_iter().filter(|asked| asked.what == lifecycle).collect::<Vec<_>>();
    assert!(matches!(sent().as_slice(), [one] if one.body.contains("lifeboat/orders/nightly") && one.body.contains("lifeboat/carts/nightly")));
    assert_eq!(stub.times("PUT /shop-stub-ledger"), 0);
    config.edit("recent: 3d", "recent: 4d");
    holds(&stub.run(&config, &["plan", "--policy", "carts"]), 4, &["1 to change"]);
    holds(&stub.run(&config, &["apply", "--policy", "carts"]), 0, &["1 step done"]);
    assert!(sent().last().unwrap().body.contains("lifeboat/carts/nightly"), "{:?}", sent());
    // Both parts of two are disjoint, and together everything.
    let parts = ["1/2", "2/2"].map(|part| stub.run(&config, &["plan", "--shard", part, "--format", "json"]));
    let of = |ran: &Ran| serde_json::from_str::<serde_json::Value>(&ran.out).unwrap()["policies"].as_u64().unwrap();
    assert_eq!(parts.iter().map(of).sum::<u64>(), 3);
    let wrong = stub.run(&config, &["plan", "--policy", "oders"]);
    holds(&wrong, 1, &["error: there is no policy `oders`", "hint: there are: carts, ledger, orders"]);
    assert_eq!(stub.run(&config, &["plan", "--shard", "3/2"]).code, 2);
    assert_eq!(stub.run(&config, &["plan", "--policy", "Orders"]).code, 2);
}

#[test]
fn a_request_timeout_that_is_none_is_named() {
    let (config, stub) = (config("timeout"), Stub::new(|_, _| None));
    for (wrong, said) in [("10", "`10` is not a duration"), ("0s", "`0s` is outside of 1s to 10m"), ("2d", "`2d` is outside of 1s to 10m")] {
        holds(&stub.run_with(&config, &["plan"], &[("LIFEBOAT_REQUEST_TIMEOUT", wrong)]), 1, &["error: LIFEBOAT_REQUEST_TIMEOUT:", said]);
    }
}

/// On a stub: AWS gives every form back as it was written, and a PUT without the header, or without blocked types, changes what
/// others chose; no server here keeps all of them.
#[test]
fn what_others_chose_goes_back_on_the_wire_as_it_came() {
    let lifecycle = "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
        <Rule><ID>empty-filter</ID><Status>Enabled</Status><Filter/><NoncurrentVersionExpiration><NoncurrentDays>400</NoncurrentDays></NoncurrentVersionExpiration></Rule>\
        <Rule><ID>empty-prefix</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>\
        <NoncurrentVersionExpiration><NoncurrentDays>400</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>";
    let encryption = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
        <BucketKeyEnabled>true</BucketKeyEnabled><BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>";
    let stub = Stub::new(move |asked: &Asked, nth| match asked.what.as_str() {
        "GET /shop-stub-forms-orders/?lifecycle" if nth <= 2 => {
            Some(Answer { headers: vec![("x-amz-transition-default-minimum-object-size", "varies_by_storage_class")], ..answer(200, lifecycle) })
        }
        "GET /shop-stub-forms-orders/?encryption" if nth <= 2 => Some(answer(200, encryption)),
        _ => None,
    });
    let config = config("forms");
    let ran = stub.run(&config, &["apply"]);
    let put = |what: &str| {
        let asked = stub.asked().into_iter().find(|asked| asked.what == format!("PUT /shop-stub-forms-orders/?{what}"));
        asked.unwrap_or_else(|| panic!("{what} was not put: {}{}", ran.out, ran.err))
    };
    let sent = put("lifecycle");
    assert_eq!(sent.header("x-amz-transition-default-minimum-object-size"), Some("varies_by_storage_class"));
    let rule = |id: &str| sent.body.split("<Rule>").find(|rule| rule.contains(&format!("<ID>{id}</ID>"))).unwrap().to_owned();
    assert!(rule("empty-filter").contains("<Filter></Filter>") || rule("empty-filter").contains("<Filter/>"), "{}", sent.body);
    assert!(rule("empty-prefix").contains("<Filter><Prefix></Prefix></Filter>"), "{}", sent.body);
    let sent = put("encryption");
    assert!(sent.body.contains("<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>"), "{}", sent.body);
}
