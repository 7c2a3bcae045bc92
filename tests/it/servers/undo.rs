//! Drift is told with the apply that it came after, and an apply can be taken back by its journal.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

use super::access::s3;
use super::cli::Config;

async fn suspend(bucket: &str) {
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    s3("admin").await.put_bucket_versioning().bucket(bucket).versioning_configuration(suspended).send().await.unwrap();
}

#[tokio::test]
async fn what_drifted_says_since_when_and_an_apply_is_taken_back_by_its_journal() {
    let config = Config::new("undo");
    let none = config.lifeboat("applier", &["undo"]);
    assert!(none.code == 1 && none.err.contains("there is no run that did something"), "{}", none.err);
    assert_eq!(config.lifeboat("applier", &["apply"]).code, 0);
    suspend(&config.bucket()).await;
    let plan = config.lifeboat("planner", &["plan"]);
    assert!(plan.code == 4 && plan.out.contains("drifted since the apply of 20"), "{}{}", plan.out, plan.err);
    assert_eq!(config.lifeboat("applier", &["apply"]).code, 0);
    // Going back to a suspended versioning loosens: it is held like any other step that does.
    let back = config.lifeboat("planner", &["undo"]);
    assert!(back.code == 5 && back.out.contains("Enabled → Suspended") && back.out.contains("weakens-versioning"), "{}{}", back.out, back.err);
    let leave = format!("weakens-versioning@bucket/{}", config.bucket());
    let undone = config.lifeboat("applier", &["undo", "--apply", "--allow", &leave]);
    assert!(undone.code == 0 && undone.out.contains("1 step done"), "{}{}", undone.out, undone.err);
    let again = config.lifeboat("planner", &["plan"]);
    assert!(again.code == 4 && again.out.contains("Suspended → Enabled"), "{}", again.out);
    // The first apply made what was missing: there is no way back from that.
    let runs = config.lifeboat("planner", &["undo", "20260101T000000Z-none"]);
    assert!(runs.code == 1 && runs.err.contains("hint: there are: 20"), "{}", runs.err);
    let first = runs.err.trim_end().rsplit(", ").next().unwrap().to_owned();
    let nothing = config.lifeboat("planner", &["undo", &first]);
    assert!(nothing.code == 5 && nothing.out.contains("was not there before"), "{}{}", nothing.out, nothing.err);
    assert!(nothing.out.contains("was changed since"), "{}", nothing.out);
}
