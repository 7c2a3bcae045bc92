//! What drill records say, read leniently: what is missing is unknown, and what is unknown does not pass.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{DrillStanding, Proof, Verdict, text};
use crate::evidence::record::Kind;
use crate::model::policy::Drill;
use crate::model::units::elapsed;
use crate::rules::schedule;

/// One drill, as its record says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrillReport {
    /// Its policy.
    pub policy: Option<String>,
    /// Its name.
    pub drill: Option<String>,
    /// The backup set.
    pub set: Option<String>,
    /// The backup that was restored.
    pub backup: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// Why it does not pass, where the record does not say it.
    pub doubt: Option<String>,
    /// Whether it is the newest record of this drill and this set.
    pub latest: bool,
    /// How it was kept from the rest of the world.
    pub isolation: Option<String>,
    /// When the record was written, RFC 3339.
    pub at: String,
    /// Its phases.
    pub phases: Vec<PhaseReport>,
    /// How many checks passed.
    pub passed: u64,
    /// How many checks there were.
    pub checks: u64,
    /// The checks that did not pass, failures first.
    pub failing: Vec<CheckReport>,
    /// The checks that passed with something worth a sentence.
    #[serde(default)]
    pub noted: Vec<CheckReport>,
    /// The restore time measured.
    pub rto_seconds: Option<u64>,
    /// What lies behind a failure.
    pub cause: Option<String>,
    /// What to do.
    pub next: Option<String>,
    /// The record.
    pub evidence: String,
}

/// One phase of a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhaseReport {
    /// Its name.
    pub name: String,
    /// How long it took.
    pub millis: Option<u64>,
    /// What there is to say.
    pub note: Option<String>,
}

/// One check that did not pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// Its id.
    pub id: String,
    /// What it asks.
    pub title: String,
    /// The database.
    pub database: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// In a sentence.
    pub detail: Option<String>,
}

/// The drills of all records, in the order of the records.
pub(super) fn read(proofs: &[Proof<'_>]) -> Vec<DrillReport> {
    let mut out: Vec<DrillReport> = proofs.iter().filter(|(_, record)| record.kind == Kind::Drill).map(one).collect();
    for at in 0..out.len() {
        let newest = |other: &DrillReport| (other.at.clone(), other.evidence.clone());
        let subject = |report: &DrillReport| (report.policy.clone(), report.drill.clone(), report.set.clone());
        out[at].latest = !out.iter().any(|other| subject(other) == subject(&out[at]) && newest(other) > newest(&out[at]));
    }
    out
}

fn one((reference, record): &Proof<'_>) -> DrillReport {
    let body = &record.body;
    let phases = list(body, "phases").map(|phase| PhaseReport {
        name: text(phase, "/name").unwrap_or_else(|| "unnamed".to_owned()),
        millis: phase.get("millis").and_then(Value::as_u64),
        note: text(phase, "/note"),
    });
    let checks: Vec<CheckReport> = list(body, "checks").map(check).collect();
    let noted: Vec<CheckReport> = list(body, "checks").filter(|value| is_noted(value)).map(check).collect();
    let (verdict, doubt) = judge(body, record.policy.as_deref(), &checks);
    let mut failing: Vec<CheckReport> = checks.iter().filter(|check| check.verdict != Verdict::Passed).cloned().collect();
    failing.sort_by_key(|check| check.verdict);
    DrillReport {
        policy: text(body, "/policy").or_else(|| record.policy.clone()),
        drill: text(body, "/drill"),
        set: text(body, "/set"),
        backup: text(body, "/backup"),
        verdict,
        doubt,
        latest: false,
        isolation: text(body, "/isolation"),
        at: record.at.clone(),
        phases: phases.collect(),
        passed: (checks.len() - failing.len() - noted.len()) as u64,
        checks: checks.len() as u64,
        failing,
        noted,
        rto_seconds: body.pointer("/objectives/rtoSeconds").and_then(seconds),
        cause: text(body, "/cause"),
        next: text(body, "/next"),
        evidence: reference.to_string(),
    }
}

/// A number of seconds; a fraction counts as a whole one more.
fn seconds(value: &Value) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range that was looked at")]
    value.as_u64().or_else(|| value.as_f64().filter(|seconds| (0.0..=1e12).contains(seconds)).map(|seconds| seconds.ceil() as u64))
}

fn list<'a>(body: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    body.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn check(value: &Value) -> CheckReport {
    let id = text(value, "/id").unwrap_or_else(|| "unnamed".to_owned());
    CheckReport {
        title: text(value, "/title").unwrap_or_else(|| id.clone()),
        id,
        database: text(value, "/database"),
        verdict: word(text(value, "/outcome").as_deref()),
        detail: text(value, "/detail"),
    }
}

/// Passed, and something beside it is worth a sentence.
const NOTED: &str = "noted";

fn is_noted(check: &Value) -> bool {
    text(check, "/outcome").as_deref() == Some(NOTED)
}

fn word(text: Option<&str>) -> Verdict {
    match text {
        Some("passed" | NOTED) => Verdict::Passed,
        Some("failed") => Verdict::Failed,
        _ => Verdict::Unproven,
    }
}

/// The record's own verdict, unless the rest of the record does not bear it out.
fn judge(body: &Value, policy: Option<&str>, checks: &[CheckReport]) -> (Verdict, Option<String>) {
    let said = text(body, "/verdict");
    let verdict = word(said.as_deref());
    let worst = checks.iter().map(|check| check.verdict).min();
    let doubt = |why: &str| Some(why.to_owned());
    match text(body, "/format").as_deref() {
        Some("lifeboat.drill/1") => {}
        Some(_) => return (verdict.min(Verdict::Unproven), doubt("its record is of a format that this lifeboat does not read")),
        None => return (verdict.min(Verdict::Unproven), doubt("its record names no format")),
    }
    // A check may be noted; a verdict is one of three.
    let verdict = if said.as_deref() == Some(NOTED) { Verdict::Unproven } else { verdict };
    match (verdict, worst) {
        (Verdict::Passed, _) if text(body, "/policy").as_deref() != policy => (Verdict::Unproven, doubt("its record names two different policies")),
        (Verdict::Passed, None) => (Verdict::Unproven, doubt("it says passed, but holds no check")),
        (Verdict::Passed, Some(Verdict::Failed)) => (Verdict::Failed, doubt("it says passed, but a check failed")),
        (Verdict::Passed, Some(Verdict::Unproven)) => (Verdict::Unproven, doubt("it says passed, but a check did not answer")),
        (Verdict::Unproven, _) if said.as_deref() != Some("unproven") => (Verdict::Unproven, doubt("its record holds no verdict")),
        (verdict, _) => (verdict, None),
    }
}

/// How a drill of a policy stands now: the worst of its sets, each by its newest record, unless that is older than the schedule allows.
pub(super) fn standing(name: &str, drill: &Drill, own: &[&DrillReport], now: Timestamp, unreadable: Option<&str>) -> DrillStanding {
    if let Some(why) = unreadable {
        return nothing(name, format!("the evidence could not be read: {why}"));
    }
    let of_drill: Vec<&DrillReport> = own.iter().copied().filter(|report| report.drill.as_deref() == Some(name)).collect();
    let [_, _, ..] = drill.backups.as_slice() else { return of_set(name, drill, &of_drill, now) };
    let each = drill.backups.iter().map(|set| {
        let of_set_only: Vec<&DrillReport> = of_drill.iter().copied().filter(|report| report.set.as_deref() == Some(set.0.as_str())).collect();
        let standing = of_set(name, drill, &of_set_only, now);
        DrillStanding { sentence: format!("{set}: {}", standing.sentence), ..standing }
    });
    let each: Vec<DrillStanding> = each.collect();
    let all_passed: Option<Vec<&String>> = each.iter().map(|standing| standing.passed_at.as_ref()).collect();
    let passed_at = all_passed.and_then(|all| all.into_iter().min().cloned());
    let worst = each.iter().min_by_key(|standing| (standing.verdict, std::cmp::Reverse(standing.at.clone()))).cloned();
    worst.map_or_else(|| nothing(name, "it names no backup set".to_owned()), |worst| DrillStanding { passed_at, ..worst })
}

fn nothing(name: &str, sentence: String) -> DrillStanding {
    DrillStanding { name: name.to_owned(), verdict: Verdict::Unproven, sentence, at: None, passed_at: None, evidence: None }
}

/// How it stands by these records, of one set.
fn of_set(name: &str, drill: &Drill, records: &[&DrillReport], now: Timestamp) -> DrillStanding {
    let Some(last) = records.iter().max_by_key(|report| (&report.at, &report.evidence)) else {
        return nothing(name, "it left no record: it never ran, or its records are gone".to_owned());
    };
    let age_of = |at: &str| at.parse::<Timestamp>().ok().and_then(|at| u64::try_from(now.as_second() - at.as_second()).ok());
    let standing = failures(records);
    // What an older backup proves is not proven of the one that failed.
    let (last, since) = match standing.last() {
        Some(failed) if last.verdict == Verdict::Passed => (failed, ", and only an older backup passed since"),
        _ => (last, ""),
    };
    let age = age_of(&last.at);
    let allowed = schedule::longest_wait(&drill.schedule).map(|wait| wait + drill.timeout.as_secs());
    let (verdict, sentence) = match (last.verdict, age, allowed) {
        (Verdict::Passed, None, _) => (Verdict::Unproven, "its newest record lies in the future".to_owned()),
        (Verdict::Passed, Some(age), Some(allowed)) if age > allowed => {
            (Verdict::Unproven, format!("it passed {} ago, and is overdue by {}", elapsed(age * 1000), elapsed((age - allowed) * 1000)))
        }
        (verdict, age, _) => {
            let ago = age.map_or_else(|| "at an unknown time".to_owned(), |age| format!("{} ago", elapsed(age * 1000)));
            (verdict, format!("{} {ago}{since}", verdict.as_str()))
        }
    };
    let before = |report: &DrillReport| standing.first().is_none_or(|failed| report.at < failed.at);
    let passed = records.iter().filter(|report| report.verdict == Verdict::Passed && age_of(&report.at).is_some() && before(report));
    DrillStanding {
        name: name.to_owned(),
        verdict,
        sentence,
        at: Some(last.at.clone()),
        passed_at: passed.map(|report| report.at.clone()).max(),
        evidence: Some(last.evidence.clone()),
    }
}

/// The failures that stand, in order: of backups such that neither they nor newer ones passed since. An id begins with its time.
fn failures<'a>(records: &[&'a DrillReport]) -> Vec<&'a DrillReport> {
    let mut ordered = records.to_vec();
    ordered.sort_by_key(|report| std::cmp::Reverse((&report.at, &report.evidence)));
    let (mut passed, mut out): (Option<Option<&str>>, Vec<&DrillReport>) = (None, Vec::new());
    for report in ordered {
        let backup = report.backup.as_deref();
        match report.verdict {
            Verdict::Passed => passed = passed.max(Some(backup)),
            Verdict::Failed if passed.is_none_or(|passed| passed < backup) => out.push(report),
            Verdict::Failed | Verdict::Unproven => {}
        }
    }
    out.reverse();
    out
}
