//! SARIF, workflow commands and JUnit: sound for their readers, whatever is in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use lifeboat::formats::{github, junit, sarif};
use lifeboat::view::check::CheckView;
use lifeboat::view::rule::RuleView;
use proptest::prelude::*;
use serde_json::Value;

use super::hostile::{PIECES, filled};
use super::{complaints, no_findings, published, samples, validator};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The schema of OASIS, as published.
fn sarif_schema() -> jsonschema::Validator {
    let text = fs::read_to_string(root().join("tests/data/schemas/sarif-schema-2.1.0.json")).unwrap();
    validator(&serde_json::from_str(&text).unwrap())
}

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(sarif_schema);

/// `lifeboat check` on each folder of mistakes, in a format.
fn bad(format: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for entry in fs::read_dir(root().join("tests/data/bad")).unwrap() {
        let folder = entry.unwrap().path();
        let ran = Command::new(env!("CARGO_BIN_EXE_lifeboat")).args(["check", "--format", format]).current_dir(&folder).env_clear().output().unwrap();
        assert_eq!(ran.status.code(), Some(3), "{}: {}", folder.display(), String::from_utf8_lossy(&ran.stderr));
        out.push((folder.display().to_string(), String::from_utf8(ran.stdout).unwrap()));
    }
    assert!(out.len() >= 25);
    out
}

#[test]
fn every_check_keeps_to_the_published_schema() {
    let schema = published("check");
    for (name, said) in bad("json") {
        assert_eq!(complaints(&schema, &serde_json::from_str(&said).unwrap()), Vec::<String>::new(), "{name}");
    }
}

/// Every result names a rule that the log describes, and a line of a file that is there.
#[test]
fn every_finding_is_sound_sarif_with_its_place() {
    let schema = sarif_schema();
    let mut placed = 0;
    for (name, said) in bad("sarif") {
        let log: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(complaints(&schema, &log), Vec::<String>::new(), "{name}");
        let run = &log["runs"][0];
        let rules: BTreeSet<&str> = run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        let results = run["results"].as_array().unwrap();
        assert!(!results.is_empty(), "{name}");
        for result in results {
            assert!(rules.contains(result["ruleId"].as_str().unwrap()), "{name}: {result}");
            for location in result["locations"].as_array().unwrap() {
                let place = &location["physicalLocation"];
                let file = Path::new(&name).join(place["artifactLocation"]["uri"].as_str().unwrap());
                let lines = String::from_utf8_lossy(&fs::read(&file).unwrap()).matches('\n').count() + 1;
                assert!(place["region"]["startLine"].as_u64().unwrap() <= lines as u64, "{name}: {place}");
                placed += 1;
            }
        }
        let prints: BTreeSet<&str> = results.iter().map(|result| result["partialFingerprints"]["lifeboat/1"].as_str().unwrap()).collect();
        assert!(!prints.is_empty());
    }
    assert!(placed > 25, "{placed} places");
}

#[test]
fn every_rule_is_described_with_help() {
    let log: Value = serde_json::from_str(&sarif::check(&no_findings())).unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), RuleView::all().len());
    for rule in rules {
        for field in ["/shortDescription/text", "/help/text", "/help/markdown", "/defaultConfiguration/level"] {
            assert!(rule.pointer(field).and_then(Value::as_str).is_some_and(|text| text.len() > 4), "{rule}: {field}");
        }
    }
}

#[tokio::test]
async fn every_plan_is_sound_sarif_and_junit() {
    let schema = sarif_schema();
    for (name, view) in samples::everything().await {
        let said = sarif::plan(&view, &no_findings());
        assert_eq!(complaints(&schema, &serde_json::from_str(&said).unwrap()), Vec::<String>::new(), "{name}");
        assert_eq!(said, sarif::plan(&view, &no_findings()), "{name}: the same bytes");
        let held = view.groups.iter().flat_map(|group| &group.steps).filter(|step| matches!(step.kind.as_str(), "held" | "unknown")).count();
        assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["runs"][0]["results"].as_array().unwrap().len(), held, "{name}");

        let said = junit::plan(&view, &no_findings());
        let xml = roxmltree::Document::parse(&said).unwrap();
        let suite = xml.descendants().find(|node| node.attribute("name") == Some("lifeboat plan")).unwrap();
        let cases: Vec<_> = suite.children().filter(|node| node.has_tag_name("testcase")).collect();
        let names: BTreeSet<&str> = cases.iter().filter_map(|case| case.attribute("name")).collect();
        let open: BTreeSet<&str> = view.groups.iter().flat_map(|group| &group.steps).map(|step| step.id.as_str()).collect();
        let failed: BTreeSet<&str> =
            cases.iter().filter(|case| case.children().any(|child| child.has_tag_name("failure"))).filter_map(|case| case.attribute("name")).collect();
        assert_eq!((names.len(), suite.attribute("tests")), (cases.len(), Some(cases.len().to_string().as_str())), "{name}: each setting once");
        assert_eq!(failed, open, "{name}: what is not as it should be fails");
        assert_eq!(suite.attribute("failures"), Some(failed.len().to_string().as_str()), "{name}");
    }
}

#[test]
fn every_finding_is_a_failed_case() {
    for ((name, said), (_, findings)) in bad("junit").into_iter().zip(bad("json")) {
        let view: Value = serde_json::from_str(&findings).unwrap();
        let xml = roxmltree::Document::parse(&said).unwrap();
        let failures = xml.descendants().filter(|node| node.has_tag_name("failure")).count();
        assert_eq!(failures as u64, view["errors"].as_u64().unwrap(), "{name}");
    }
}

/// A server of test results sees each policy by each rule, so that it can tell which one began to fail.
#[test]
fn every_policy_is_a_case_of_every_rule() {
    let view = CheckView::of("3f2c1ab (main)", 2, &[]).about(["policies/a.yaml".to_owned(), "policies/b.yaml".to_owned()]);
    let said = junit::check(&view);
    let xml = roxmltree::Document::parse(&said).unwrap();
    let cases: BTreeSet<(&str, &str)> = xml
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .map(|case| (case.attribute("classname").unwrap(), case.attribute("name").unwrap()))
        .collect();
    for rule in RuleView::all() {
        for file in &view.files {
            assert!(cases.contains(&(rule.id, format!("{file}: {}", rule.summary).as_str())), "{} of {file}", rule.id);
        }
    }
    assert_eq!(cases.len(), 2 * RuleView::all().len());
}

#[test]
fn annotations_stand_where_the_finding_is() {
    let said = bad("github").into_iter().find(|(name, _)| name.ends_with("drill-of-nothing")).unwrap().1;
    let first = said.lines().next().unwrap();
    assert_eq!(
        first,
        "::error file=policies/orders.yaml,line=13,endLine=13,col=5,endColumn=12,title=never-drilled%3A backup set `nightly` is never drilled::no drill \
         names this set%0Awhether it can be restored is not known until it must be%0Aadd `nightly` to the backups of a drill"
    );
}

proptest! {
    /// Each line is one command of ours: nothing begins another, adds a property or uses the old form.
    #[test]
    fn no_text_becomes_a_command(pieces in prop::collection::vec(prop::sample::select(PIECES), 1..12)) {
        let (plan, findings) = filled(&pieces.concat());
        for (said, benign) in [(github::plan(&plan, &findings), github::plan(&filled("x").0, &filled("x").1)), (github::check(&findings), github::check(&filled("x").1))] {
            let shape = |text: &str| -> Vec<String> {
                let head = |line: &str| line.strip_prefix("::").and_then(|rest| rest.split_once("::")).map_or("none", |(head, _)| head).to_owned();
                let keys = |line: &str| head(line).split(',').map(|part| part.split('=').next().unwrap_or_default().to_owned()).collect::<Vec<_>>().join(",");
                text.split('\n').map(keys).collect()
            };
            prop_assert_eq!(shape(&said), shape(&benign), "{}", said);
            prop_assert!(!said.contains("##[") && !said.contains('\r') && !said.contains('\u{1b}'), "{}", said);
        }
    }

    #[test]
    fn no_text_breaks_xml_or_sarif(pieces in prop::collection::vec(prop::sample::select(PIECES), 1..12)) {
        let (plan, findings) = filled(&pieces.concat());
        for said in [junit::plan(&plan, &findings), junit::check(&findings)] {
            let xml = roxmltree::Document::parse(&said);
            prop_assert!(xml.is_ok(), "{:?}\n{}", xml.err(), said);
        }
        let log: Value = serde_json::from_str(&sarif::plan(&plan, &findings)).unwrap();
        prop_assert_eq!(complaints(&SCHEMA, &log), Vec::<String>::new());
    }
}
