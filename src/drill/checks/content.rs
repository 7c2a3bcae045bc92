//! Check `content`: every table holds exactly the rows that were dumped.

use super::{Check, Judged, Subject, verdict};
use crate::model::units::{count, plural};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "content",
    proves: "Every table of the dump came back with the same rows: count and a 256-bit multiset digest per table, computed in the dump's own stream and again in the restored database.",
    judge,
};

fn judge(subject: &Subject<'_>) -> Judged {
    let (mut wrong, mut unasked) = (Vec::new(), Vec::new());
    for (name, dumped) in &subject.database.facts.tables {
        match subject.answers.tables.get(name) {
            Some(Ok(restored)) if *restored == dumped.rows => {}
            Some(Ok(restored)) => {
                let digest = if restored.rows == dumped.rows.rows { "; the counts agree and the digests differ" } else { "; digest differs" };
                wrong.push(format!("{name}: dumped {} rows, restored {}{digest}", count(dumped.rows.rows), count(restored.rows)));
            }
            // A table that is not there at all is a loss; whatever else kept it from being read is not proven.
            Some(Err(why)) if why.contains("does not exist") => wrong.push(format!("{name}: {why}")),
            Some(Err(why)) => unasked.push(format!("{name}: {why}")),
            None => unasked.push(format!("{name}: not asked")),
        }
    }
    let title = format!("content of {}, {} rows", plural(subject.database.facts.tables.len() as u64, "table"), count(subject.database.facts.rows()));
    vec![verdict(CHECK.id, title, &subject.database.name, &wrong, &unasked)]
}
