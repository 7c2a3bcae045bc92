//! Rule `never-drilled`.

use super::{Check, Rule, RuleDocs};
use crate::model::finding::{Finding, Level};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "never-drilled",
    level: Level::Error,
    since: "0.1.0",
    summary: "a backup set that no drill restores, or a drill of a set that does not exist",
    docs: RuleDocs {
        checks: "That every backup set is named by at least one drill, and that drills name sets that exist.",
        why: "A backup that was never restored is a hope. Of 43 measured kinds of damage to an archive, reading its table of contents noticed 11; restoring it and comparing contents noticed all.",
        example: "drills: {weekly: {backups: [hourly]}}",
        instead: "drills: {weekly: {backups: [nightly]}}",
        when: "Never for data that matters. Take out a set that nobody needs.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let mut out = Vec::new();
    for set in spec.backups.keys().filter(|set| !spec.drills.values().any(|drill| drill.backups.contains(set))) {
        let finding = Finding::error(format!("backup set `{set}` is never drilled"));
        let finding = policy.mark(finding, &format!("/spec/backups/{set}"), "no drill names this set");
        out.push(finding.why("whether it can be restored is not known until it must be").instead(format!("add `{set}` to the backups of a drill")));
    }
    for (name, drill) in &spec.drills {
        for (at, set) in drill.backups.iter().enumerate().filter(|(_, set)| !spec.backups.contains_key(*set)) {
            if let Some(physical) = spec.backups.physical.get(set) {
                let finding = Finding::error(format!("drill `{name}` names backup set `{set}`, which lifeboat does not restore"));
                let finding = policy.mark(finding, &format!("/spec/drills/{name}/backups/{at}"), "restored by its own engine only");
                out.push(finding.why(format!("it is read and watched; {} restores it", physical.engine.as_str())).instead("take it out of the drill"));
                continue;
            }
            let known: Vec<String> = spec.backups.keys().map(|set| format!("`{set}`")).collect();
            let finding = Finding::error(format!("drill `{name}` names backup set `{set}`, which does not exist"));
            let finding = policy.mark(finding, &format!("/spec/drills/{name}/backups/{at}"), "not a set of this policy");
            out.push(finding.why("it would restore nothing, and prove nothing").instead(format!("the sets are {}", known.join(", "))));
        }
    }
    out
}
