//! Check `large-objects`: every large object has the bytes that were dumped.

use super::{Check, Judged, Subject, verdict};
use crate::model::units::plural;

/// The check.
pub(super) static CHECK: Check =
    Check { id: "large-objects", proves: "Every large object of the dump came back with the same bytes, and there are no others.", judge };

fn judge(subject: &Subject<'_>) -> Judged {
    let dumped = &subject.database.facts.large_objects;
    let title = plural(dumped.len() as u64, "large object");
    let (mut wrong, mut unasked) = (Vec::new(), Vec::new());
    match &subject.answers.large_objects {
        Ok(restored) => {
            for (oid, object) in dumped {
                match restored.get(oid) {
                    Some(other) if other == object => {}
                    Some(other) => wrong.push(format!("large object {oid}: dumped {} bytes, restored {}; digest differs", object.bytes, other.bytes)),
                    None => wrong.push(format!("large object {oid} is not there")),
                }
            }
            wrong.extend(restored.keys().filter(|oid| !dumped.contains_key(oid)).map(|oid| format!("large object {oid} was not dumped")));
        }
        Err(why) => unasked.push(why.clone()),
    }
    vec![verdict(CHECK.id, title, &subject.database.name, &wrong, &unasked)]
}
