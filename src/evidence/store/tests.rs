use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::evidence::chain;
use crate::evidence::record::Kind as RecordKind;
use crate::evidence::sign::TrustedKeys;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::policy::SecretRef;
use crate::model::request::{Read, Request};
use crate::model::resource::Identity;
use crate::ports::{Answer, Clock, Cloud, Entropy, Head, ObjectInfo, Objects, Tagged, Upload, VersionInfo};

/// A bucket in memory. `lose` answers of creates are lost after the object was made; `race` creates are won by another.
#[derive(Default)]
struct Bucket {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    lose: Mutex<u32>,
    race: Mutex<u32>,
}

fn error(kind: Kind, maybe_done: bool) -> PortError {
    PortError { what: "test".to_owned(), kind, message: String::new(), maybe_done }
}

fn take(count: &Mutex<u32>) -> bool {
    let mut count = count.lock().unwrap();
    let left = *count > 0;
    *count = count.saturating_sub(1);
    left
}

impl Objects for Bucket {
    fn list<'a>(&'a self, _: &'a str, prefix: &'a str) -> Answer<'a, Result<Vec<ObjectInfo>, PortError>> {
        let objects = self.objects.lock().unwrap();
        let found = objects.iter().filter(|(key, _)| key.starts_with(prefix));
        let found = found
            .map(|(key, body)| ObjectInfo { key: key.clone(), bytes: body.len() as u64, modified: Timestamp::UNIX_EPOCH, etag: String::new(), class: None })
            .collect();
        Box::pin(async move {
            // Others run between this listing and what is made of it.
            tokio::task::yield_now().await;
            Ok(found)
        })
    }
    fn get<'a>(&'a self, _: &'a str, key: &'a str, _: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        let found = self.objects.lock().unwrap().get(key).cloned().ok_or_else(|| error(Kind::Missing, false));
        Box::pin(async move { found })
    }
    fn folders<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, Result<Vec<String>, PortError>> {
        unreachable!()
    }
    fn get_version<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str, _: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        unreachable!()
    }
    fn get_tagged<'a>(&'a self, _: &'a str, _: &'a str, _: u64) -> Answer<'a, Result<Tagged, PortError>> {
        unreachable!()
    }
    fn replace<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str, _: Vec<u8>) -> Answer<'a, Result<(), PortError>> {
        unreachable!()
    }
    fn get_range<'a>(&'a self, _: &'a str, _: &'a str, _: u64, _: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        unreachable!()
    }
    fn create<'a>(&'a self, _: &'a str, key: &'a str, body: Vec<u8>) -> Answer<'a, Result<(), PortError>> {
        if take(&self.race) {
            self.objects.lock().unwrap().insert(key.to_owned(), b"another writer's".to_vec());
        }
        let mut objects = self.objects.lock().unwrap();
        let answer = if objects.contains_key(key) {
            Err(error(Kind::Exists, false))
        } else {
            objects.insert(key.to_owned(), body);
            if take(&self.lose) { Err(error(Kind::Unreachable, true)) } else { Ok(()) }
        };
        Box::pin(async move { answer })
    }
    fn begin<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, Result<String, PortError>> {
        unreachable!()
    }
    fn part<'a>(&'a self, _: &'a Upload, _: i32, _: bytes::Bytes) -> Answer<'a, Result<String, PortError>> {
        unreachable!()
    }
    fn complete<'a>(&'a self, _: &'a Upload, _: &'a [String]) -> Answer<'a, Result<(), PortError>> {
        unreachable!()
    }
    fn abort<'a>(&'a self, _: &'a Upload) -> Answer<'a, Result<(), PortError>> {
        unreachable!()
    }
    fn tags<'a>(&'a self, _: &'a str, _: &'a str, _: Option<&'a str>) -> Answer<'a, Result<BTreeMap<String, String>, PortError>> {
        unreachable!()
    }
    fn put_tags<'a>(&'a self, _: &'a str, _: &'a str, _: Option<&'a str>, _: &'a BTreeMap<String, String>) -> Answer<'a, Result<(), PortError>> {
        unreachable!()
    }
    fn versions<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, Result<Vec<VersionInfo>, PortError>> {
        unreachable!()
    }
    fn remove_marker<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> Answer<'a, Result<(), PortError>> {
        unreachable!()
    }
    fn expiry<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, Result<Option<String>, PortError>> {
        unreachable!()
    }
    fn head<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, Result<Head, PortError>> {
        unreachable!()
    }
    fn legal_hold<'a>(&'a self, _: &'a str, _: &'a str, _: bool) -> Answer<'a, Result<(), PortError>> {
        unreachable!()
    }
}

struct Nothing;

impl Cloud for Nothing {
    fn sent(&self) -> usize {
        0
    }
    fn identity(&self) -> Answer<'_, Result<Identity, PortError>> {
        unreachable!()
    }
    fn read<'a>(&'a self, _: &'a Read) -> Answer<'a, Fact<Document>> {
        Box::pin(async { Fact::Unknown(Why::NotAsked) })
    }
    fn send<'a>(&'a self, _: &'a Request) -> Answer<'a, Result<(), PortError>> {
        unreachable!()
    }
}

impl Clock for Nothing {
    fn now(&self) -> Timestamp {
        "2026-11-22T01:15:07Z".parse().unwrap()
    }
    fn sleep(&self, _: Duration) -> Answer<'_, ()> {
        Box::pin(tokio::task::yield_now())
    }
}

impl Entropy for Nothing {
    fn hex(&self, bytes: usize) -> String {
        "07".repeat(bytes)
    }
}

fn place(key: &std::path::Path) -> EvidencePlace {
    let sign = SecretRef::File(key.to_str().unwrap().to_owned());
    EvidencePlace { bucket: "b".to_owned(), account: None, region: "r".to_owned(), prefix: "evidence/".to_owned(), sign, trusted: Vec::new() }
}

struct Setup {
    bucket: Arc<Bucket>,
    ports: Ports,
    place: EvidencePlace,
    keys: TrustedKeys,
    _file: tempfile::NamedTempFile,
}

fn setup() -> Setup {
    let key = SigningKey::from_seed(&[3; 32]).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(key.to_private_pem().unwrap().as_bytes()).unwrap();
    let bucket = Arc::new(Bucket::default());
    let ports = Ports { cloud: Arc::new(Nothing), objects: bucket.clone(), clock: Arc::new(Nothing), entropy: Arc::new(Nothing) };
    let keys = TrustedKeys::from_pems([("x", key.to_public_pem().unwrap().as_str())]).unwrap();
    Setup { bucket, ports, place: place(file.path()), keys, _file: file }
}

fn entry(number: u64) -> Entry {
    Entry { kind: RecordKind::Backup, policy: Some("orders".to_owned()), policy_digest: None, body: json!({"number": number}) }
}

#[tokio::test]
async fn records_chain_and_verify() {
    let at = setup();
    let ledger = Ledger::open(&at.ports, &at.place, "job").unwrap();
    assert!(at.keys.contains(ledger.keyid()));
    for number in 1..=3 {
        assert_eq!(ledger.append(entry(number)).await.unwrap().sequence, number);
    }
    assert_eq!(at.bucket.objects.lock().unwrap().keys().last().unwrap(), "evidence/job/000003.json");
    let chains = read(&at.ports, &at.place, None).await.unwrap();
    let checked = chain::check(&chains[0], &at.keys);
    assert_eq!((checked.records.len(), checked.problems.len()), (3, 0), "{:?}", checked.problems);
    assert_eq!(checked.records[2].1.body, json!({"number": 3}));
    assert_eq!(checked.records[2].1.policy.as_deref(), Some("orders"));
}

#[tokio::test]
async fn writers_at_once_each_land_and_none_is_overwritten() {
    let at = setup();
    let ledger = Ledger::open(&at.ports, &at.place, "job").unwrap();
    let landed = futures_util::future::join_all((0..5).map(|number| ledger.append(entry(number)))).await;
    let mut sequences: Vec<u64> = landed.into_iter().map(|reference| reference.unwrap().sequence).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
    assert!(chain::check(&read(&at.ports, &at.place, Some("job")).await.unwrap()[0], &at.keys).problems.is_empty());
}

#[tokio::test]
async fn a_number_taken_in_between_is_passed_over_and_the_retries_end() {
    let at = setup();
    *at.bucket.race.lock().unwrap() = 2;
    let ledger = Ledger::open(&at.ports, &at.place, "job").unwrap();
    assert_eq!(ledger.append(entry(1)).await.unwrap().sequence, 3);
    assert_eq!(at.bucket.objects.lock().unwrap()["evidence/job/000001.json"], b"another writer's", "never overwritten");
    *at.bucket.race.lock().unwrap() = u32::MAX;
    assert!(matches!(ledger.append(entry(1)).await, Err(EvidenceError::Contended { .. })));
}

#[tokio::test]
async fn a_lost_answer_does_not_write_the_record_twice() {
    let at = setup();
    *at.bucket.lose.lock().unwrap() = 1;
    let ledger = Ledger::open(&at.ports, &at.place, "job").unwrap();
    assert_eq!(ledger.append(entry(1)).await.unwrap().sequence, 1);
    assert_eq!(at.bucket.objects.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn identities_have_chains_of_their_own_and_strangers_are_seen() {
    let at = setup();
    for identity in ["job", "job-2", "job"] {
        Ledger::open(&at.ports, &at.place, identity).unwrap().append(entry(1)).await.unwrap();
    }
    at.bucket.objects.lock().unwrap().insert("evidence/job/2.json".to_owned(), Vec::new());
    let chains = read(&at.ports, &at.place, None).await.unwrap();
    let counted: Vec<_> = chains.iter().map(|chain| (chain.identity.as_str(), chain.envelopes.len(), chain.strangers.len())).collect();
    assert_eq!(counted, [("job", 2, 1), ("job-2", 1, 0)]);
    assert_eq!(read(&at.ports, &at.place, Some("job")).await.unwrap().len(), 1, "a name that begins alike is another one");
}

#[test]
fn names_that_are_no_folder_and_missing_keys_are_refused() {
    let mut at = setup();
    for name in ["", "..", "a/b", "a b"] {
        assert!(matches!(Ledger::open(&at.ports, &at.place, name), Err(EvidenceError::Identity(_))), "{name}");
    }
    at.place.sign = SecretRef::Env("LIFEBOAT_NO_SUCH_VARIABLE".to_owned());
    let error = Ledger::open(&at.ports, &at.place, "job").unwrap_err();
    assert!(error.hint().unwrap().contains("lifeboat evidence keygen"));
}

#[test]
fn one_number_has_one_spelling() {
    assert_eq!((number("000042.json"), number("1000000.json")), (Some(42), Some(1_000_000)));
    for name in ["42.json", "000000.json", "0000042.json", "+00042.json", "000042.txt", "18446744073709551615.json"] {
        assert_eq!(number(name), None, "{name}");
    }
}
