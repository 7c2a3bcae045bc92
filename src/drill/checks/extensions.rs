//! Check `extensions`: those of the source are there.

use super::{Check, Judged, Subject, verdict};
use crate::model::units::plural;

/// The check.
pub(super) static CHECK: Check = Check { id: "extensions", proves: "Every extension of the source is installed in the restored database.", judge };

fn judge(subject: &Subject<'_>) -> Judged {
    let wanted = &subject.database.extensions;
    let (wrong, unasked) = match &subject.answers.extensions {
        Ok(found) => {
            let missing = wanted.iter().filter(|extension| !found.contains_key(&extension.name));
            (missing.map(|extension| format!("{} {} is not there", extension.name, extension.version)).collect(), Vec::new())
        }
        Err(why) => (Vec::new(), vec![why.clone()]),
    };
    vec![verdict(CHECK.id, plural(wanted.len() as u64, "extension"), &subject.database.name, &wrong, &unasked)]
}
