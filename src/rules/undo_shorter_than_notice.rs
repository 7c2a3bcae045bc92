//! Rule `undo-shorter-than-notice`.

use super::{Check, Rule, RuleDocs, schedule};
use crate::model::finding::{Finding, Level};
use crate::model::units::Span;
use crate::policy::LoadedPolicy;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "undo-shorter-than-notice",
    level: Level::Warning,
    since: "0.1.0",
    summary: "what expired or was overwritten is gone before a drill would notice",
    docs: RuleDocs {
        checks: "That noncurrent versions are kept for longer than drills can be apart, by the longest wait of a year.",
        why: "An overwritten or deleted backup is noticed by the next drill at the latest. Until then its old version is all there is, and after `noncurrent.keepDays` S3 removes that too.",
        example: "storage: {noncurrent: {keepDays: 5}}",
        instead: "storage: {noncurrent: {keepDays: 8}}",
        when: "Where the listing of the bucket is watched by something else every day.",
    },
    check: Check::Policy(check),
};

fn check(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let days = spec.storage.noncurrent.keep_days;
    let waits = spec.drills.iter().filter_map(|(name, drill)| Some((schedule::longest_wait(&drill.schedule)?, name)));
    let Some((wait, drill)) = waits.min().filter(|(wait, _)| *wait > u64::try_from(days).unwrap_or(0) * 86_400) else { return Vec::new() };
    let longest = Span::seconds(wait);
    let finding = Finding::error(format!("what is overwritten can be brought back for {days} d, and drills can be {longest} apart"));
    let finding = policy.mark(finding, "/spec/storage/noncurrent/keepDays", format!("{days} d to undo"));
    let finding = policy.mark(finding, &format!("/spec/drills/{drill}/schedule/cron"), format!("the longest wait of a year is {longest}"));
    let finding = finding.why("a loss may be noticed only when it can no longer be undone");
    vec![finding.instead(format!("keep them for {} d or more, or drill more often", wait.div_ceil(86_400)))]
}
