//! Check `roles`: those of the source can be recreated, so that owners and grants come back.

use super::{Check, Judged, Subject, verdict};
use crate::model::units::plural;

/// The check.
pub(super) static CHECK: Check =
    Check { id: "roles", proves: "Every role of the source exists beside the restored database (without password, not able to log in).", judge };

fn judge(subject: &Subject<'_>) -> Judged {
    let wanted = &subject.manifest.roles;
    let (wrong, unasked) = match &subject.answers.roles {
        Ok(found) => (wanted.iter().filter(|name| !found.contains(name)).map(|name| format!("role {name} is not there")).collect(), Vec::new()),
        Err(why) => (Vec::new(), vec![why.clone()]),
    };
    vec![verdict(CHECK.id, plural(wanted.len() as u64, "role"), &subject.database.name, &wrong, &unasked)]
}
