//! The lines of `explain restore` for a physical set: the backup, what it builds on, the WAL, and what of each is read.

use std::collections::BTreeMap;

use super::super::super::paint::Label;
use super::{clock, ends, line, promised, thaws};
use crate::model::units::{bytes, count, elapsed, plural};
use crate::view::serving::ServingView;
use crate::view::serving::physical::{NeedView, PitrServing, Segments, WayView};

/// How many of the stretches that can be restored, and of the backups that one builds on, are named.
const NAMED: usize = 3;

/// The verdict, and how it is painted.
pub(super) fn verdict(view: &ServingView, pitr: &PitrServing) -> (Label, String) {
    let Some((backup, way)) = view.backup.as_ref().zip(pitr.way.as_ref()) else {
        return match view.verdict.as_str() {
            "impossible" => (Label::Bad, "no: no complete backup had ended by then".to_owned()),
            _ => (Label::Bad, "not known: which backups there are could not be read".to_owned()),
        };
    };
    let by = if way.stop == "consistent" { String::new() } else { " and the WAL behind it".to_owned() };
    let verb = if by.is_empty() { "brings" } else { "bring" };
    let by = format!("backup {}{by}", backup.id);
    let lost = match backup.lost_seconds {
        0 => format!("{verb} it back"),
        seconds => format!("{verb} back all but the last {} before it", elapsed(seconds * 1000)),
    };
    match view.verdict.as_str() {
        "ready" => (Label::Good, format!("yes: {by} {lost}")),
        "thaw" => (Label::Change, format!("yes, after a thaw: {by} {lost}")),
        _ => (Label::Bad, format!("not known: {by} would {}", lost.replacen("brings", "bring", 1))),
    }
}

/// What serves it, or what there is.
pub(super) fn serves(out: &mut String, view: &ServingView, pitr: &PitrServing) {
    if let Some((backup, way)) = view.backup.as_ref().zip(pitr.way.as_ref()) {
        line(out, "backup", &format!("{} ({} of {}), ended {}", backup.id, way.kind, pitr.engine, clock(&way.ended_at)));
        if !way.builds_on.is_empty() {
            line(out, "builds on", &named(&way.builds_on));
        }
        line(out, "restores", &format!("{}: the whole cluster", clock(&backup.snapshot_at)));
        if !way.wal.is_empty() {
            line(out, "replays", &replays(way));
        }
        fetches(out, way, backup.bytes);
        thaws(out, view, backup);
        line(out, "takes", &format!("not known: nothing measures restores by {}; {}", pitr.engine, promised(view, backup, None)));
        if way.unasked > 0 {
            line(out, "unasked", &format!("{} of an archive class, which are taken as not thawed", plural(way.unasked, "more object")));
        }
        ends(out, view, backup);
        if let Some(doubt) = &backup.doubt {
            line(out, "unknown", doubt);
        }
    }
    line(out, "reaches", &reaches(pitr));
}

fn named(ids: &[String]) -> String {
    let more = ids.len().saturating_sub(NAMED);
    let first = ids.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}

/// The segments, from the first to the last, and where the timeline changes.
fn replays(way: &WayView) -> String {
    let of = |Segments { first, last }: &Segments| if first == last { first.clone() } else { format!("{first} to {last}") };
    let many: u64 = way.needs.iter().filter(|need| need.what == "wal").map(|need| need.objects).sum();
    let until = match way.stop.as_str() {
        "consistent" => ", to the end of the backup",
        "end" => ", to its end",
        _ => "",
    };
    format!("{}: {}{until}", way.wal.iter().map(of).collect::<Vec<_>>().join(", then "), plural(many, "segment"))
}

/// What is read: the sum, then each part of it.
fn fetches(out: &mut String, way: &WayView, all: u64) {
    let objects = |needs: &[&NeedView]| needs.iter().map(|need| need.objects).sum::<u64>();
    let every: Vec<&NeedView> = way.needs.iter().collect();
    let most = if way.builds_on.is_empty() { "" } else { " at the most" };
    line(out, "fetches", &format!("{} in {}{most}", bytes(all), plural(objects(&every), "object")));
    for (what, name) in [("backup", "the backup"), ("base", "what it builds on"), ("wal", "WAL"), ("history", "timelines"), ("list", "lists")] {
        let of: Vec<&NeedView> = way.needs.iter().filter(|need| need.what == what).collect();
        if of.is_empty() {
            continue;
        }
        let sum = of.iter().map(|need| need.bytes).fold(0, u64::saturating_add);
        line(out, "", &format!("{name:<17}  {:>9} in {:>6}  {}", bytes(sum), count(objects(&of)), classes(&of)));
    }
}

/// How many bytes lie in which class.
fn classes(needs: &[&NeedView]) -> String {
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for need in needs {
        *found.entry(need.class.as_str()).or_default() += need.bytes;
    }
    match found.len() {
        1 => found.keys().map(|class| (*class).to_owned()).collect(),
        _ => found.iter().map(|(class, sum)| format!("{} {class}", bytes(*sum))).collect::<Vec<_>>().join(", "),
    }
}

/// The stretches of which any moment can be restored, the newest last.
fn reaches(pitr: &PitrServing) -> String {
    let skipped = pitr.windows.len().saturating_sub(NAMED);
    let one = |stretch: &crate::view::serving::physical::Stretch| {
        if stretch.from == stretch.until { clock(&stretch.from) } else { format!("{} to {}", clock(&stretch.from), clock(&stretch.until)) }
    };
    let last = pitr.windows.iter().skip(skipped).map(one).collect::<Vec<_>>().join(", ");
    let earlier = if skipped == 0 { String::new() } else { format!(", and {} before", plural(skipped as u64, "stretch").replace("stretchs", "stretches")) };
    if pitr.windows.is_empty() {
        format!("nothing can be restored from {}", pitr.repository)
    } else {
        format!("any moment of {last}{earlier}, from {}", pitr.repository)
    }
}
