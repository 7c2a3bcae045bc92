//! Rule `storage-classes-refused`.

use serde_json::json;

use super::{Check, Rule, RuleDocs};
use crate::model::finding::{Finding, Level};
use crate::model::policy::ClassStep;
use crate::model::verdict::lifecycle::lifecycle;
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "storage-classes-refused",
    level: Level::Error,
    since: "0.1.0",
    summary: "storage classes that S3 refuses to move backups to",
    docs: RuleDocs {
        checks: "That S3 takes the moves of `storageClasses`: at least 30 d in STANDARD before STANDARD_IA and ONEZONE_IA, only from a class to a colder one, and in the order of their days (S3 User Guide, lifecycle-transition-general-considerations).",
        why: "A lifecycle configuration is taken or refused as a whole: with one such move no rule of the bucket can be written any more, and a plan finds it only once it is asked.",
        example: "backups: {nightly: {storageClasses: [{after: 5d, class: STANDARD_IA}]}}",
        instead: "backups: {nightly: {storageClasses: [{after: 30d, class: STANDARD_IA}]}}",
        when: "Never: other servers may take it, and the same policy then fails at AWS.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let mut out = Vec::new();
    for (name, set) in policy.policy.spec.backups.iter().filter(|(_, set)| !set.storage_classes.is_empty()) {
        let step = |step: &ClassStep| json!({"Days": step.after.days_rounded_up(), "StorageClass": step.class.as_str()});
        let steps: Vec<_> = set.storage_classes.iter().map(step).collect();
        let rule = json!({"ID": name.0, "Status": "Enabled", "Filter": {"Prefix": policy.policy.spec.storage.prefix}, "Transitions": steps});
        let Err(refusal) = lifecycle(&json!({"LifecycleConfiguration": {"Rules": [rule]}})) else { continue };
        let sentence = refusal.sentence.replacen("rule ", "set ", 1);
        let finding = Finding::error(format!("S3 refuses the storage classes of `{name}`")).why(format!("{sentence} ({})", refusal.code));
        let finding = policy.mark(finding, &format!("/spec/backups/{name}/storageClasses"), "these moves");
        out.push(finding.instead("move later, or to a class that is colder than the one before"));
    }
    out
}
