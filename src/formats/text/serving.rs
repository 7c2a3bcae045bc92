//! `explain restore` as text: the verdict first, then what it means, then lines to copy.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::super::paint::{Label, Paint};
use super::{tamed, wrap};
use crate::model::units::{bytes, elapsed, plural};
use crate::report::reading::{Reading, Way};
use crate::view::serving::{ServingBackup, ServingView};

mod physical;

/// Renders the answer; `exit` is the code that the command will end with.
pub fn serving(view: &ServingView, exit: u8, paint: Paint) -> String {
    let view = &tamed(view);
    let local = view.at_local.as_ref().map_or_else(String::new, |local| format!(" ({local})"));
    let heading = format!("restore {}/{} as it was at {}{local}", view.policy, view.set, clock(&view.at));
    let (label, verdict) = view.pitr.as_ref().map_or_else(|| verdict(view), |pitr| physical::verdict(view, pitr));
    let mut out = format!("{}\n\n{}\n", paint.text(Label::Strong, &heading), paint.text(label, &format!("{verdict} · exit {exit}")));
    match (&view.pitr, &view.backup) {
        (Some(pitr), _) => physical::serves(&mut out, view, pitr),
        (None, Some(backup)) => serves(&mut out, view, backup),
        (None, None) => {}
    }
    near(&mut out, view);
    for expired in &view.expired {
        line(&mut out, "expired", &format!("{} is hidden since {}, and can be brought back:", expired.id, clock(&expired.since)));
        let _ = writeln!(out, "             {}", expired.command);
    }
    for note in &view.notes {
        line(&mut out, "note", note);
    }
    if !view.commands.is_empty() {
        out.push('\n');
    }
    for command in &view.commands {
        let _ = writeln!(out, "{}\n{}", paint.text(Label::Dim, &format!("# {}", command.what)), command.line);
    }
    out
}

fn near(out: &mut String, view: &ServingView) {
    let is_physical = view.pitr.is_some();
    if let Some(near) = &view.before {
        let at = clock(&near.snapshot_at);
        // An older backup of a physical set is another way to the same moment.
        if is_physical {
            line(out, "also from", &format!("{}, which ended {at}: the WAL reaches that moment from there too", near.id));
        } else {
            line(out, "before", &format!("{}, which restores {at}", near.id));
        }
    }
    if let Some(near) = &view.after {
        let at = clock(&near.snapshot_at);
        if is_physical {
            line(out, "next", &format!("{at}, the end of backup {}: the first moment after it that can be restored", near.id));
        } else {
            line(out, "after", &format!("{}, which restores {at}", near.id));
        }
    }
}

fn verdict(view: &ServingView) -> (Label, String) {
    let lost = |backup: &ServingBackup| match backup.lost_seconds {
        0 => "nothing of what was committed by then is lost".to_owned(),
        seconds => format!("the last {} before that moment are lost", elapsed(seconds * 1000)),
    };
    match (view.verdict.as_str(), &view.backup, view.expired.first()) {
        ("ready", Some(backup), _) => (Label::Good, format!("yes: backup {} serves it, {}", backup.id, lost(backup))),
        ("thaw", Some(backup), _) => (Label::Change, format!("yes, after a thaw: backup {} serves it, {}", backup.id, lost(backup))),
        ("undelete", _, Some(expired)) => (Label::Change, format!("not as it lies: backup {} expired, and must be brought back first", expired.id)),
        ("impossible", ..) => (Label::Bad, none_is_left(&view.failed)),
        (_, Some(backup), _) => (Label::Bad, format!("not known: backup {} would serve it, {}", backup.id, lost(backup))),
        _ => (Label::Bad, "not known: nothing that could be read serves it, and not all could be read".to_owned()),
    }
}

fn none_is_left(failed: &[String]) -> String {
    match failed {
        [] => "no: no backup of that moment or before is left".to_owned(),
        [one] => format!("no: of that moment or before only {one} is left, and its drill found that it cannot be relied upon"),
        [one, more @ ..] => {
            format!("no: of that moment or before only {one} and {} more are left, and their drills found that they cannot be relied upon", more.len())
        }
    }
}

fn serves(out: &mut String, view: &ServingView, backup: &ServingBackup) {
    let verified = backup.verified_at.as_ref().map_or_else(|| "no drill has verified it".to_owned(), |at| format!("verified by a drill at {}", clock(at)));
    line(out, "backup", &format!("{}, {verified}", backup.id));
    let holds = if backup.databases.is_empty() { "begun, its manifest can be read after the thaw".to_owned() } else { backup.databases.join(", ") };
    line(out, "restores", &format!("{}: {holds}", clock(&backup.snapshot_at)));
    line(out, "fetches", &format!("{} in {}: {}", bytes(backup.bytes), plural(backup.objects.len() as u64, "object"), classes(backup)));
    thaws(out, view, backup);
    let takes = match &view.estimate {
        None => format!("not known: no drill has measured it; {}", promised(view, backup, None)),
        Some(rate) => format!(
            "about {} by the {} of {} on {} ({} in {}); {}",
            elapsed(rate.millis),
            rate.by,
            rate.set,
            rate.measured_at.get(..10).unwrap_or(&rate.measured_at),
            bytes(rate.measured_bytes),
            elapsed(rate.measured_millis),
            promised(view, backup, Some(rate.millis))
        ),
    };
    line(out, "takes", &takes);
    ends(out, view, backup);
    if let Some(doubt) = &backup.doubt {
        line(out, "unknown", doubt);
    }
}

/// What was promised, and whether it is too short for what the thaw and the restore may take. `millis` are those of the restore, if they are known.
fn promised(view: &ServingView, backup: &ServingBackup, millis: Option<u64>) -> String {
    let promised = elapsed(view.rto_limit_seconds * 1000);
    let thaw = backup.thaw_seconds.unwrap_or(0) * 1000;
    let takes = thaw + millis.unwrap_or(0);
    let with = match (thaw, millis) {
        (0, _) => String::new(),
        (_, None) => format!("the thaw alone may take {}, ", elapsed(takes)),
        (_, Some(_)) => format!("with the thaw up to {}, ", elapsed(takes)),
    };
    let more = if takes > view.rto_limit_seconds * 1000 { "more than the " } else { "" };
    let are = if more.is_empty() { "are promised" } else { "that are promised" };
    format!("{with}{more}{promised} {are}")
}

/// What is about to end it.
fn ends(out: &mut String, view: &ServingView, backup: &ServingBackup) {
    if let Some(ends) = &backup.ends {
        let rule = format!("rule `{}` of the bucket", ends.rule);
        let when = if ends.at <= view.now { format!("at any time, by {rule}") } else { format!("from {} on, by {rule}", clock(&ends.at)) };
        let way = if ends.heeds_hold { ": hold it first" } else { ", which heeds no hold: restore it before, or disable the rule" };
        line(out, "expires", &format!("{when}{way}"));
    } else if let Some(expiry) = &backup.expiry {
        line(out, "expires", &format!("S3 says {expiry}: hold it first"));
    }
}

/// How long it takes to thaw, and what reading it costs.
fn thaws(out: &mut String, view: &ServingView, backup: &ServingBackup) {
    if let Some(seconds) = backup.thaw_seconds {
        line(out, "thaw", &format!("up to {} by the standard retrieval, before anything can be restored", elapsed(seconds * 1000)));
    }
    if let Some(cost) = view.reading.as_ref().and_then(costs) {
        line(out, "costs", &cost);
    }
}

/// What reading it costs; nothing is said where that is surely nothing.
fn costs(reading: &Reading) -> Option<String> {
    if let Some(why) = &reading.unknown {
        return Some(format!("not known: {why}"));
    }
    let way = |way: &Way| {
        let priced = way.unpriced.is_empty();
        let by = if way.by == "instant" { "to read".to_owned() } else { format!("to thaw by {}", way.by) };
        match way.cost.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
            true if !priced => format!("{by}: not known"),
            _ if priced => format!("{} {by}", way.text),
            _ => format!("{} {by}, without {}", way.text, way.unpriced.join(" and ")),
        }
    };
    let nothing = reading.ways.iter().all(|way| way.by == "instant" && way.cost == "0.000000" && way.unpriced.is_empty());
    let old = if reading.old { ", over a year ago" } else { "" };
    let date = reading.date.as_deref().unwrap_or_default();
    let ways: Vec<String> = reading.ways.iter().map(way).collect();
    (!nothing).then(|| format!("{}; list prices of {} on {date}{old}", ways.join("; "), reading.region))
}

/// How many bytes lie in which class.
fn classes(backup: &ServingBackup) -> String {
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for object in &backup.objects {
        *found.entry(object.class.as_deref().unwrap_or("class not known")).or_default() += object.bytes;
    }
    match found.len() {
        1 => found.keys().map(|class| (*class).to_owned()).collect(),
        _ => found.iter().map(|(class, sum)| format!("{} {class}", bytes(*sum))).collect::<Vec<_>>().join(", "),
    }
}

fn clock(at: &str) -> String {
    at.parse::<Timestamp>().map_or_else(|_| at.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn line(out: &mut String, name: &str, text: &str) {
    for (at, part) in wrap(text, 96).iter().enumerate() {
        let _ = writeln!(out, "  {:<10} {part}", if at == 0 { name } else { "" });
    }
}

#[cfg(test)]
mod tests;
