//! The report on real servers: nothing was rehearsed yet, so nothing is called proven.

use serde_json::Value;

use super::cli::Config;

#[test]
fn a_report_of_a_fresh_apply_says_what_is_unproven() {
    let config = Config::new("report");
    assert_eq!(config.lifeboat("applier", &["apply"]).code, 0);
    let ran = config.lifeboat("planner", &["report", "--out", "page.html"]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    assert!(ran.out.ends_with("The one policy does not keep its promises · exit 6\npage.html\n"), "{}", ran.out);
    let page = std::fs::read_to_string(config.path().join("page.html")).unwrap();
    assert!(page.contains("there is no complete backup of database shop") && page.contains("no drill has measured it"));
    assert!(!page.contains(">met<"), "nothing was measured");
    let json = config.lifeboat("planner", &["report", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["format"], &json["evidence"]["verdict"], &json["drift"]["verdict"]), (&"lifeboat.report/1".into(), &"passed".into(), &"passed".into()));
    assert!(!config.path().join("lifeboat-report.html").exists(), "JSON writes no page unless it is asked to");
}

#[test]
fn a_report_is_made_without_any_identity_and_calls_everything_unproven() {
    let config = Config::new("noidentity");
    let nobody = [("AWS_ACCESS_KEY_ID", "AKIANOBODY"), ("AWS_SECRET_ACCESS_KEY", "x"), ("AWS_PROFILE", "")];
    let ran = config.with("planner", &["report", "--format", "json"], &nobody);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    for part in ["/verdict", "/evidence/verdict", "/drift/verdict", "/policies/0/rpo/verdict", "/policies/0/rto/verdict"] {
        assert_eq!(json.pointer(part), Some(&"unproven".into()), "{part}");
    }
}

#[test]
fn status_of_a_fresh_apply_says_what_is_missing_and_writes_gauges() {
    let config = Config::new("status");
    assert_eq!(config.lifeboat("applier", &["apply"]).code, 0);
    let ran = config.lifeboat("planner", &["status", "--metrics", "lifeboat.prom"]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("note: scheduled runs are expected by the schedules as they are written now"), "{}", ran.out);
    assert!(ran.out.contains("there is no complete backup of database shop") && ran.out.ends_with("0 of 1 meet their objectives · exit 6\n"), "{}", ran.out);
    let gauges = std::fs::read_to_string(config.path().join("lifeboat.prom")).unwrap();
    assert!(
        gauges.contains("lifeboat_restore_points{policy=\"orders\",set=\"nightly\"} 0\n") && gauges.contains("lifeboat_listed{policy=\"orders\"} 1\n"),
        "{gauges}"
    );
    let json = config.lifeboat("planner", &["status", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["format"], &json["kept"], &json["evidence"]), (&"lifeboat.status/1".into(), &0.into(), &Value::Null));
}
