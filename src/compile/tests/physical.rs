use super::{compiled, files, policy, said};
use crate::model::lifecycle::Lifecycle;
use crate::model::resource::{Purpose, ResourceWish};
use crate::settings::SETTINGS;

fn with(sets: &str) -> super::ConfigFile {
    policy("a", &[("  access:\n", &format!("{sets}  access:\n"))])
}

fn titles(sets: &str) -> Vec<String> {
    said(&[with(sets)]).into_iter().map(|(title, _)| title).collect()
}

#[test]
fn each_engine_is_told_whose_repository_it_is() {
    let set = |fields: &str| format!("    physical: {{prefix: pg/, {fields}}}\n");
    for sound in ["engine: pgbackrest, stanza: main", "engine: barman-cloud, server: main", "engine: wal-g"] {
        assert_eq!(titles(&set(sound)), Vec::<String>::new(), "{sound}");
    }
    assert_eq!(titles(&set("engine: pgbackrest")), ["a set of `pgbackrest` needs its stanza"]);
    assert_eq!(titles(&set("engine: barman-cloud, stanza: main")), ["`barman-cloud` has no stanza", "a set of `barman-cloud` needs its server"]);
    assert_eq!(titles(&set("engine: wal-g, server: main")), ["`wal-g` has no server"]);
}

#[test]
fn two_sets_do_not_lie_in_one_place() {
    let one = |prefix: &str| format!("    physical: {{engine: wal-g, prefix: {prefix}}}\n");
    let shared = ["the repository of `physical` and set `nightly` lie in one place"];
    assert_eq!(titles(&one("nightly/")), shared);
    assert_eq!(titles(&one("nightly/pg/")), shared);
    assert_eq!(titles(&one("\"\"")), shared);
    assert_eq!(titles(&one("nightly2/")), Vec::<String>::new());
    let two = format!("{}    second: {{engine: wal-g, prefix: pg/}}\n", one("pg/"));
    assert_eq!(said(&[with(&two)]), [("the repository of `second` and set `physical` lie in one place".to_owned(), files(&["a", "a"]))]);
}

#[test]
fn below_a_repository_nothing_expires_by_age_and_versions_go_in_time() {
    let (desired, findings) = compiled(&[with("    physical: {engine: pgbackrest, prefix: pg/, stanza: main}\n")]);
    assert_eq!(findings, Vec::new());
    let bucket = desired.resources.iter().find(|wish| matches!(wish, ResourceWish::Bucket(_))).unwrap();
    let setting = SETTINGS.iter().find(|setting| setting.id == "bucket-lifecycle").unwrap();
    let rules = (setting.want)(bucket).unwrap().to::<Lifecycle>().unwrap().rules;
    let meets: Vec<_> = rules.iter().filter(|rule| rule.filter.tags.is_empty() && rule.filter.covers("a/pg/backup/main/backup.info")).collect();
    assert_eq!(meets.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["lifeboat/a/physical:versions", "lifeboat/a:cleanup"]);
    assert!(meets.iter().all(|rule| rule.expires_untagged("a/pg/backup/main/backup.info").is_none() && rule.transitions.is_empty()), "{meets:?}");
    assert_eq!(meets[0].noncurrent.as_ref().map(|noncurrent| noncurrent.days), Some(30));
    assert!((setting.threats)(bucket, &(setting.want)(bucket).unwrap()).is_empty());
}

#[test]
fn an_expirer_is_of_physical_sets_only() {
    let expirer = "    expirer: {role: a-expirer, trust: [{principal: \"arn:aws:iam::000000000000:user/job\"}]}\n";
    let alone = policy("a", &[("  drills:\n", &format!("{expirer}  drills:\n"))]);
    assert_eq!(said(&[alone]), [("the expirer has nothing to expire".to_owned(), files(&["a"]))]);
    let sets = "    physical: {engine: wal-g, prefix: pg/}\n";
    let both = policy("a", &[("  access:\n", &format!("{sets}  access:\n")), ("  drills:\n", &format!("{expirer}  drills:\n"))]);
    let (desired, findings) = compiled(&[both]);
    assert_eq!(findings, Vec::new());
    let role = desired.resources.iter().find_map(|wish| match wish {
        ResourceWish::Role(role) if role.purpose == Purpose::Expirer => Some(role),
        _ => None,
    });
    assert_eq!(role.map(|role| role.repositories.len()), Some(1));
}
