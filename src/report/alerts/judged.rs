//! Standing → conditions: what is not well, what is proven well, and what is not known. Pure.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::super::expected::EARLY;
use super::super::status::{ReleaseStanding, SetStanding, Standing, text};
use super::super::{DrillStanding, Verdict};
use super::{Condition, Disk, Judged, Now};

/// What is known besides the standing of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// When the status was taken.
    pub at: Timestamp,
    /// Why the evidence could not be read; none = it was, or none is kept.
    pub evidence: Option<&'a str>,
    /// How much of the disk that drills restore to may be used, in percent, if the policy says so.
    pub disk_limit: Option<f64>,
    /// How full it is, where it was looked at.
    pub disk: Option<&'a Disk>,
}

/// Judges everything that somebody may have to be told of a policy.
pub fn judged(policy: &Standing, around: &Around<'_>) -> Judged {
    let mut out = Judged { policy: policy.policy.clone(), is_whole: policy.unknown.is_none(), all: BTreeMap::new() };
    let mut add = |kind: &str, name: &str, now: Now| drop(out.all.insert(format!("{kind} {name}"), now));
    let of_policy = policy.policy.as_str();
    match &policy.unknown {
        Some(why) => add("unknown", of_policy, open("", format!("what lies there is not known: {why}"))),
        None => {
            add("unknown", of_policy, Now::Well);
            let rpo = match policy.rpo.verdict {
                Verdict::Passed => Now::Well,
                Verdict::Failed => open("", policy.rpo.sentence.clone()),
                Verdict::Unproven => Now::Unknown,
            };
            add("rpo", of_policy, rpo);
        }
    }
    for set in &policy.sets {
        for (kind, now) in of_set(set, around.at) {
            add(kind, &format!("{of_policy}/{}", set.set), now);
        }
    }
    if !policy.rehearsals.is_empty() {
        let unread = around.evidence.map_or(Now::Well, |why| open("", format!("what drills proved is not known: {why}")));
        add("drills-unknown", of_policy, unread);
    }
    for drill in &policy.rehearsals {
        let name = format!("{of_policy}/{}", drill.name);
        add("drill-failed", &name, fallen(drill));
        add("drill-missed", &name, if around.evidence.is_some() { Now::Unknown } else { missed(drill) });
    }
    if let Some(limit) = around.disk_limit {
        add("disk", of_policy, around.disk.map_or(Now::Unknown, |disk| full(disk, limit)));
    }
    out
}

fn open(detail: &str, sentence: String) -> Now {
    Now::Open(Condition { detail: detail.to_owned(), sentence })
}

/// The newest of these moments that nothing made good since; else what is proven by what is there.
fn since(moments: &[String], proven: Option<Timestamp>, sentence: impl Fn(&str) -> String) -> Now {
    let late = |at: &&String| proven.is_none_or(|proven| moment(at).is_none_or(|at| at > proven));
    match moments.iter().filter(late).max() {
        Some(at) => open(at, sentence(at)),
        None => proven.map_or(Now::Unknown, Now::WellUpTo),
    }
}

fn failed(began: &str) -> String {
    format!("the run that began at {} never completed", minute(began))
}

fn unsent(began: &str) -> String {
    format!("the upload of the run that began at {} failed: the bucket did not take it", minute(began))
}

/// How a run failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed<'a> {
    /// At which step.
    pub step: &'a str,
    /// Whether it began in the bucket and bears no mark of that step there.
    pub unmarked: bool,
}

impl<'a> Failed<'a> {
    /// Failed at a step which the bucket tells, or in a run that never began there.
    pub const fn at(step: &'a str) -> Self {
        Self { step, unmarked: false }
    }
}

/// What a run that just ended says of its set: at which step it failed, or that it is complete. Of nothing else anything is known. It is named as
/// whoever looks later will name it: an upload that failed without a mark is then a run that never completed.
pub fn backup_ended(policy: &str, set: &str, (began, now): (Timestamp, Timestamp), failed_at: Option<Failed<'_>>) -> Judged {
    let (began_at, name) = (text(began), format!("{policy}/{set}"));
    let all = match failed_at {
        Some(Failed { step: "upload", unmarked }) => {
            let kind = if unmarked { "backup-failed" } else { "upload-failed" };
            vec![(kind, open(&text(now), unsent(&began_at)))]
        }
        Some(_) => vec![("backup-failed", open(&text(now), failed(&began_at)))],
        None => {
            let early = began.checked_add(SignedDuration::from_secs(EARLY)).unwrap_or(began);
            vec![("backup-failed", Now::WellUpTo(began)), ("upload-failed", Now::WellUpTo(began)), ("backup-missed", Now::WellUpTo(early))]
        }
    };
    Judged { policy: policy.to_owned(), is_whole: false, all: all.into_iter().map(|(kind, now)| (format!("{kind} {name}"), now)).collect() }
}

/// What a drill that just ended says of itself; one that could not even begin has failed. Of nothing else anything is known: nor
/// of a failure before, which may be of a newer backup, unless the drill was of the newest (`of_newest`).
pub fn drill_ended((policy, drill): (&str, &str), now: Timestamp, verdict: Verdict, of_newest: bool, why: &str) -> Judged {
    let (at, sentence) = (text(now), if why.is_empty() { verdict.as_str().to_owned() } else { format!("{}: {why}", verdict.as_str()) });
    let all = match verdict {
        Verdict::Failed => vec![("drill-failed", open(&at, sentence))],
        Verdict::Unproven => vec![("drill-missed", open(&at, sentence))],
        Verdict::Passed if of_newest => vec![("drill-failed", Now::WellUpTo(now)), ("drill-missed", Now::WellUpTo(now))],
        Verdict::Passed => vec![("drill-missed", Now::WellUpTo(now))],
    };
    let key = |kind: &str| format!("{kind} {policy}/{drill}");
    Judged { policy: policy.to_owned(), is_whole: false, all: all.into_iter().map(|(kind, now)| (key(kind), now)).collect() }
}

fn of_set(set: &SetStanding, at: Timestamp) -> Vec<(&'static str, Now)> {
    let newest = set.last().and_then(moment);
    let early = |at: Timestamp| at.checked_add(SignedDuration::from_secs(EARLY)).unwrap_or(at);
    let missed = |at: &str| format!("the run of {} left no complete backup", minute(at));
    let mut out = Vec::new();
    let Some(pitr) = &set.pitr else {
        out.push(("release-overdue", set.release.as_ref().map_or(Now::Unknown, overdue)));
        out.push(("backup-missed", since(&set.missed, newest.map(early), missed)));
        let others: Vec<String> = set.failed.iter().filter(|at| !set.upload_failed.contains(at)).cloned().collect();
        out.push(("backup-failed", since(&others, newest, failed)));
        out.push(("upload-failed", since(&set.upload_failed, newest, unsent)));
        let damage = set.damaged.iter().next_back();
        out.push(("backup-damaged", damage.map_or(Now::Well, |(id, why)| open(id, format!("backup {id} is not whole: {why}")))));
        return out;
    };
    if let Some(why) = &pitr.unknown {
        let kinds = ["backup-missed", "backup-failed", "full-missed", "wal-late", "wal-gap", "window-short"];
        out.push(("unknown", open("", format!("what lies there is not known: {why}"))));
        out.extend(kinds.map(|kind| (kind, Now::Unknown)));
        return out;
    }
    out.push(("unknown", Now::Well));
    let any: Vec<String> = set.missed.iter().filter(|at| !pitr.missed_full.contains(at)).cloned().collect();
    out.push(("backup-missed", since(&any, newest.map(early), missed)));
    out.push(("backup-failed", since(&set.failed, newest, |at| format!("by its engine the run that ended at {} failed", minute(at)))));
    let full = pitr.last_full.as_deref().and_then(moment).map(early);
    out.push(("full-missed", since(&pitr.missed_full, full, |at| format!("the run of {} left no complete full backup", minute(at)))));
    let is_late = pitr.lag_seconds.is_none_or(|lag| pitr.max_lag_seconds.is_some_and(|most| lag > most));
    let sentence = || pitr.sentence.clone().unwrap_or_else(|| "nothing archived can be replayed".to_owned());
    out.push(("wal-late", if is_late { open("", sentence()) } else { Now::Well }));
    // Inside of the window that is promised; without a promise as long as no complete backup is behind it.
    let window = pitr.window_seconds.unwrap_or(0).max(1);
    let reaches = |to: &str| moment(to).is_none_or(|to| u64::try_from(at.as_second() - to.as_second()).is_ok_and(|age| age < window));
    let gap = set.gaps.iter().filter(|gap| reaches(&gap.to)).max_by(|a, b| a.from.cmp(&b.from));
    let sentence = |from: &str, to: &str| format!("WAL is missing: nothing between {} and {} can be restored", minute(from), minute(to));
    // Where nothing can be restored, or a backup could not be read, that no gap is seen proves nothing.
    let none = if set.points > 0 && pitr.unread == 0 { Now::Well } else { Now::Unknown };
    let long = if pitr.window_seconds.is_none() || set.is_window_short().is_some() { Now::Well } else { Now::Unknown };
    out.push(("window-short", pitr.short.as_ref().map_or(long, |why| open("", why.clone()))));
    out.push(("wal-gap", gap.map_or(none, |gap| open(&gap.from, sentence(&gap.from, &gap.to)))));
    out
}

/// What is not known is neither overdue nor well.
fn overdue(release: &ReleaseStanding) -> Now {
    match (&release.unknown, release.overdue) {
        (Some(_), _) => Now::Unknown,
        (None, 0) => Now::Well,
        (None, _) => open("", format!("the keeper has not released {}", release.sentence())),
    }
}

/// A later drill that passed makes a failed one good; one that is overdue, or proved nothing, does not.
fn fallen(drill: &DrillStanding) -> Now {
    match drill.verdict {
        Verdict::Failed => open(drill.at.as_deref().unwrap_or(""), drill.sentence.clone()),
        Verdict::Passed | Verdict::Unproven => after(drill).map_or(Now::Unknown, Now::WellUpTo),
    }
}

fn missed(drill: &DrillStanding) -> Now {
    match drill.verdict {
        Verdict::Passed => drill.passed_at.as_deref().and_then(moment).map_or(Now::Unknown, Now::WellUpTo),
        Verdict::Unproven => open(drill.at.as_deref().unwrap_or(""), drill.sentence.clone()),
        Verdict::Failed => after(drill).map_or(Now::Unknown, Now::WellUpTo),
    }
}

/// Everything before the newest drill that passed.
fn after(drill: &DrillStanding) -> Option<Timestamp> {
    moment(drill.passed_at.as_deref()?)?.checked_sub(SignedDuration::from_nanos(1)).ok()
}

fn full(disk: &Disk, limit: f64) -> Now {
    #[expect(clippy::cast_precision_loss, reason = "a percentage")]
    let used = disk.used_percent() as f64;
    if used > limit { open("", format!("the disk of {} is used to {used} %, and {limit} % are allowed: drills restore there", disk.folder)) } else { Now::Well }
}

fn moment(at: &str) -> Option<Timestamp> {
    at.parse().ok()
}

fn minute(at: &str) -> String {
    moment(at).map_or_else(|| at.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
