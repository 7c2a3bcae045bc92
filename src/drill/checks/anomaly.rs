//! Check `anomaly`: the backup does not hold much less than the last verified one.

use super::{Check, CheckResult, Judged, Outcome, Subject, list};
use crate::engines::pg_dump::anomaly::{self, Limits};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "anomaly",
    proves: "No table is gone, emptied or much smaller than in the last verified backup: an emptied table dumps and restores without an error.",
    judge,
};

fn judge(subject: &Subject<'_>) -> Judged {
    let result = |outcome, title: String, detail| vec![CheckResult::of(CHECK.id, title, Some(&subject.database.name), outcome, detail)];
    let before = match subject.before {
        Ok(Some(before)) => before,
        // Nothing older is there: nothing was compared, and nothing is claimed.
        Ok(None) => return Vec::new(),
        Err(why) => return result(Outcome::Unproven, "anomaly against the last verified backup".to_owned(), Some(why.clone())),
    };
    let id = &before.manifest.id;
    let title = if before.verified {
        format!("anomaly against the last verified backup {id}")
    } else {
        format!("anomaly against the older backup {id}, which is not verified")
    };
    let Some(older) = before.manifest.databases.iter().find(|database| database.name == subject.database.name) else { return Vec::new() };
    let limits = Limits { rows_down_percent: subject.anomalies.rows_down.value(), tables_gone: subject.anomalies.tables_gone };
    let found = anomaly::compare(id, &older.facts, &subject.database.facts, &limits);
    let sentences: Vec<String> = found.iter().map(ToString::to_string).collect();
    if sentences.is_empty() { result(Outcome::Passed, title, None) } else { result(Outcome::Failed, title, Some(list(&sentences))) }
}
