use super::SETTING;
use crate::model::aspects::{AccessLog, LogGrant, LogKeyFormat};
use crate::model::document::Document;
use crate::model::fact::Fact;

fn log(bucket: &str, prefix: &str) -> AccessLog {
    AccessLog { bucket: bucket.to_owned(), prefix: prefix.to_owned(), grants: Vec::new(), key_format: None }
}

#[test]
fn grants_and_key_format_of_others_are_carried() {
    let uri = Some("http://acs.amazonaws.com/groups/s3/LogDelivery".to_owned());
    let grant = LogGrant { kind: "Group".to_owned(), id: None, display_name: None, uri, email: None, permission: "WRITE".to_owned() };
    let live = AccessLog { grants: vec![grant], key_format: Some(LogKeyFormat::Partitioned(Some("EventTime".to_owned()))), ..log("logs", "s3/") };
    let to = (SETTING.adopt)(&Document::of(&log("logs", "s3/")), &Fact::Known(Document::of(&live)));
    assert_eq!(to, Document::of(&live));
}

#[test]
fn a_log_that_goes_elsewhere_is_taken_from_its_readers() {
    let weakens = |from: &AccessLog, to: &AccessLog| (SETTING.weakens)(&Document::of(from), &Document::of(to)).map(|weakening| weakening.id);
    assert_eq!(weakens(&log("logs", "a/"), &log("logs", "b/")).as_deref(), Some("moves-access-log"));
    assert_eq!(weakens(&log("logs", "a/"), &log("other", "a/")).as_deref(), Some("moves-access-log"));
    assert_eq!(weakens(&log("logs", "a/"), &log("logs", "a/")), None);
}
