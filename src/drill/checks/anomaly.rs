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
    let verified = match subject.verified {
        Ok(Some(verified)) => verified,
        Ok(None) => return result(Outcome::Passed, "anomaly: no verified backup to compare with yet".to_owned(), None),
        Err(why) => return result(Outcome::Unproven, "anomaly against the last verified backup".to_owned(), Some(why.clone())),
    };
    let title = format!("anomaly against the last verified backup {}", verified.id);
    let Some(before) = verified.databases.iter().find(|database| database.name == subject.database.name) else {
        return result(Outcome::Passed, format!("anomaly: {} does not hold this database", verified.id), None);
    };
    let limits = Limits { rows_down_percent: subject.anomalies.rows_down.value(), tables_gone: subject.anomalies.tables_gone };
    let found = anomaly::compare(&verified.id, &before.facts, &subject.database.facts, &limits);
    let sentences: Vec<String> = found.iter().map(ToString::to_string).collect();
    if sentences.is_empty() { result(Outcome::Passed, title, None) } else { result(Outcome::Failed, title, Some(list(&sentences))) }
}
