//! What machines and pull requests read: plans of the simulator in every format, held against committed files and published
//! schemas, and against text that wants to break out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lifeboat::formats::{github, json, junit, markdown, sarif};
use lifeboat::view::check::CheckView;
use lifeboat::view::schema;
use serde_json::Value;

mod comment;
pub(crate) mod hostile;
mod machines;
pub(crate) mod samples;

/// No findings beside a plan.
pub(crate) fn no_findings() -> CheckView {
    CheckView::of("3f2c1ab (main)", 1, &[]).about(["policies/orders.yaml".to_owned()])
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/plans")
}

/// A validator that asks no network.
pub(crate) fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::options().offline().build(schema).unwrap()
}

/// What a document has against its schema.
pub(crate) fn complaints(validator: &jsonschema::Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The published schema of a view.
pub(crate) fn published(kind: &str) -> jsonschema::Validator {
    let name = format!("schema/{kind}.schema.json");
    let committed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&name)).unwrap();
    assert!(schema::all().iter().any(|(known, _)| *known == name));
    validator(&serde_json::from_str(&committed).unwrap())
}

/// Every sample in every format is the committed file: `make bless` rewrites them; read the diff.
#[tokio::test]
async fn every_plan_reads_as_it_is_written_down() {
    let bless = std::env::var_os("LIFEBOAT_BLESS").is_some();
    let mut stale = Vec::new();
    for (name, view) in samples::all().await {
        let said = [
            ("json", json::render(&view)),
            ("md", markdown::plan(&view, &no_findings())),
            ("sarif", sarif::plan(&view, &no_findings())),
            ("xml", junit::plan(&view, &no_findings())),
            ("txt", github::plan(&view, &no_findings())),
        ];
        // One plan with everything in it is enough for the formats of machines.
        for (ending, said) in said.into_iter().filter(|(ending, _)| name == "lost" || matches!(*ending, "json" | "md")) {
            let path = folder().join(format!("{name}.{ending}"));
            let found = fs::read_to_string(&path).unwrap_or_default();
            if found == said {
                continue;
            }
            if bless {
                fs::create_dir_all(folder()).unwrap();
                fs::write(&path, &said).unwrap();
            } else {
                let diff = similar::TextDiff::from_lines(found.as_str(), said.as_str());
                stale.push(diff.unified_diff().context_radius(2).header(&format!("{name}.{ending}"), "said").to_string());
            }
        }
    }
    assert!(stale.is_empty(), "run `make bless`, read and commit:\n{}", stale.join("\n"));
}

#[tokio::test]
async fn every_plan_keeps_to_the_published_schema() {
    let schema = published("plan");
    let mut seen = 0;
    for (name, view) in samples::everything().await {
        let document: Value = serde_json::from_str(&json::render(&view)).unwrap();
        assert_eq!(complaints(&schema, &document), Vec::<String>::new(), "{name}");
        let back: lifeboat::view::plan::PlanView = serde_json::from_value(document).unwrap();
        assert_eq!(json::render(&back), json::render(&view), "{name} is read back as it was written");
        seen += 1;
    }
    assert!(seen > 40, "{seen} plans");
}

#[tokio::test]
async fn every_apply_keeps_to_the_published_schema() {
    let schema = published("apply");
    let mut outcomes = BTreeSet::new();
    for (name, view) in samples::applied().await {
        let document: Value = serde_json::from_str(&json::render(&view)).unwrap();
        assert_eq!(complaints(&schema, &document), Vec::<String>::new(), "{name}");
        let back: lifeboat::view::apply::ApplyView = serde_json::from_value(document).unwrap();
        assert_eq!(json::render(&back), json::render(&view), "{name} is read back as it was written");
        outcomes.extend(view.steps.into_iter().map(|step| step.outcome));
    }
    assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), ["done", "maybeDone", "notSent", "readsBackOtherwise"]);
}

#[tokio::test]
async fn the_schema_of_a_plan_refuses_what_is_none() {
    let schema = published("plan");
    let (_, view) = samples::all().await.swap_remove(0);
    let whole: Value = serde_json::to_value(&view).unwrap();
    let wrong = |change: &dyn Fn(&mut Value)| {
        let mut document = whole.clone();
        change(&mut document);
        complaints(&schema, &document).len()
    };
    assert_eq!(wrong(&|_| {}), 0);
    assert!(wrong(&|plan| plan["format"] = "lifeboat.plan/2".into()) > 0);
    assert!(wrong(&|plan| plan["counts"]["held"] = "1".into()) > 0);
    assert!(wrong(&|plan| plan["groups"][0]["steps"][0]["kind"] = "perhaps".into()) > 0);
    assert!(wrong(&|plan| drop(plan.as_object_mut().unwrap().remove("approved"))) > 0);
    assert_eq!(wrong(&|plan| plan["added"] = "a field of a later version is ignored".into()), 0);
}
