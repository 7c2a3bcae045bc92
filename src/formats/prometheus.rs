//! `status` in the text format of Prometheus (prometheus.io, exposition formats), for the textfile collector.
//!
//! What is not known has no sample: a gauge that is missing can be alerted on, one that is wrong cannot.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::report::Verdict;
use crate::report::alerts::Disk;
use crate::report::status::{SetStanding, Standing};
use crate::view::status::StatusView;

struct Family {
    name: &'static str,
    help: &'static str,
    samples: Vec<(String, u64)>,
}

/// Renders the gauges of a status.
pub fn render(view: &StatusView) -> String {
    let mut out = String::new();
    let taken = Family {
        name: "lifeboat_status_timestamp_seconds",
        help: "When this was read",
        samples: moment(&view.at).map(|at| (String::new(), at)).into_iter().collect(),
    };
    let families = [taken].into_iter().chain(of_policies(view)).chain([of_drills(view)]).chain(of_sets(view)).chain(of_disk(view));
    for family in families.filter(|family| !family.samples.is_empty()) {
        let _ = writeln!(out, "# HELP {} {}\n# TYPE {} gauge", family.name, family.help, family.name);
        for (labels, value) in &family.samples {
            let _ = writeln!(out, "{}{labels} {value}", family.name);
        }
    }
    out
}

fn of_policy(view: &StatusView, name: &'static str, help: &'static str, value: impl Fn(&Standing) -> Option<u64>) -> Family {
    let samples = view.policies.iter().filter_map(|policy| Some((format!("{{policy=\"{}\"}}", escaped(&policy.policy)), value(policy)?)));
    Family { name, help, samples: samples.collect() }
}

fn of_policies(view: &StatusView) -> Vec<Family> {
    vec![
        of_policy(view, "lifeboat_rpo_objective_seconds", "How much may be lost at the most", |policy| Some(policy.rpo.limit_seconds)),
        of_policy(view, "lifeboat_rpo_seconds", "How much would be lost now", |policy| policy.rpo.measured_seconds),
        of_policy(view, "lifeboat_rto_objective_seconds", "How long a restore may take", |policy| Some(policy.rto.limit_seconds)),
        of_policy(view, "lifeboat_rto_seconds", "How long the last drill took", |policy| policy.rto.measured_seconds),
        of_policy(view, "lifeboat_objectives_met", "Whether backups are young enough and drills passed", |policy| Some(u64::from(policy.is_kept()))),
        of_policy(view, "lifeboat_drill_passed_timestamp_seconds", "When a drill last passed", |policy| moment(policy.verified_at.as_ref()?)),
        of_policy(view, "lifeboat_drills_proven", "Whether every drill is proven", |policy| Some(u64::from(policy.drills? == Verdict::Passed))),
        of_policy(view, "lifeboat_oldest_restore_point_timestamp_seconds", "The oldest restore point", |policy| moment(policy.oldest.as_ref()?)),
        of_policy(view, "lifeboat_listed", "Whether the backups could be listed", |policy| Some(u64::from(policy.unknown.is_none()))),
    ]
}

fn of_set(view: &StatusView, name: &'static str, help: &'static str, value: impl Fn(&SetStanding) -> Option<u64>) -> Family {
    let sets = view.policies.iter().flat_map(|policy| policy.sets.iter().map(move |set| (policy, set)));
    let samples = sets.filter_map(|(policy, set)| {
        let labels = format!("{{policy=\"{}\",set=\"{}\"}}", escaped(&policy.policy), escaped(&set.set));
        Some((labels, value(set)?))
    });
    Family { name, help, samples: samples.collect() }
}

fn of_sets(view: &StatusView) -> Vec<Family> {
    vec![
        of_set(view, "lifeboat_backup_success_timestamp_seconds", "When the newest complete backup was begun; of a physical set when it ended", |set| {
            moment(set.last()?)
        }),
        of_set(view, "lifeboat_backup_bytes", "Size of the newest complete backup", |set| set.newest_bytes),
        of_set(view, "lifeboat_backup_duration_seconds", "How long it took, from its beginning until S3 had all of it", |set| set.newest_seconds),
        of_set(view, "lifeboat_backup_upload_seconds", "For how long of that something was on its way to the bucket", |set| set.newest_upload_seconds),
        of_set(view, "lifeboat_backup_interval_seconds", "The longest that two scheduled runs are apart", |set| set.interval_seconds),
        of_set(view, "lifeboat_restore_points", "How many restore points there are", |set| known(set, set.points as u64)),
        of_set(view, "lifeboat_stored_bytes", "Size of all of them", |set| known(set, set.bytes)),
        of_set(view, "lifeboat_missed_runs", "Scheduled runs of the last seven days that left nothing complete", |set| known(set, set.missed.len() as u64)),
        of_set(view, "lifeboat_failed_runs", "Runs of the last seven days that began and never completed", |set| known(set, set.failed.len() as u64)),
        of_set(view, "lifeboat_failed_uploads", "Those of them that failed as the bucket did not take them", |set| Some(set.upload_failed.len() as u64)),
        of_set(view, "lifeboat_damaged_backups", "Backups that have a manifest and are not whole", |set| known(set, set.damaged.len() as u64)),
        of_set(view, "lifeboat_release_overdue", "Backups that were to be released more than two days ago and bear no tag", overdue),
        of_set(view, "lifeboat_archive_lag_seconds", "How long ago the newest WAL was stored that can be replayed", |set| set.pitr.as_ref()?.lag_seconds),
        of_set(view, "lifeboat_archive_lag_limit_seconds", "How long ago that may be", |set| set.pitr.as_ref()?.max_lag_seconds),
        of_set(view, "lifeboat_window_objective_seconds", "How far back any moment must be restorable", |set| set.pitr.as_ref()?.window_seconds),
        of_set(view, "lifeboat_window_short", "Whether it reaches back less far than that although it is old enough", |set| {
            set.is_window_short().map(u64::from)
        }),
        of_set(view, "lifeboat_gaps", "Stretches without a restore point that schedule and retention do not explain", |set| known(set, set.gaps.len() as u64)),
    ]
}

/// None where the repository could not be read: nought would be a claim.
fn known(set: &SetStanding, number: u64) -> Option<u64> {
    set.pitr.as_ref().is_none_or(|pitr| pitr.unknown.is_none()).then_some(number)
}

/// None where it is not known: that is neither overdue nor well.
fn overdue(set: &SetStanding) -> Option<u64> {
    set.release.as_ref().filter(|release| release.unknown.is_none()).map(|release| release.overdue)
}

fn of_drills(view: &StatusView) -> Family {
    let drills = view.policies.iter().flat_map(|policy| policy.rehearsals.iter().map(move |drill| (policy, drill)));
    let samples = drills.map(|(policy, drill)| {
        let labels = format!("{{policy=\"{}\",drill=\"{}\"}}", escaped(&policy.policy), escaped(&drill.name));
        (labels, u64::from(drill.verdict == Verdict::Passed))
    });
    Family { name: "lifeboat_drill_proven", help: "Whether a drill passed and is not overdue", samples: samples.collect() }
}

fn of_disk(view: &StatusView) -> [Family; 2] {
    let of = |name, help, value: fn(&Disk) -> u64| {
        let samples = view.disk.iter().map(|disk| (format!("{{folder=\"{}\"}}", escaped(&disk.folder)), value(disk)));
        Family { name, help, samples: samples.collect() }
    };
    [
        of("lifeboat_drill_disk_bytes", "Size of the disk that drills of this machine restore to", |disk| disk.bytes),
        of("lifeboat_drill_disk_free_bytes", "What is free on it", |disk| disk.free_bytes),
    ]
}

/// Seconds since 1970 of a moment in RFC 3339.
fn moment(at: &str) -> Option<u64> {
    u64::try_from(at.parse::<Timestamp>().ok()?.as_second()).ok()
}

/// A label value: backslash, quote and line end are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
