//! Rule `thaw-longer-than-rto`.

use super::{Check, Rule, RuleDocs};
use crate::model::finding::{Finding, Level};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "thaw-longer-than-rto",
    level: Level::Error,
    since: "0.1.0",
    summary: "a storage class that takes longer to thaw than the RTO promises",
    docs: RuleDocs {
        checks: "That no storage class of a backup set must be thawed for longer than the RTO (standard retrieval: GLACIER 3 to 5 h, DEEP_ARCHIVE 12 h; S3 User Guide, restoring-objects-retrieval-options).",
        why: "A restore begins when the last object is readable. Thawing alone would break the promise before the first byte is read.",
        example: "backups: {nightly: {storageClasses: [{after: 30d, class: GLACIER}]}}",
        instead: "backups: {nightly: {storageClasses: [{after: 30d, class: GLACIER_IR}]}}",
        when: "When the RTO is promised for the newest backups only; then say so by a longer RTO in a policy of its own for the archive.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let rto = spec.objectives.rto;
    let mut out = Vec::new();
    for (name, set) in &spec.backups {
        for (at, step) in set.storage_classes.iter().enumerate() {
            let Some(thaw) = step.class.thaw().filter(|thaw| *thaw > rto) else { continue };
            let finding = Finding::error(format!("objective rto is {rto}, but {} takes up to {thaw} to thaw", step.class.as_str()));
            let finding = policy.mark(finding, &format!("/spec/backups/{name}/storageClasses/{at}/class"), "backups rest here");
            let finding = policy.mark(finding, "/spec/objectives/rto", "promised here");
            out.push(
                finding
                    .why(format!("from {} on, no backup of `{name}` can be restored in time", step.after))
                    .instead("use GLACIER_IR, which reads in milliseconds, or promise a longer rto"),
            );
        }
    }
    out
}
