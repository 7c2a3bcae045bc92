use std::collections::BTreeMap;

use super::{CHECKS, CheckResult, Outcome, Subject, overall, written};
use crate::catalog::manifest::Manifest;
use crate::drill::Drilled;
use crate::drill::ask::Answers;
use crate::engines::pg_dump::generated::{GeneratedColumn, Recomputed};
use crate::engines::pg_dump::names::TableName;
use crate::engines::pg_dump::rowhash::RowSum;
use crate::engines::pg_dump::views::{RestoredView, ViewFacts};
use crate::model::policy::{Anomalies, Check as Query, Expect};

const MANIFEST: &str = include_str!("../../../tests/data/manifests/nasty-1.json");

/// A backup with one materialized view that a restore fills, and one that it does not.
fn manifest() -> Manifest {
    let mut manifest = Manifest::parse(MANIFEST.as_bytes(), "nightly", "20261122T184545Z").unwrap();
    let view = |name: &str, filled: bool| ViewFacts {
        schema: "public".to_owned(),
        name: name.to_owned(),
        filled,
        columns: vec!["a".to_owned()],
        rows: filled.then_some(RowSum { rows: 1200, bytes: 7, sum: [1; 32] }),
    };
    manifest.databases[0].views = Some(vec![view("empty", false), view("full", true)]);
    manifest
}

fn name(name: &str) -> TableName {
    TableName::new("public", name)
}

/// What a database answers that came back whole.
fn sound(manifest: &Manifest) -> Answers {
    let facts = &manifest.databases[0].facts;
    let column = GeneratedColumn { table: name("computed"), column: "g".to_owned(), kind: "integer".to_owned(), expression: "1".to_owned() };
    let rows = manifest.databases[0].views.iter().flatten().find_map(|view| view.rows);
    Answers {
        tables: facts.tables.iter().map(|(name, data)| (name.clone(), Ok(data.rows))).collect(),
        views: BTreeMap::from([(name("empty"), Ok(RestoredView::Unfilled)), (name("full"), Ok(RestoredView::Filled(rows)))]),
        generated: Ok(vec![(column, Ok(Recomputed { wrong: 0, unsteady: 0 }))]),
        sequences: facts.sequences.iter().map(|(name, value)| (name.clone(), Ok(*value))).collect(),
        behind: Ok(Vec::new()),
        large_objects: Ok(facts.large_objects.clone()),
        invalid_indexes: Ok(Vec::new()),
        extensions: Ok(manifest.databases[0].extensions.iter().map(|known| (known.name.clone(), known.version.clone())).collect()),
        roles: Ok(manifest.roles.clone()),
        queries: Vec::new(),
    }
}

/// All checks of what came back, after `change`.
fn judged(change: impl Fn(&mut Answers)) -> Vec<CheckResult> {
    let manifest = manifest();
    let mut answers = sound(&manifest);
    change(&mut answers);
    let subject =
        Subject { manifest: &manifest, database: &manifest.databases[0], answers: &answers, queries: &[], before: &Ok(None), anomalies: Anomalies::default() };
    CHECKS.iter().flat_map(|check| (check.judge)(&subject)).collect()
}

/// The one check that did not simply pass: `id outcome: detail`.
#[track_caller]
fn only(change: impl Fn(&mut Answers)) -> String {
    let bad: Vec<CheckResult> = judged(change).into_iter().filter(|result| result.outcome != Outcome::Passed).collect();
    assert_eq!(bad.len(), 1, "{bad:#?}");
    format!("{} {}: {}", bad[0].id, bad[0].outcome.as_str(), bad[0].detail.as_deref().unwrap())
}

#[test]
fn what_came_back_whole_passes_every_check() {
    let results = judged(|_| ());
    assert!(results.iter().all(|result| result.outcome == Outcome::Passed && result.detail.is_none()), "{results:#?}");
    assert_eq!(overall(&results), Outcome::Passed);
}

#[test]
fn one_wrong_thing_fails_the_one_check_that_is_about_it() {
    let table = name("computed");
    let said = only(|answers| {
        if let Some(Ok(rows)) = answers.tables.get_mut(&table) {
            rows.sum[0] ^= 1;
        }
    });
    assert_eq!(said, "content failed: public.computed: dumped 91 rows, restored 91; the counts agree and the digests differ");
    let said = only(|answers| drop(answers.tables.insert(table.clone(), Err("relation does not exist".to_owned()))));
    assert_eq!(said, "content failed: public.computed: relation does not exist");
    let said = only(|answers| answers.large_objects = Ok(BTreeMap::new()));
    assert_eq!(said, "large-objects failed: large object 16001 is not there; large object 16002 is not there");
    let said = only(|answers| answers.behind = Ok(vec!["public.s is behind".to_owned()]));
    assert_eq!(said, "sequences failed: public.s is behind");
    let said = only(|answers| answers.roles = Ok(vec!["postgres".to_owned()]));
    assert!(said.starts_with("roles failed: role shop_app is not there"), "{said}");
}

#[test]
fn a_generated_column_with_a_wrong_row_fails() {
    let with = |answer: Result<Recomputed, String>| only(|answers| answers.generated.as_mut().unwrap()[0].1 = answer.clone());
    assert_eq!(with(Ok(Recomputed { wrong: 1, unsteady: 0 })), "generated failed: public.computed.g: 1 row does not hold what its expression gives");
    assert_eq!(with(Ok(Recomputed { wrong: 1200, unsteady: 0 })), "generated failed: public.computed.g: 1,200 rows do not hold what its expression gives");
    assert!(
        with(Ok(Recomputed { wrong: 9, unsteady: 9 })).starts_with("generated unproven: public.computed.g: its expression does not give the same value twice")
    );
    assert_eq!(with(Err("no right".to_owned())), "generated unproven: public.computed.g: no right");
}

#[test]
fn a_view_that_differs_is_noted_and_one_that_is_lost_fails() {
    let with = |view: &str, seen: RestoredView| only(|answers| drop(answers.views.insert(name(view), Ok(seen.clone()))));
    let said = with("full", RestoredView::Filled(Some(RowSum { rows: 1199, bytes: 7, sum: [1; 32] })));
    assert!(said.starts_with("materialized-views noted: public.full: it held 1,200 rows, and holds 1,199 after its refresh; this decides nothing"), "{said}");
    let said = with("full", RestoredView::Filled(Some(RowSum { rows: 1200, bytes: 7, sum: [2; 32] })));
    assert!(said.contains("the counts agree and the digests differ"), "{said}");
    assert_eq!(with("full", RestoredView::Missing), "materialized-views failed: public.full: it is not there");
    assert_eq!(with("full", RestoredView::Unfilled), "materialized-views failed: public.full: it was filled, and is not");
    assert_eq!(with("empty", RestoredView::Filled(None)), "materialized-views failed: public.empty: the dump leaves it empty, and it is filled");
    let said = only(|answers| drop(answers.views.insert(name("full"), Err("no answer".to_owned()))));
    assert_eq!(said, "materialized-views unproven: public.full: no answer");
}

#[test]
fn a_view_that_could_not_be_read_is_noted_and_a_backup_from_before_claims_nothing() {
    let of = |views: Option<Vec<ViewFacts>>| {
        let mut manifest = manifest();
        let answers = sound(&manifest);
        manifest.databases[0].views = views;
        let database = &manifest.databases[0];
        let subject = Subject { manifest: &manifest, database, answers: &answers, queries: &[], before: &Ok(None), anomalies: Anomalies::default() };
        (super::views::CHECK.judge)(&subject)
    };
    let mut unread = manifest().databases[0].views.clone().unwrap();
    unread[1].rows = None;
    let results = of(Some(unread));
    assert_eq!((results.len(), results[0].outcome), (1, Outcome::Noted));
    assert!(results[0].detail.as_deref().unwrap().contains("its rows could not be read when the backup was taken"));
    assert_eq!(of(None), Vec::new());
}

#[test]
fn a_note_decides_nothing_and_surplus_bytes_do_where_it_is_a_drill() {
    let more = ["object k holds 1 byte more than the 7 that were written: somebody added to it".to_owned()];
    let results = [written(&more, Outcome::Noted), written(&[], Outcome::Failed)];
    assert_eq!((results[0].outcome, results[1].outcome, overall(&results)), (Outcome::Noted, Outcome::Passed, Outcome::Passed));
    assert_eq!(overall(&[written(&more, Outcome::Failed)]), Outcome::Failed);
    assert_eq!(overall(&[]), Outcome::Unproven);
}

/// What may be posted of a drill with these results.
fn told(checks: Vec<CheckResult>) -> String {
    let at = "2026-11-22T04:00:00Z".parse().unwrap();
    let (manifest, restored_into, isolation, phases) = (None, None, "none", Vec::new());
    Drilled { manifest, restored_into, isolation, phases, checks, cause: None, started: at, finished: at, removed: String::new() }.told()
}

#[test]
fn what_is_posted_names_the_checks_and_quotes_no_row() {
    let secret = "bob@example.com";
    let queries = |answer: Result<Option<String>, String>| {
        let manifest = manifest();
        let answers = Answers { queries: vec![answer], ..sound(&manifest) };
        let query = Query { name: "there are two".to_owned(), sql: "select 1".to_owned(), expect: Expect::AtLeast(2.0), database: None };
        let database = &manifest.databases[0];
        let subject = Subject { manifest: &manifest, database, answers: &answers, queries: &[&query], before: &Ok(None), anomalies: Anomalies::default() };
        told(CHECKS.iter().flat_map(|check| (check.judge)(&subject)).collect())
    };
    let database = manifest().databases[0].name.clone();
    assert_eq!(told(judged(|_| ())), "", "it passed");
    assert_eq!(queries(Ok(Some("1".to_owned()))), format!("query `there are two` in {database}: the answer is below 2"));
    assert_eq!(queries(Err(format!("ERROR: invalid input syntax for type integer: \"{secret}\""))), format!("query `there are two` in {database}"));
    let unread = told(judged(|answers| answers.views.values_mut().for_each(|view| *view = Err(format!("ERROR: {secret}")))));
    assert_eq!(unread, format!("materialized-views in {database}"), "what could not be asked is said in the server's words");
    let behind = told(judged(|answers| answers.behind = Ok(vec![format!("public.s is at 1, and public.people has id {secret}")])));
    assert_eq!(behind, format!("sequences in {database}"));
    let unasked = told(judged(|answers| answers.roles = Err(format!("ERROR: {secret}"))));
    assert_eq!(unasked, format!("roles in {database}"));
    // Several are told worst only, three of them, and of each the first sentence, which is cut.
    let failed = |id, detail: &str| CheckResult::of(id, "title", None, Outcome::Failed, Some(detail.to_owned()));
    let mut many = vec![failed("rpo", "it is old; and more"), CheckResult::of("roles", "title", None, Outcome::Unproven, Some("not asked".to_owned()))];
    assert_eq!(told(many.clone()), "rpo: it is old");
    many.extend([failed("rto", &"x".repeat(300)), failed("indexes", "a"), failed("content", "b"), failed("fetch", "c")]);
    assert_eq!(told(many), format!("rpo: it is old; rto: {}; indexes: a; and 2 more checks", "x".repeat(200)));
}
