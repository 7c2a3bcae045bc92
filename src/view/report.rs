//! `lifeboat.report/1`: what an auditor reads, failures first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{CheckView, FindingView};
use super::evidence::{ChainView, EvidenceView};
use super::plan::{IdentityView, PlanView, StepView};
use crate::model::units::plural;
use crate::report::{DrillReport, PolicyReport, Report, Verdict};

/// What `report` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportView {
    /// Always `lifeboat.report/1`.
    pub format: String,
    /// Version of lifeboat.
    pub tool: String,
    /// What was read: a commit, or the working folder.
    pub revision: String,
    /// SHA-256 over the resolved policies.
    pub policy_digest: String,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// Who asked; none when nobody could be asked.
    pub identity: Option<IdentityView>,
    /// The worst of everything.
    pub verdict: Verdict,
    /// In one sentence.
    pub headline: String,
    /// The policies, failures first.
    pub policies: Vec<PolicyReport>,
    /// The drills that left a record, failures first.
    pub drills: Vec<DrillReport>,
    /// What is not as the policies say.
    pub drift: DriftView,
    /// What is wrong with the policies.
    pub findings: Vec<FindingView>,
    /// The chains of evidence.
    pub evidence: LedgerView,
    /// What this report does not prove.
    pub not_proven: Vec<String>,
}

/// Policies against the real buckets and roles.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftView {
    /// No step is open and everything could be read: passed. Open steps: failed. Else unproven.
    pub verdict: Verdict,
    /// In words.
    pub sentence: String,
    /// How many settings are as they should be.
    pub settled: usize,
    /// The rest.
    pub steps: Vec<StepView>,
}

/// The chains of evidence.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerView {
    /// Whole, broken, or not read.
    pub verdict: Verdict,
    /// In words.
    pub sentence: String,
    /// Where it lies.
    pub place: Option<String>,
    /// The chains, broken ones first; their records are left out.
    pub chains: Vec<ChainView>,
}

/// What the view is made from.
#[derive(Debug)]
pub struct Parts<'a> {
    /// What was read.
    pub revision: &'a str,
    /// SHA-256 over the resolved policies.
    pub policy_digest: &'a str,
    /// The time, RFC 3339.
    pub made_at: String,
    /// What can be said of the policies.
    pub report: Report,
    /// Findings of the policies.
    pub check: CheckView,
    /// The plan, or why there is none.
    pub plan: Result<PlanView, String>,
    /// The evidence, or why it could not be read.
    pub evidence: Result<EvidenceView, String>,
}

impl ReportView {
    /// The view of all parts together.
    pub fn of(parts: Parts<'_>) -> Self {
        let identity = parts.plan.as_ref().ok().and_then(|plan| plan.identity.clone());
        let (drift, evidence) = (DriftView::of(parts.plan), LedgerView::of(parts.evidence));
        let Report { policies, drills } = parts.report;
        let errors = if parts.check.errors > 0 { Verdict::Failed } else { Verdict::Passed };
        let of_policies = policies.iter().map(|policy| policy.verdict).min().unwrap_or(Verdict::Unproven);
        let verdict = of_policies.min(drift.verdict).min(evidence.verdict).min(errors);
        let headline = headline(&policies, &drift, &evidence, parts.check.errors);
        let mut findings = parts.check.findings;
        findings.sort_by(|a, b| a.level.cmp(&b.level));
        Self {
            format: "lifeboat.report/1".to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            revision: parts.revision.to_owned(),
            policy_digest: parts.policy_digest.to_owned(),
            made_at: parts.made_at,
            identity,
            verdict,
            headline,
            not_proven: not_proven(&drift, &drills),
            policies,
            drills,
            drift,
            findings,
            evidence,
        }
    }
}

/// The policies first; then whatever makes the rest of the page less than calm.
fn headline(policies: &[PolicyReport], drift: &DriftView, evidence: &LedgerView, errors: usize) -> String {
    let count = |verdict: Verdict| policies.iter().filter(|policy| policy.verdict == verdict).count();
    let (failed, unproven, passed) = (count(Verdict::Failed), count(Verdict::Unproven), count(Verdict::Passed));
    let mut out = match (policies.len(), failed, unproven) {
        (0, ..) => "There is no policy, so nothing is promised".to_owned(),
        (1, 1, _) => "The one policy does not keep its promises".to_owned(),
        (1, 0, 1) => "The one policy is unproven".to_owned(),
        (1, 0, 0) => "The one policy keeps its promises, measured".to_owned(),
        (all, 0, 0) => format!("All {all} policies keep their promises, measured"),
        (all, 0, _) => format!("{passed} of {all} policies proven, {unproven} unproven"),
        (all, _, 0) => format!("{failed} of {all} policies failed"),
        (all, ..) => format!("{failed} of {all} policies failed, {unproven} unproven"),
    };
    if evidence.verdict == Verdict::Failed {
        out.push_str("; the evidence is broken");
    }
    if errors > 0 {
        out.push_str("; the policies have errors");
    }
    if drift.verdict == Verdict::Failed {
        out.push_str("; there is drift");
    }
    out
}

impl DriftView {
    fn of(plan: Result<PlanView, String>) -> Self {
        let plan = match plan {
            Ok(plan) => plan,
            Err(why) => return Self { verdict: Verdict::Unproven, sentence: format!("not compared: {why}"), settled: 0, steps: Vec::new() },
        };
        let settled = plan.groups.iter().map(|group| group.settled).sum();
        let mut steps: Vec<StepView> = plan.groups.into_iter().flat_map(|group| group.steps).collect();
        let rank = |step: &StepView| ["held", "unknown", "change"].iter().position(|kind| step.kind == *kind).unwrap_or(3);
        steps.sort_by_key(rank);
        for step in &mut steps {
            // The page shows what it means; the requests and whole documents are the plan's.
            step.requests.clear();
            step.from = None;
            step.to = None;
        }
        let unknown = steps.iter().filter(|step| step.kind == "unknown").count();
        let skipped = steps.iter().filter(|step| step.kind == "skipped").count();
        let open = steps.len() - unknown - skipped;
        let (verdict, sentence) = match (open, unknown) {
            (0, 0) => (Verdict::Passed, format!("all {settled} settings of buckets and roles are as the policies say")),
            (0, unknown) => (Verdict::Unproven, format!("{} could not be read, {settled} as the policies say", plural(unknown as u64, "setting"))),
            (open, 0) => (Verdict::Failed, format!("{open} of {} settings are not as the policies say", settled + open)),
            (open, unknown) => {
                (Verdict::Failed, format!("{open} of {} settings are not as the policies say, {unknown} could not be read", settled + open + unknown))
            }
        };
        Self { verdict, sentence, settled, steps }
    }
}

impl LedgerView {
    fn of(evidence: Result<EvidenceView, String>) -> Self {
        let evidence = match evidence {
            Ok(evidence) => evidence,
            Err(why) => return Self { verdict: Verdict::Unproven, sentence: format!("not read: {why}"), place: None, chains: Vec::new() },
        };
        let mut chains = evidence.chains;
        chains.sort_by_key(|chain| chain.whole);
        for chain in &mut chains {
            if let (Some(first), Some(last)) = (chain.records.first().cloned(), chain.records.last().cloned()) {
                chain.records = if first.sequence == last.sequence { vec![last] } else { vec![first, last] };
            }
        }
        let broken = chains.iter().filter(|chain| !chain.whole).count();
        let records: usize = chains.iter().map(|chain| chain.verified).sum();
        let (verdict, sentence) = match (chains.len(), broken) {
            (0, _) => (Verdict::Unproven, "no record was written yet".to_owned()),
            (1, 0) => (Verdict::Passed, format!("the chain is whole: {records} records verified")),
            (all, 0) => (Verdict::Passed, format!("all {all} chains are whole: {records} records verified")),
            (all, broken) => (Verdict::Failed, format!("{broken} of {all} chains broken; {records} records verified")),
        };
        Self { verdict, sentence, place: Some(evidence.place), chains }
    }
}

fn not_proven(drift: &DriftView, drills: &[DrillReport]) -> Vec<String> {
    let mut out = vec![
        "A backup is counted as complete because its manifest is in the bucket, and the newest because all that its manifest names is there in its size. That its content can be restored is proven only for the backups that a drill names.".to_owned(),
        "The recovery time is the one of a drill, on the drill's machine. Noticing the loss, deciding, and pointing applications to the new database come on top.".to_owned(),
        "Buckets, roles and backups are shown as they were read when this report was made. What happened in between two reports is not seen.".to_owned(),
        "Records cut off at the end of a chain leave no trace in it. Keep the newest reference of each chain elsewhere, and check it with: lifeboat evidence verify --noted REFERENCE".to_owned(),
        "A signature proves which key signed, not who held it. Whoever has a trusted private key and may write to the chain can add records.".to_owned(),
    ];
    let unknown = drift.steps.iter().filter(|step| step.kind == "unknown").count();
    if unknown > 0 {
        out.insert(0, format!("{} could not be read: nothing is said about that.", plural(unknown as u64, "setting")));
    }
    let skipped = drift.steps.iter().filter(|step| step.kind == "skipped").count();
    if skipped > 0 {
        out.insert(0, format!("{} not supported by the endpoint, and the policies go without: nothing protects there.", plural(skipped as u64, "setting")));
    }
    if drills.is_empty() {
        out.insert(0, "No drill left a record: nothing here shows that any backup can be restored.".to_owned());
    }
    out
}
