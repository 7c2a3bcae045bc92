//! Rule `classified-data-on-shared-runner`.

use super::{Check, Rule, RuleDocs};
use crate::model::finding::{Finding, Level};
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "classified-data-on-shared-runner",
    level: Level::Error,
    since: "0.1.0",
    summary: "classified data is restored on a machine that others share",
    docs: RuleDocs {
        checks: "That drills of a policy whose label `data` says anything but `public` or `internal` run on machines of your own: `runsOn` names `self-hosted`.",
        why: "A drill restores the whole database. On a shared runner its disk, memory and logs are not yours.",
        example: "drills: {weekly: {runsOn: [ubuntu-latest]}}",
        instead: "drills: {weekly: {runsOn: [self-hosted, linux]}}",
        when: "When the data is masked before it is backed up; then say `data: internal`.",
    },
    check: Check::Policy(check),
};

/// Classes of data that may be seen by whoever runs the machine.
const HARMLESS: &[&str] = &["public", "internal"];

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let labels = &policy.policy.metadata.labels;
    let Some(class) = labels.get("data").filter(|class| !HARMLESS.contains(&class.as_str())) else { return Vec::new() };
    let shared = policy.policy.spec.drills.iter().filter(|(_, drill)| !drill.runs_on.iter().any(|label| label == "self-hosted"));
    let each = shared.map(|(name, drill)| {
        let finding = Finding::error(format!("drill `{name}` restores {class} data on a shared runner"));
        let pointer = if drill.runs_on.is_empty() { format!("/spec/drills/{name}") } else { format!("/spec/drills/{name}/runsOn") };
        let finding = policy.mark(finding, &pointer, "not a machine of your own");
        let finding = policy.mark(finding, "/metadata/labels/data", "classified here");
        finding.why("a drill restores the whole database there").instead("write runsOn: [self-hosted], and run it there")
    });
    each.collect()
}
