//! Check `sequences`: each stands where the dump set it, and none behind the column it feeds.

use super::{Check, Judged, Subject, verdict};
use crate::model::units::plural;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "sequences",
    proves: "Every sequence stands where the dump set it, and no sequence is behind the largest value of the column that it feeds.",
    judge,
};

fn judge(subject: &Subject<'_>) -> Judged {
    let (mut wrong, mut unasked) = (Vec::new(), Vec::new());
    for (name, dumped) in &subject.database.facts.sequences {
        match subject.answers.sequences.get(name) {
            Some(Ok(restored)) if restored == dumped => {}
            Some(Ok(restored)) => wrong.push(format!("{name}: dumped at {}, restored at {}", dumped.last_value, restored.last_value)),
            Some(Err(why)) => unasked.push(format!("{name}: {why}")),
            None => unasked.push(format!("{name}: not asked")),
        }
    }
    match &subject.answers.behind {
        Ok(behind) => wrong.extend(behind.iter().cloned()),
        Err(why) => unasked.push(why.clone()),
    }
    let title = plural(subject.database.facts.sequences.len() as u64, "sequence");
    // The largest value of a column is a value of a row.
    vec![verdict(CHECK.id, title, &subject.database.name, &wrong, &unasked).quoting(true)]
}
