use super::*;
use crate::catalog::manifest::Manifest;
use crate::model::fact::Why;

const MANIFEST_1: &str = include_str!("../../../tests/data/manifests/nasty-1.json");
const ID: &str = "20261122T184545Z";
const FOLDER: &str = "orders/nightly/20261122T184545Z/";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn manifest(change: impl Fn(&str) -> String) -> Manifest {
    Manifest::parse(change(MANIFEST_1).as_bytes(), "nightly", ID).unwrap()
}

/// A listing that agrees with a manifest, stored when it says that it was.
fn seen(manifest: &Manifest) -> SeenBackup {
    let mut keys: BTreeMap<String, u64> = manifest.objects().map(|stored| (format!("{FOLDER}{}", stored.name), stored.bytes)).collect();
    keys.extend([(format!("{FOLDER}{BEGUN}"), 10), (format!("{FOLDER}{MANIFEST}"), 10)]);
    let (oldest, newest) = (time("2026-11-22T18:45:46Z"), time("2026-11-22T18:46:30Z"));
    let (set, id) = ("nightly".to_owned(), ID.to_owned());
    SeenBackup {
        set,
        id,
        complete: true,
        told: crate::model::resource::Told::Listed,
        bytes: 1,
        oldest,
        newest,
        stored: Some(newest),
        keys,
        classes: BTreeMap::new(),
        late: BTreeMap::new(),
    }
}

fn judged_at(seen: SeenBackup, manifest: Fact<Result<Manifest, ManifestError>>, tags: &[(&str, &str)], recorded: bool, now: &str) -> Backup {
    let policy = manifest_policy();
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let retention = Retention {
        recent: Span::seconds(3 * 86_400),
        daily: Some(14),
        weekly: None,
        monthly: Some(12),
        yearly: None,
        keep_last: 1,
        keep_verified: 1,
        verified_for: Span::seconds(90 * 86_400),
    };
    let around = Around { policy: &policy, folder: FOLDER, max_duration: Some(Span::seconds(3600)), retention: Some(&retention), now: time(now) };
    let manifest = manifest.map(|manifest| manifest.map(|manifest| Summary::of(&manifest)));
    judge(seen, Read { manifest, tags: Fact::Known(tags), marks: BTreeMap::new(), recorded }, &around)
}

fn manifest_policy() -> String {
    manifest(str::to_owned).policy
}

fn judged(seen: SeenBackup, manifest: Manifest) -> Backup {
    judged_at(seen, Fact::Known(Ok(manifest)), &[], false, "2026-11-23T00:00:00Z")
}

fn state(backup: &Backup) -> (State, &str) {
    (backup.state, backup.why.as_deref().unwrap_or_default())
}

#[test]
fn a_backup_is_complete_when_manifest_listing_and_dates_agree() {
    let whole = manifest(str::to_owned);
    let backup = judged(seen(&whole), whole);
    assert_eq!(state(&backup), (State::Complete, ""));
    assert!(backup.notes.is_empty(), "{:?}", backup.notes);
    let facts = backup.facts.unwrap();
    assert_eq!((facts.rows, facts.holding.tables.len()), (603, 12));
}

#[test]
fn a_manifest_that_lies_is_refused_with_the_reason() {
    let whole = manifest(str::to_owned);
    let snapshot = whole.snapshot_at.clone();
    let late = manifest(|text| text.replace(&snapshot, "2027-01-01T00:00:00Z"));
    let backup = judged(seen(&whole), late);
    assert_eq!(backup.state, State::Refused);
    assert!(state(&backup).1.contains("snapshotAt is 2027-01-01T00:00:00Z") && state(&backup).1.contains("dated after itself"), "{backup:?}");
    let mut short = seen(&whole);
    let first = format!("{FOLDER}{}", whole.objects().next().unwrap().name);
    *short.keys.get_mut(&first).unwrap() -= 1;
    assert_eq!(judged(short.clone(), whole.clone()).state, State::Refused);
    short.keys.remove(&first);
    let partial = judged(short.clone(), whole.clone());
    assert_eq!(partial.state, State::Partial);
    assert!(state(&partial).1.ends_with(" is gone"), "{partial:?}");
    let tags = [(EXPIRE_TAG, "orders/nightly:daily")];
    assert_eq!(judged_at(short, Fact::Known(Ok(whole.clone())), &tags, false, "2026-12-23T00:00:00Z").state, State::Expiring);
    // A backup of the 22nd of November, 14 days and one more.
    let (lost, why) = {
        let mut lost = seen(&whole);
        lost.keys.remove(&first);
        let early = judged_at(lost.clone(), Fact::Known(Ok(whole.clone())), &tags, false, "2026-12-07T00:00:00Z");
        assert_eq!(early.state, State::Partial);
        (lost, early.why.unwrap())
    };
    assert!(why.ends_with("and its release tag promises it until 2026-12-08"), "{why}");
    assert_eq!(judged_at(lost, Fact::Known(Ok(whole.clone())), &tags, false, "2026-12-08T00:00:00Z").state, State::Expiring);
    let other = manifest(|text| text.replacen(&format!("\"policy\":\"{}\"", whole.policy), "\"policy\":\"others\"", 1));
    if other.policy == "others" {
        assert!(state(&judged(seen(&whole), other)).1.contains("of policy `others`"));
    } else {
        panic!("the manifest names its policy otherwise");
    }
    let newer = Fact::Known(Err(ManifestError::Newer("lifeboat.manifest/2".to_owned())));
    assert_eq!(judged_at(seen(&whole), newer, &[], false, "2026-11-23T00:00:00Z").state, State::Unknown, "it may be whole");
    let unread = Fact::Unknown(Why::Refused("403".to_owned()));
    assert_eq!(judged_at(seen(&whole), unread, &[], false, "2026-11-23T00:00:00Z").state, State::Unknown);
}

#[test]
fn an_attempt_runs_until_its_time_is_over_and_a_record_says_that_it_was_more() {
    let mut attempt = seen(&manifest(str::to_owned));
    attempt.keys.retain(|key, _| key.ends_with(BEGUN));
    (attempt.complete, attempt.stored) = (false, None);
    let on = |seen: &SeenBackup, recorded, now| judged_at(seen.clone(), Fact::Absent, &[], recorded, now).state;
    assert_eq!(on(&attempt, false, "2026-11-22T19:45:46Z"), State::Running);
    assert_eq!(on(&attempt, false, "2026-11-22T19:45:47Z"), State::Abandoned);
    assert_eq!(on(&attempt, true, "2026-11-22T19:45:47Z"), State::Partial, "its manifest is gone: it is never released as an attempt");
    attempt.keys = BTreeMap::from([(format!("{FOLDER}shop.dump.zst"), 1)]);
    assert_eq!(on(&attempt, false, "2026-11-22T19:45:47Z"), State::Orphaned);
}

#[test]
fn a_clock_that_is_wrong_is_noted() {
    let whole = manifest(str::to_owned);
    let mut late = seen(&whole);
    late.oldest = time("2026-11-22T18:47:00Z");
    (late.newest, late.stored) = (time("2026-11-22T18:48:00Z"), Some(time("2026-11-22T18:48:00Z")));
    let backup = judged(late, whole);
    assert_eq!((backup.state, backup.notes.as_slice()), (State::Complete, ["the clock of its writer was 75 s behind S3's".to_owned()].as_slice()));
}

#[test]
fn a_hold_is_read_and_what_is_not_understood_is_not_none() {
    let whole = manifest(str::to_owned);
    let hold = |value: &str| judged_at(seen(&whole), Fact::Known(Ok(whole.clone())), &[(HOLD_TAG, value)], false, "2026-11-23T00:00:00Z").hold();
    let until = time("2027-01-01T00:00:00Z");
    assert_eq!(hold(&hold_value(until, "audit of 2026")), Hold::Until(until));
    assert_eq!(hold("for ever"), Hold::Unknown);
    assert_eq!(read_hold(&hold_value(until, "audit of 2026")), Some((until, "audit of 2026")));
    assert_eq!(judged(seen(&whole), whole.clone()).hold(), Hold::None);
}

#[test]
fn a_proof_holds_for_what_was_drilled_and_for_nothing_that_came_after() {
    let whole = manifest(str::to_owned);
    let drilled = Proven { verified: Some(time("2026-11-23T04:00:00Z")), manifest: Some(whole.digest()), ..Proven::default() };
    assert_eq!(judged(seen(&whole), whole.clone()).verified(&drilled), drilled.verified);
    let old = Proven { manifest: None, ..drilled.clone() };
    assert_eq!(judged(seen(&whole), whole.clone()).verified(&old), old.verified, "records of the first build: by the dates");
    let failed = Proven { failed: true, ..drilled.clone() };
    assert_eq!(judged(seen(&whole), whole.clone()).verified(&failed), None);

    let other = manifest(|text| text.replacen("\"tool\":\"", "\"tool\":\"9.", 1));
    assert_ne!(other.digest(), whole.digest());
    assert_eq!(judged(seen(&other), other.clone()).verified(&drilled), None, "another manifest");

    let mut replaced = seen(&whole);
    let first = format!("{FOLDER}{}", whole.objects().next().unwrap().name);
    replaced.late.insert(first, time("2026-11-23T05:00:00Z"));
    assert_eq!(judged(replaced, whole.clone()).verified(&drilled), None, "an object that was stored since");
    let mut rewritten = seen(&whole);
    rewritten.stored = Some(time("2026-11-23T05:00:00Z"));
    assert_eq!(judged(rewritten, whole.clone()).verified(&old), None, "the manifest was stored since");
    let mut beside = seen(&whole);
    beside.late.insert(format!("{FOLDER}more"), time("2026-11-23T05:00:00Z"));
    (beside.newest, beside.keys) = (time("2026-11-23T05:00:00Z"), beside.keys.into_iter().chain([(format!("{FOLDER}more"), 1)]).collect());
    assert_eq!(judged(beside, whole).verified(&drilled), drilled.verified, "what lies beside takes no proof away");
}
