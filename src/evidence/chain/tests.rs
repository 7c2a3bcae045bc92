use serde_json::json;

use super::*;
use crate::evidence::record::Kind;
use crate::evidence::sign::SigningKey;

fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32]).unwrap()
}

fn keys() -> TrustedKeys {
    TrustedKeys::from_pems([("keys/x.pub", key().to_public_pem().unwrap().as_str())]).unwrap()
}

fn record(sequence: u64, previous: Option<&Stored>) -> Record {
    Record {
        format: FORMAT.to_owned(),
        sequence,
        previous: previous.map(|stored| sha256_hex(&stored.bytes)),
        identity: "job".to_owned(),
        kind: Kind::Apply,
        at: format!("2026-11-22T01:{sequence:02}:00Z"),
        tool: "lifeboat".to_owned(),
        policy: None,
        policy_digest: None,
        body: json!({}),
    }
}

fn seal(record: &Record) -> Vec<u8> {
    key().seal(&serde_json::to_vec(record).unwrap())
}

/// A sound chain of `length` records; `change` may spoil each before it is signed.
fn chain(length: u64, change: impl Fn(&mut Record)) -> Chain {
    let mut envelopes: Vec<Stored> = Vec::new();
    for sequence in 1..=length {
        let mut record = record(sequence, envelopes.last());
        change(&mut record);
        envelopes.push(Stored { sequence, bytes: seal(&record) });
    }
    Chain { identity: "job".to_owned(), envelopes, strangers: Vec::new() }
}

fn faults(chain: &Chain) -> Vec<(u64, &'static str)> {
    check(chain, &keys()).problems.iter().map(|problem| (problem.sequence, problem.fault.id())).collect()
}

#[test]
fn a_sound_chain_is_whole() {
    let chain = chain(3, |_| ());
    let checked = check(&chain, &keys());
    assert!(checked.is_whole() && checked.problems.is_empty());
    assert_eq!(checked.records.iter().map(|(reference, ..)| reference.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(checked.head, Some(chain.envelopes[2].reference("job")));
    assert!(checked.head.unwrap().to_string().starts_with("job/000003 sha256:"));
    assert!(check(&Chain::default(), &keys()).is_whole());
}

#[test]
fn each_missing_record_is_named_and_the_first_one_too() {
    let mut gone = chain(5, |_| ());
    gone.envelopes.retain(|stored| ![2, 3].contains(&stored.sequence));
    assert_eq!(faults(&gone), [(2, "missing"), (3, "missing")]);
    gone.envelopes.remove(0);
    assert_eq!(faults(&gone), [(1, "missing"), (2, "missing"), (3, "missing")]);
}

#[test]
fn a_changed_byte_is_found_in_the_record_and_by_the_one_behind_it() {
    let mut changed = chain(3, |_| ());
    let at = changed.envelopes[1].bytes.len() - 20;
    changed.envelopes[1].bytes[at] ^= 1;
    assert_eq!(faults(&changed), [(2, "changed"), (3, "other-previous")]);
    let mut spaced = chain(3, |_| ());
    spaced.envelopes[1].bytes.push(b'\n');
    assert_eq!(faults(&spaced), [(3, "other-previous")], "bytes that no signature covers");
}

#[test]
fn a_record_replaced_by_another_sound_one_is_found() {
    let mut replaced = chain(3, |_| ());
    let mut other = record(2, replaced.envelopes.first());
    other.body = json!({"other": true});
    replaced.envelopes[1].bytes = seal(&other);
    assert_eq!(faults(&replaced), [(3, "other-previous")]);
    let mut moved = chain(3, |_| ());
    moved.envelopes[2].bytes = moved.envelopes[1].bytes.clone();
    assert_eq!(faults(&moved), [(3, "other-sequence"), (3, "other-previous")]);
}

#[test]
fn a_chain_moved_into_the_folder_of_another_identity_is_foreign() {
    let mut moved = chain(1, |_| ());
    moved.identity = "restorer".to_owned();
    assert_eq!(faults(&moved), [(1, "other-identity")]);
}

#[test]
fn untrusted_keys_and_newer_formats_are_told_apart() {
    let other = TrustedKeys::default();
    assert_eq!(check(&chain(1, |_| ()), &other).problems[0].fault.id(), "untrusted-key");
    assert!(check(&chain(1, |_| ()), &other).records.is_empty());
    assert_eq!(faults(&chain(1, |record| "lifeboat.evidence/2".clone_into(&mut record.format))), [(1, "not-a-record")]);
    assert_eq!(faults(&chain(1, |record| "yesterday".clone_into(&mut record.at))), [(1, "not-a-record")]);
}

#[test]
fn a_first_record_names_no_previous_one() {
    assert_eq!(faults(&chain(1, |record| record.previous = Some("00".repeat(32)))), [(1, "other-previous")]);
    assert_eq!(faults(&chain(2, |record| record.previous = None)), [(2, "other-previous")]);
}

#[test]
fn time_that_went_back_is_a_warning_and_a_stranger_is_not() {
    let back = chain(3, |record| {
        if record.sequence == 2 {
            "2026-11-21T00:00:00Z".clone_into(&mut record.at);
        }
    });
    assert_eq!(faults(&back), [(2, "time-went-back")]);
    assert!(check(&back, &keys()).is_whole());
    let mut stranger = chain(1, |_| ());
    stranger.strangers.push("evidence/job/1.json".to_owned());
    assert_eq!(faults(&stranger), [(0, "stranger")]);
    assert!(!check(&stranger, &keys()).is_whole());
}

#[test]
fn what_was_noted_finds_a_cut_at_the_end_and_a_chain_written_anew() {
    let mut cut = chain(3, |_| ());
    let noted = cut.head().unwrap();
    let printed: Reference = noted.to_string().parse().unwrap();
    assert_eq!(recall(Some(&cut), &printed), None);
    cut.envelopes.pop();
    assert_eq!(faults(&cut), [], "the chain alone does not show it");
    assert_eq!(recall(Some(&cut), &printed).unwrap().fault, Fault::Missing);
    assert_eq!(recall(None, &printed).unwrap().fault, Fault::Missing);
    let anew = chain(3, |record| record.body = json!({"anew": true}));
    assert_eq!(faults(&anew), []);
    assert_eq!(recall(Some(&anew), &printed).unwrap().fault.id(), "not-as-noted");
}

#[test]
fn references_are_read_as_they_are_printed() {
    let read = |text: &str| text.parse::<Reference>().ok().map(|found| (found.identity, found.sequence, found.sha256));
    let some = |sha256: &str| Some(("shop-restorer".to_owned(), 42, sha256.to_owned()));
    assert_eq!(read("shop-restorer/000042 sha256:9b1c55d0"), some("9b1c55d0"));
    assert_eq!(read("shop-restorer/42"), some(""));
    assert_eq!(read("42@shop-restorer"), some(""));
    for wrong in ["", "42", "a/0", "/1", "a/1 9b", "a/1 sha256:xyz", "a/-1"] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}
