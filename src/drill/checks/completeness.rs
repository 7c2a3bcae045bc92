//! Check `completeness`: the dump held everything that the catalog had in the same snapshot.

use super::{Check, Judged, Subject, verdict};
use crate::engines::pg_dump::completeness;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "completeness",
    proves: "Every table, sequence and large object of the source's catalog, in the snapshot of the dump, is in the dump or left out by name with a reason.",
    judge,
};

fn judge(subject: &Subject<'_>) -> Judged {
    let database = subject.database;
    let gaps = completeness::compare(&database.catalog, &database.facts, &database.excluded);
    let wrong: Vec<String> = gaps.iter().map(ToString::to_string).collect();
    let title = format!("completeness against the {} relations of the catalog", database.catalog.relations.len());
    vec![verdict(CHECK.id, title, &database.name, &wrong, &[])]
}
