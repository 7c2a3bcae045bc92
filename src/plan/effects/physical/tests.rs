use super::*;
use crate::catalog::physical::{Engine, Place};
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::fact::Why;
use crate::model::lifecycle::{Rule, Transition};
use crate::model::request::ReadOp;
use crate::model::resource::Desired;
use crate::plan::tests::{POLICY, bucket, cleanup, leave, lifecycle, observed, on};
use crate::plan::{Leave, Plan, plan};
use crate::{compile, policy};

const SET: &str = "    physical: {engine: wal-g, prefix: pg/, window: 14d}\n";
const WAL: &str = "orders/pg/wal_005/";
const BACKUPS: &str = "orders/pg/basebackups_005/";

/// The quickstart policy with a physical set, and without its own one where `alone` says so.
fn wants(alone: bool) -> Desired {
    let (before, rest) = POLICY.split_once("  backups:\n").unwrap();
    let (own, after) = rest.split_once("  access:\n").unwrap();
    let (access, _) = after.split_once("  drills:\n").unwrap();
    let own = if alone { "" } else { own };
    let text = format!("{before}  backups:\n{own}{SET}  access:\n{access}");
    let loaded = policy::load(&[policy::ConfigFile { path: "policies/a.yaml".to_owned(), bytes: text.into_bytes() }]);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    compile::compile(&loaded, &[]).0
}

fn suspended() -> Fact<Document> {
    Fact::Known(Document::of(&Versioning::Suspended))
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn segment(hour: i64) -> String {
    format!("00000001{:08X}{:08X}", hour / 256, hour % 256)
}

/// WAL-G: a full backup on the first and the eighth day, a delta on the one before on each other day, ten days back to now; and a segment of WAL
/// each hour.
fn repository() -> SeenRepository {
    let at = |hour: i64| Timestamp::from_second(now().as_second() - 3600 * (240 - hour)).unwrap();
    let object = |key: String, bytes: u64, hour: i64| SeenObject { key, bytes, written: at(hour), class: None };
    let mut objects: Vec<SeenObject> = (0..=240).map(|hour| object(format!("{WAL}{}.br", segment(hour)), 16 << 20, hour)).collect();
    let mut metadata = Vec::new();
    let mut prior: Option<String> = None;
    for hour in (0..=240).step_by(24) {
        let base = prior.filter(|_| hour % 168 != 0);
        let name = match &base {
            None => format!("base_{}", segment(hour)),
            Some(_) => format!("base_{}_D_{}", segment(hour), segment(hour - 24)),
        };
        let from = base.map_or_else(String::new, |base| format!("\"DeltaFrom\": \"{base}\", "));
        let finish = u64::try_from(hour).unwrap() * (16 << 20) + 9;
        let sentinel = format!("{{{from}\"LSN\": 1, \"FinishLSN\": {finish}, \"PgVersion\": 150018}}");
        objects.push(object(format!("{BACKUPS}{name}/tar_partitions/part_001.tar.br"), 1 << 20, hour));
        objects.push(object(format!("{BACKUPS}{name}_backup_stop_sentinel.json"), 100, hour));
        metadata.push((format!("{BACKUPS}{name}_backup_stop_sentinel.json"), Ok(sentinel.into_bytes())));
        prior = Some(name);
    }
    objects.sort_by(|a, b| a.key.cmp(&b.key));
    let place = Place { engine: Engine::WalG, base: "orders/pg/".to_owned(), name: String::new() };
    SeenRepository { place, objects, metadata: Fact::Known(metadata) }
}

fn world(wants: &Desired, rules: Vec<Rule>, stored: Vec<SeenRepository>) -> Observed {
    let mut seen = observed(wants, &[lifecycle(rules), (ReadOp::BucketVersioning, on())]);
    seen.at = now();
    seen.backups.insert("orders".to_owned(), Fact::Known(Vec::new()));
    seen.stored.insert("orders".to_owned(), stored);
    seen
}

fn of(plan: &Plan, setting: &str) -> Vec<Effect> {
    let held = plan.held.iter().filter(|held| held.setting == setting).filter_map(|held| held.step.as_ref());
    held.chain(plan.steps.iter().filter(|step| step.setting == setting)).flat_map(|step| step.effects.clone()).collect()
}

/// What a rule of others takes.
fn taken(rule: Rule, stored: SeenRepository) -> Vec<Effect> {
    let wants = wants(true);
    of(&plan(&wants, &world(&wants, vec![rule], vec![stored]), &[]), "bucket-lifecycle")
}

/// The one effect that something goes.
fn loss(rule: Rule) -> Effect {
    let effects = taken(rule, repository());
    let [effect] = effects.as_slice() else { panic!("{effects:?}") };
    effect.clone()
}

const HOUR: u64 = 3_600;

#[test]
fn wal_that_goes_takes_every_backup_that_needs_it_and_the_window() {
    let effect = loss(cleanup("cleanup", WAL, 20));
    assert_eq!((effect.points, effect.window_seconds, effect.first), (11, Some(240 * HOUR), "2026-12-03T00:00:00Z".parse().ok()));
    assert_eq!(
        effect.sentence,
        "11 backups and 241 WAL segments of `physical` (3.8 GiB) would go earlier than promised, the first on Thu 2026-12-03 00:00 UTC \
         (11 of them with WAL that they need), and nothing of it can be restored then; can be undone: no rule removes the noncurrent versions"
    );
    assert_eq!(effect.named[0], format!("physical/base_{} on 2026-12-03", segment(0)));
    assert_eq!((effect.oldest, effect.oldest_left), ("2026-11-12T12:00:00Z".parse().ok(), None));
}

#[test]
fn a_full_backup_takes_what_builds_on_it_and_the_wal_still_reaches_over() {
    let full = format!("{BACKUPS}base_{}", segment(168));
    let effect = loss(cleanup("cleanup", &full, 30));
    assert_eq!((effect.points, effect.window_seconds, effect.bytes), (4, Some(0), 4 * ((1 << 20) + 100)));
    assert!(effect.sentence.contains("(3 of them with what they build on); can be undone"), "{}", effect.sentence);
    // One object of it is enough.
    let part = loss(cleanup("cleanup", &format!("{full}/tar_partitions/"), 30));
    assert_eq!((part.points, part.window_seconds), (4, Some(0)));
    let first = loss(cleanup("cleanup", &format!("{BACKUPS}base_{}", segment(0)), 30));
    assert_eq!((first.points, first.window_seconds), (7, Some(168 * HOUR)), "the second full backup and what builds on it stay");
    assert!(first.sentence.contains("; the window shrinks from 10 d to 3 d; "), "{}", first.sentence);
}

#[test]
fn a_segment_that_goes_ends_the_window_until_the_next_backup_and_is_held_by_its_minutes() {
    let rule = cleanup("cleanup", &format!("{WAL}{}", segment(100)), 30);
    let effect = loss(rule.clone());
    // From the hour before it to the backup of the fifth day.
    assert_eq!((effect.points, effect.window_seconds, effect.bytes), (0, Some(21 * HOUR), 16 << 20));
    assert!(effect.sentence.starts_with("1 WAL segment of `physical` (16.0 MiB) would go earlier"), "{}", effect.sentence);
    assert!(effect.sentence.contains("; the window shrinks from 10 d to 9 d 3 h, with gaps (2 stretches are left); "), "{}", effect.sentence);
    // Our own step that lets such a rule be counts against the limits as well.
    let mut wants = wants(true);
    let mut held = |points: usize, window: u64, bytes: u64| {
        wants.limits.restore_points_lost = points;
        wants.limits.window_lost = Span::seconds(window);
        wants.limits.bytes_lost = bytes;
        let mut loss = crate::plan::brake::Loss::default();
        let beyond = loss.beyond(std::slice::from_ref(&effect), now(), &wants.limits).map(|held| held.sentence);
        loss.add(std::slice::from_ref(&effect), now());
        beyond
    };
    assert_eq!(held(0, 21 * HOUR, 16 << 20), None);
    assert!(held(0, 20 * HOUR, 16 << 20).is_some_and(|said| said.contains("take 21h from the window in which any moment can be restored")));
    assert!(held(0, 21 * HOUR, 1 << 20).is_some_and(|said| said.contains("limits.bytesLost")));
    let many = loss_of_all();
    let mut limits = wants.limits;
    (limits.restore_points_lost, limits.window_lost, limits.bytes_lost) = (10, Span::seconds(240 * HOUR), u64::MAX);
    assert!(crate::plan::brake::Loss::default().beyond(&[many], now(), &limits).is_some_and(|held| held.sentence.contains("restorePointsLost is 10")));
}

fn loss_of_all() -> Effect {
    loss(cleanup("cleanup", "orders/", 20))
}

#[test]
fn what_its_engine_could_not_be_asked_about_is_unknown_and_holds() {
    let mut unasked = repository();
    unasked.metadata = Fact::Unknown(Why::Refused("AccessDenied".to_owned()));
    let place = Place { engine: Engine::Pgbackrest, base: "orders/pg/".to_owned(), name: "main".to_owned() };
    let info = "orders/pg/backup/main/backup.info".to_owned();
    let object = |key: &str| SeenObject { key: key.to_owned(), bytes: 9, written: now(), class: None };
    let objects = vec![object(&info), object("orders/pg/backup/main/20261122-132239F/backup.manifest")];
    let ciphered = SeenRepository { place, objects, metadata: Fact::Known(vec![(info, Ok(b"Salted__".to_vec()))]) };
    for (stored, why) in [(unasked, "AccessDenied"), (ciphered, "is encrypted")] {
        let effects = taken(cleanup("cleanup", "orders/", 20), stored.clone());
        let [effect] = effects.as_slice() else { panic!("{effects:?}") };
        assert!(effect.unsaid && effect.sentence.starts_with("which backups of `physical` go cannot be said") && effect.sentence.contains(why), "{effect:?}");
        assert!(crate::plan::brake::Loss::default().beyond(&effects, now(), &wants(true).limits).is_some(), "it holds a step");
        assert_eq!(taken(cleanup("cleanup", "logs/", 20), stored), Vec::new(), "what does not touch it needs no answer");
    }
}

#[test]
fn a_backup_that_could_not_be_read_may_go_with_what_goes() {
    let mut stored = repository();
    let Fact::Known(metadata) = &mut stored.metadata else { panic!() };
    let torn = segment(192);
    for (_, told) in metadata.iter_mut().filter(|(key, _)| key.contains(&format!("base_{torn}"))) {
        *told = Err("AccessDenied".to_owned());
    }
    let said = |rule: Rule| taken(rule, stored.clone()).into_iter().map(|effect| (effect.unsaid, effect.points, effect.sentence)).collect::<Vec<_>>();
    let old = said(cleanup("cleanup", &format!("{BACKUPS}base_{}", segment(0)), 30));
    let [(false, 7, _), (true, 0, whether)] = old.as_slice() else { panic!("{old:?}") };
    assert!(whether.starts_with("whether base_") && whether.contains(" of `physical` goes with that cannot be said: ") && whether.contains("AccessDenied"));
    // Its own objects alone, and nothing else that is known.
    let own = said(cleanup("cleanup", &format!("{BACKUPS}base_{torn}"), 30));
    assert!(matches!(own.as_slice(), [(true, 0, own)] if own.contains(" goes earlier than promised, and what is lost with it cannot be said")), "{own:?}");
    assert_eq!(said(cleanup("cleanup", "logs/", 30)), Vec::new());
}

#[test]
fn rules_that_touch_nothing_of_a_repository_say_nothing() {
    assert_eq!(taken(cleanup("cleanup", "orders/pg/wal", 4000), SeenRepository { objects: Vec::new(), ..repository() }), Vec::new());
    let off = Rule { enabled: false, ..cleanup("cleanup", WAL, 20) };
    assert_eq!(taken(off, repository()), Vec::new());
    let others = cleanup("cleanup", "orders/pg/wal_0055/", 20);
    assert_eq!(taken(others, repository()), Vec::new());
}

#[test]
fn a_policy_with_a_repository_is_not_one_without_a_restore_point() {
    let said = |alone: bool, stored: Vec<SeenRepository>| {
        let wants = wants(alone);
        let effects = of(&plan(&wants, &world(&wants, vec![cleanup("cleanup", "", 20)], stored), &[]), "bucket-lifecycle");
        effects.into_iter().map(|effect| effect.sentence).filter(|said| !said.contains("kept longer")).collect::<Vec<_>>()
    };
    let starts = |said: &[String], with: &[&str]| said.len() == with.len() && said.iter().zip(with).all(|(said, with)| said.starts_with(with));
    let none = "no restore point is there yet; each";
    let own = "no restore point of the sets that lifeboat takes is there yet; each";
    let all = "11 backups and 241 WAL segments of `physical`";
    assert!(starts(&said(true, Vec::new()), &[none]), "{:?}", said(true, Vec::new()));
    assert!(starts(&said(true, vec![repository()]), &[all]), "{:?}", said(true, vec![repository()]));
    assert!(starts(&said(false, vec![repository()]), &[own, all]), "{:?}", said(false, vec![repository()]));
}

#[test]
fn a_rule_that_is_taken_away_with_leave_keeps_longer_what_it_took() {
    let wants = wants(true);
    let seen = world(&wants, vec![cleanup("cleanup", WAL, 20)], vec![repository()]);
    let leaves: [Leave; 1] = [leave("removes-foreign-rule")];
    let plan = plan(&wants, &seen, &leaves);
    let said: Vec<String> = of(&plan, "bucket-lifecycle").into_iter().map(|effect| effect.sentence).collect();
    assert_eq!(said, ["11 backups of `physical` would be kept longer than now"], "{:?} {:?}", plan.unused, plan.held);
}

#[test]
fn backups_and_wal_that_must_be_thawed_are_counted_and_held_against_the_rto() {
    let to = |class: &str| Transition { days: Some(30), date: None, class: class.to_owned() };
    let rule = |prefix: &str, class: &str| Rule { expiration: None, transitions: vec![to(class)], ..cleanup("archive", prefix, 1) };
    let said = |prefix: &str, class: &str| taken(rule(prefix, class), repository()).into_iter().map(|effect| effect.sentence).collect::<Vec<_>>();
    let wal = said(WAL, "GLACIER");
    assert!(
        matches!(wal.as_slice(), [one] if one.starts_with("from Sun 2026-12-13 00:00 UTC on, 11 backups and 241 WAL segments of `physical` must be thawed \
         before a restore, which takes up to 5h, and the promised RTO is")),
        "{wal:?}"
    );
    let full = said(&format!("{BACKUPS}base_{}", segment(168)), "DEEP_ARCHIVE");
    assert!(matches!(full.as_slice(), [one] if one.contains(" on, 4 backups of `physical` must be thawed")), "with what builds on it: {full:?}");
    assert_eq!(said(WAL, "GLACIER_IR"), Vec::<String>::new());
    let mut unread = repository();
    unread.metadata = Fact::Unknown(Why::Refused("AccessDenied".to_owned()));
    let blind = taken(rule("orders/", "GLACIER"), unread);
    assert!(matches!(blind.as_slice(), [one] if one.sentence.contains(" on, 263 objects of `physical` must be thawed") && !one.unsaid), "{blind:?}");
}

#[test]
fn a_list_that_must_be_thawed_takes_every_backup_with_it_and_a_history_is_said_by_itself() {
    let place = Place { engine: Engine::Pgbackrest, base: "orders/pg/".to_owned(), name: "main".to_owned() };
    let object = |key: &str| SeenObject { key: format!("orders/pg/{key}"), bytes: 9, written: now(), class: None };
    let info = "[db]\ndb-id=1\n\n[backrest]\nbackrest-format=5\n";
    let objects = vec![object("archive/main/15-1/00000002.history"), object("backup/main/backup.info")];
    let stored = SeenRepository { place, metadata: Fact::Known(vec![(objects[1].key.clone(), Ok(info.as_bytes().to_vec()))]), objects };
    let to = |key: &str| Rule {
        expiration: None,
        transitions: vec![Transition { days: Some(30), date: None, class: "GLACIER".to_owned() }],
        ..cleanup("cold", key, 1)
    };
    for key in ["orders/pg/backup/main/backup.info", "orders/pg/archive/main/15-1/00000002.history"] {
        let effects = taken(to(key), stored.clone());
        assert!(matches!(effects.as_slice(), [one] if one.sentence.contains(" on, 1 object of `physical` must be thawed")), "{key}: {effects:?}");
    }
}

#[test]
fn versioning_and_lock_speak_of_repositories_too() {
    let wants = wants(true);
    let there = "11 backups and 241 WAL segments of `physical` (3.8 GiB)";
    let mut seen = world(&wants, Vec::new(), vec![repository()]);
    seen.resources.get_mut(&bucket()).unwrap().facts.insert(ReadOp::BucketVersioning, suspended());
    let said: Vec<String> = of(&plan(&wants, &seen, &[]), "bucket-versioning").into_iter().map(|effect| effect.sentence).collect();
    assert_eq!(
        said,
        [format!("until it is on again, an overwrite or delete of what was written since it was suspended is final, which may be any of {there}")]
    );
    let lock = Document::of(&crate::model::aspects::ObjectLock { retention: None });
    let crate::model::resource::ResourceWish::Bucket(wish) = wants.resources.iter().find(|wish| wish.id() == bucket()).unwrap() else { panic!() };
    let said = super::super::of_object_lock(wish, &Fact::Absent, &lock, &seen);
    assert!(said[0].sentence.starts_with(&format!("{there} keep the lock")), "{said:?}");
    let mut unasked = repository();
    unasked.metadata = Fact::Unknown(Why::NotAsked);
    seen.stored.insert("orders".to_owned(), vec![unasked]);
    let said: Vec<String> = of(&plan(&wants, &seen, &[]), "bucket-versioning").into_iter().map(|effect| effect.sentence).collect();
    assert_eq!(
        said,
        [
            "until it is on again, an overwrite or delete of what was written since it was suspended is final, which may be any of 263 objects of `physical` (3.8 GiB)"
        ]
    );
}

#[test]
fn what_is_gone_for_good_and_what_no_set_names_is_said_so() {
    let wants = wants(true);
    let mut seen = world(&wants, vec![cleanup("cleanup", WAL, 5)], vec![repository()]);
    seen.resources.get_mut(&bucket()).unwrap().facts.insert(ReadOp::BucketVersioning, suspended());
    let effects = of(&plan(&wants, &seen, &[]), "bucket-lifecycle");
    assert!(effects.iter().any(|effect| effect.sentence.contains("the first at once, being due since Wed 2026-11-18 00:00 UTC")), "{effects:?}");
    assert!(effects.iter().any(|effect| effect.undo.as_deref() == Some("none: versioning is not on")), "{effects:?}");
    let mut elsewhere = repository();
    elsewhere.place.base = "orders/their/".to_owned();
    for object in &mut elsewhere.objects {
        object.key = object.key.replace("/pg/", "/their/");
    }
    let Fact::Known(metadata) = &mut elsewhere.metadata else { panic!() };
    for (key, _) in metadata.iter_mut() {
        *key = key.replace("/pg/", "/their/");
    }
    let effects = taken(cleanup("cleanup", "orders/", 20), elsewhere);
    assert!(effects[0].sentence.starts_with("11 backups and 241 WAL segments of the wal-g repository below orders/their/ ("), "{effects:?}");
    assert_eq!(effects[0].points, 11);
}

/// Whatever goes, the points that are said to go are those that a judge of what is left misses, and the window is what is left of it.
#[test]
fn what_is_said_to_go_is_what_is_missing_afterwards() {
    let names: Vec<String> = repository().objects.into_iter().map(|object| object.key).collect();
    for at in (0..names.len()).step_by(7) {
        let stored = repository();
        let gone = &names[at];
        let effects = taken(cleanup("cleanup", gone, 30), stored.clone());
        let before = judged(&stored, |_| true).unwrap();
        let after = judged(&stored, |object| !object.key.starts_with(gone.as_str())).unwrap();
        let lost = complete(&before).filter(|backup| complete(&after).all(|left| left.id != backup.id)).count();
        let effect = effects.iter().find(|effect| effect.window_seconds.is_some()).unwrap();
        // A part of a backup that its engine would not miss is missed all the same.
        if !gone.contains("/tar_partitions/") {
            assert_eq!((effect.points, effect.window_seconds), (lost, Some(length(&before.windows) - length(&after.windows))), "{gone}");
        }
        assert!(effect.points >= lost, "{gone}");
    }
}
