//! Evidence on real servers: what was done is recorded, and nothing can be done to the records that verify does not name.

use std::os::unix::fs::PermissionsExt as _;

use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;

use super::access::s3;
use super::cli::{Config, Ran};

const CONTROL: &str = "shop-dr-control";

impl Config {
    fn key(&self, sequence: u64) -> String {
        format!("{}applier/{sequence:06}.json", self.evidence())
    }

    /// Applies `times` times; each time but the first there is a bucket tag to change.
    fn applied(&self, times: usize) {
        for time in 0..times {
            if time > 0 {
                self.edit(&format!("cost-centre: \"{}\"", 4710 + time), &format!("cost-centre: \"{}\"", 4711 + time));
            }
            let done = self.lifeboat("applier", &["apply"]);
            assert_eq!(done.code, 0, "{}{}", done.out, done.err);
            assert!(done.out.contains(&format!("\nevidence applier/{:06} sha256:", time + 1)), "{}", done.out);
        }
    }

    fn verify(&self) -> Ran {
        self.lifeboat("planner", &["evidence", "verify"])
    }
}

#[track_caller]
fn broken(ran: &Ran, sentences: &[&str]) {
    assert_eq!(ran.code, 7, "{}{}", ran.out, ran.err);
    let unwrapped = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in sentences {
        assert!(unwrapped.contains(sentence), "{sentence}\n{}", ran.out);
    }
    assert!(ran.out.contains("exit 7"), "{}", ran.out);
}

async fn change(key: &str, how: impl Fn(&mut Vec<u8>)) {
    let client = s3("admin").await;
    let mut bytes = client.get_object().bucket(CONTROL).key(key).send().await.unwrap().body.collect().await.unwrap().to_vec();
    how(&mut bytes);
    client.put_object().bucket(CONTROL).key(key).body(ByteStream::from(bytes)).send().await.unwrap();
}

#[test]
fn an_apply_writes_a_record_that_verifies() {
    let config = Config::new("record");
    let none = config.verify();
    assert_eq!((none.code, none.out.contains("no record was written yet: nothing is proven")), (0, true), "{}{}", none.out, none.err);
    config.applied(2);
    let verified = config.verify();
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
    assert!(verified.out.contains("1 chain whole, 2 records verified · exit 0"), "{}", verified.out);
    let shown = config.lifeboat("planner", &["evidence", "show", "1@applier", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!((&shown["verified"], &shown["record"]["previous"]), (&Value::Bool(true), &Value::Null));
    let body = &shown["record"]["body"];
    assert_eq!(body["steps"].as_array().unwrap().len(), 13);
    assert!(body["steps"].as_array().unwrap().iter().all(|step| step["outcome"] == "done" && step["digest"].as_str().is_some_and(|digest| digest.len() == 64)));
    let listed = config.lifeboat("planner", &["evidence", "list"]);
    assert_eq!(listed.out.matches("applier/00000").count(), 2, "{}", listed.out);
    let missing = config.lifeboat("planner", &["evidence", "show", "9@applier"]);
    assert!(missing.code == 1 && missing.err.contains("there are: 1 to 2 of applier"), "{}", missing.err);
}

#[tokio::test]
async fn a_flipped_byte_is_found_and_its_number_said() {
    let config = Config::new("flipped");
    config.applied(2);
    let middle = |bytes: &mut Vec<u8>| {
        let at = bytes.len() / 2;
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    };
    change(&config.key(1), middle).await;
    broken(&config.verify(), &["000001", "they were changed after they were signed", "000002", "1 of 1 chain broken, 1 record verified"]);
    let shown = config.lifeboat("planner", &["evidence", "show", "1@applier"]);
    assert!(shown.code == 7 && shown.out.contains("not verified: it proves nothing"), "{}", shown.out);
}

#[tokio::test]
async fn a_deleted_record_is_found_even_at_the_end_when_it_was_noted() {
    let config = Config::new("deleted");
    config.applied(3);
    let client = s3("admin").await;
    client.delete_object().bucket(CONTROL).key(config.key(2)).send().await.unwrap();
    broken(&config.verify(), &["000002", "is missing"]);
    let config = Config::new("cut");
    config.applied(2);
    client.delete_object().bucket(CONTROL).key(config.key(2)).send().await.unwrap();
    assert_eq!(config.verify().code, 0, "the chain alone cannot show it");
    broken(&config.lifeboat("planner", &["evidence", "verify", "--noted", "applier/000002"]), &["000002", "is missing"]);
}

#[test]
fn only_trusted_keys_count() {
    let config = Config::new("untrusted");
    config.applied(1);
    let stranger = config.keygen("keys/other.pub");
    config.edit("4711", "4712");
    let refused = config.with("applier", &["apply"], &[("LIFEBOAT_SIGNING_KEY", &stranger)]);
    assert!(refused.code == 1 && refused.err.contains("nobody would trust this evidence"), "{}{}", refused.out, refused.err);
    assert_eq!(config.lifeboat("planner", &["plan"]).code, 4, "nothing was sent");
    let file = config.path().join("lifeboat.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("keys/quickstart.pub", "keys/other.pub")).unwrap();
    broken(&config.verify(), &["000001", "no trusted key signed it", "0 records verified"]);
}

#[tokio::test]
async fn a_record_in_a_foreign_folder_is_found() {
    let config = Config::new("foreign");
    config.applied(1);
    let client = s3("admin").await;
    let to = config.key(1).replace("applier/", "somebody/");
    client.copy_object().copy_source(format!("{CONTROL}/{}", config.key(1))).bucket(CONTROL).key(to).send().await.unwrap();
    broken(&config.verify(), &["somebody", "written by `applier`, and lies in the folder of another identity", "1 of 2 chains broken"]);
}

#[test]
fn two_writers_at_once_both_land() {
    let (one, other) = (Config::new("atonce"), Config::new("atonce-b"));
    // Two policies on buckets of their own, one chain: the same identity, place and key.
    for file in ["lifeboat.yaml", "keys/quickstart.pub"] {
        std::fs::copy(one.path().join(file), other.path().join(file)).unwrap();
    }
    let key = one.signing_key.clone();
    let ran = std::thread::scope(|scope| {
        let first = scope.spawn(|| one.lifeboat("applier", &["apply", "--wait", "2m"]));
        let second = scope.spawn(|| other.with("applier", &["apply", "--wait", "2m"], &[("LIFEBOAT_SIGNING_KEY", &key)]));
        [first.join().unwrap(), second.join().unwrap()]
    });
    for ran in &ran {
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
    let verified = one.verify();
    assert!(verified.code == 0 && verified.out.contains("2 records verified"), "{}{}", verified.out, verified.err);
}

#[tokio::test]
async fn what_was_done_is_listed_although_no_record_can_be_written() {
    let config = Config::new("norecord");
    let file = config.path().join("lifeboat.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen(CONTROL, "shop-no-such-bucket", 1)).unwrap();
    let done = config.lifeboat("applier", &["apply"]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    assert!(done.out.contains("13 steps done") && done.out.contains("no evidence of this was written"), "{}", done.out);
    let config = Config::new("nokey");
    let refused = config.with("applier", &["apply"], &[("LIFEBOAT_SIGNING_KEY", "")]);
    assert!(refused.code == 1 && refused.err.contains("LIFEBOAT_SIGNING_KEY is not set"), "{}{}", refused.out, refused.err);
    assert_eq!(config.lifeboat("planner", &["plan"]).code, 4, "nothing was sent");
}

#[test]
fn a_key_is_private_and_never_overwritten() {
    let config = Config::new("keygen");
    let made = config.lifeboat("planner", &["evidence", "keygen", "--out", "key.pem"]);
    assert!(made.code == 0 && made.out.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{}{}", made.out, made.err);
    let file = config.path().join("key.pem");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&file).unwrap();
    assert!(!made.err.contains(String::from_utf8_lossy(&before).lines().nth(1).unwrap()));
    let again = config.lifeboat("planner", &["evidence", "keygen", "--out", "key.pem"]);
    assert!(again.code == 1 && again.err.contains("a key is never overwritten"), "{}", again.err);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    std::fs::remove_file(config.path().join("keys/quickstart.pub")).unwrap();
    let check = config.lifeboat("planner", &["check"]);
    assert!(check.code == 0 && check.out.contains("trusted key `keys/quickstart.pub` cannot be used"), "{}{}", check.out, check.err);
}
