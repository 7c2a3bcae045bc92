//! What `status` says of physical sets: their archive, and where nothing can be restored.

use super::{NAMED, Note, labelled, minute, rest};
use crate::report::status::{SetStanding, Standing};

/// The name of a policy, with the word for one that can be restored to any moment.
pub(super) fn name(policy: &Standing) -> String {
    let pitr = policy.sets.iter().any(|set| set.pitr.is_some());
    format!("{}{}", policy.policy, if pitr { "  pitr" } else { "" })
}

/// How many points there are; `?` stands for those of sets of which nothing is known.
pub(in crate::formats) fn points(policy: &Standing) -> String {
    let unknown = policy.unknown.is_some() || policy.sets.iter().any(|set| set.pitr.as_ref().is_some_and(|pitr| pitr.unknown.is_some()));
    match (policy.points, unknown) {
        (points, false) => points.to_string(),
        (0, true) => "?".to_owned(),
        (points, true) => format!("{points} + ?"),
    }
}

/// The notes of a physical set.
pub(super) fn notes(out: &mut Vec<Note>, set: &SetStanding) {
    if let Some(sentence) = set.pitr.as_ref().and_then(|pitr| pitr.sentence.as_ref()) {
        labelled(out, "archive", &format!("{}: {sentence}", set.set));
    }
    if !set.gaps.is_empty() {
        let named: Vec<String> = set.gaps.iter().take(NAMED).map(|gap| format!("{} to {}", minute(&gap.from), minute(&gap.to))).collect();
        labelled(out, "WAL gap", &format!("{}: {} UTC{}: not restorable inside", set.set, named.join(", "), rest(set.gaps.len())));
    }
}
