//! Check `indexes`: all of them are valid.

use super::{Check, Judged, Subject, verdict};

/// The check.
pub(super) static CHECK: Check = Check { id: "indexes", proves: "No index of the restored database is invalid.", judge };

fn judge(subject: &Subject<'_>) -> Judged {
    let (wrong, unasked) = match &subject.answers.invalid_indexes {
        Ok(invalid) => (invalid.iter().map(|name| format!("{name} is not valid")).collect(), Vec::new()),
        Err(why) => (Vec::new(), vec![why.clone()]),
    };
    vec![verdict(CHECK.id, "all indexes are valid".to_owned(), &subject.database.name, &wrong, &unasked)]
}
