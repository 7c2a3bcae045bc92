//! Check `materialized-views`: each is there and filled as it was, and holds what it held, unless it was older than its tables.

use super::{Check, CheckResult, Judged, Outcome, Subject, list};
use crate::engines::pg_dump::views::{RestoredView, ViewFacts};
use crate::model::units::{count, plural};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "materialized-views",
    proves: "Every materialized view is there, filled or empty as `pg_dump` leaves it, and holds after its refresh the rows that it held in the snapshot. \
             Other rows are noted and decide nothing: the view may have been older than its tables, or ask for the time.",
    judge,
};

/// Why a difference decides nothing.
const MAY_BE: &str = "this decides nothing: a view that was older than its tables, or that asks for the time or for chance, differs without a loss";

fn judge(subject: &Subject<'_>) -> Judged {
    // A backup from before views were recorded: nothing is compared, and nothing is claimed.
    let Some(views) = &subject.database.views else { return Vec::new() };
    let seen: Vec<(Outcome, String)> = views
        .iter()
        .map(|view| match subject.answers.views.get(&view.table_name()) {
            Some(Ok(restored)) => one(view, restored),
            Some(Err(why)) => (Outcome::Unproven, why.clone()),
            None => (Outcome::Unproven, "not asked".to_owned()),
        })
        .collect();
    let outcome = seen.iter().map(|(outcome, _)| *outcome).max().unwrap_or(Outcome::Passed);
    let named = views.iter().zip(&seen).filter(|(_, (of, _))| *of == outcome && outcome != Outcome::Passed);
    let sentences: Vec<String> = named.map(|(view, (_, why))| format!("{}: {why}", view.table_name())).collect();
    let detail = match outcome {
        Outcome::Passed => None,
        Outcome::Noted => Some(format!("{}; {MAY_BE}", list(&sentences))),
        Outcome::Unproven | Outcome::Failed => Some(list(&sentences)),
    };
    let title = plural(views.len() as u64, "materialized view");
    // One that could not be asked is said in the server's words.
    vec![CheckResult::of(CHECK.id, title, Some(&subject.database.name), outcome, detail).quoting(outcome == Outcome::Unproven)]
}

fn one(view: &ViewFacts, restored: &RestoredView) -> (Outcome, String) {
    match (view.filled, restored) {
        (_, RestoredView::Missing) => (Outcome::Failed, "it is not there".to_owned()),
        (true, RestoredView::Unfilled) => (Outcome::Failed, "it was filled, and is not".to_owned()),
        (false, RestoredView::Filled(_)) => (Outcome::Failed, "the dump leaves it empty, and it is filled".to_owned()),
        (true, RestoredView::Filled(rows)) => match (view.rows, rows) {
            (Some(before), Some(after)) if before == *after => (Outcome::Passed, String::new()),
            (Some(before), Some(after)) => {
                let digest = if before.rows == after.rows { "; the counts agree and the digests differ" } else { "" };
                (Outcome::Noted, format!("it held {} rows, and holds {} after its refresh{digest}", count(before.rows), count(after.rows)))
            }
            (None, _) => (Outcome::Noted, "its rows could not be read when the backup was taken".to_owned()),
            (Some(_), None) => (Outcome::Unproven, "not asked".to_owned()),
        },
        (false, RestoredView::Unfilled) => (Outcome::Passed, String::new()),
    }
}
