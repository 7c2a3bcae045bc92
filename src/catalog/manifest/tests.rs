use super::{Manifest, ManifestError};

/// A manifest as the first build of format 1 wrote it: without facts about materialized views.
const FIRST: &str = include_str!("../../../tests/data/manifests/nasty-1.json");

fn parse(text: &str) -> Result<Manifest, ManifestError> {
    Manifest::parse(text.as_bytes(), "nightly", "20261122T184545Z")
}

#[test]
fn a_manifest_of_the_first_build_is_read() {
    let manifest = parse(FIRST).unwrap();
    assert_eq!((manifest.tables(), manifest.rows(), manifest.roles.len()), (12, 603, 5));
    assert_eq!(manifest.databases[0].views, None, "nothing was recorded, which is not the same as none");
    let again = format!("{}\n", crate::model::document::Document::of(&manifest));
    assert_eq!(again, FIRST, "what is read is what is written");
}

#[test]
fn views_are_read_back_and_strangers_are_refused() {
    let view = r#"{"schema":"public","name":"v","filled":true,"columns":["a"],"rows":{"rows":1,"bytes":2,"sum":"00"}}"#;
    let view = view.replace("\"00\"", &format!("\"{}\"", "0".repeat(64)));
    let with = |field: &str| parse(&FIRST.replacen("\"standby\":", &format!("{field},\"standby\":"), 1));
    let views = with(&format!("\"views\":[{view}]")).unwrap().databases[0].views.clone().unwrap();
    assert_eq!((views.len(), views[0].name.as_str(), views[0].rows.map(|rows| rows.rows)), (1, "v", Some(1)));
    assert!(with(&format!("\"views\":[{}]", view.replace("filled", "full"))).is_err());
    assert!(matches!(with("\"surprise\":1"), Err(ManifestError::NotOne(why)) if why.contains("surprise")));
}
