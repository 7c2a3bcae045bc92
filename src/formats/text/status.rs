//! `status` as text: one line for each policy that is well, more only for what is not.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::super::paint::{Label, Paint};
use super::{WIDE, tamed, wrap};
use crate::model::units::bytes;
use crate::report::status::Standing;
use crate::report::{Verdict, going};
use crate::view::status::StatusView;

mod physical;
mod storage;

pub(in crate::formats) use physical::points;
pub(in crate::formats) use storage::cell as month;

/// Missed runs and gaps that are named for a set; the rest is counted.
const NAMED: usize = 2;

/// Renders a status; `exit` is the code that the command will end with.
pub fn status(view: &StatusView, exit: u8, paint: Paint) -> String {
    let view = &tamed(view);
    let rows: Vec<Cells> = view.policies.iter().map(|policy| cells(view, policy)).collect();
    let heading = |heading: &'static str| if heading == MONTH && rows.iter().all(|row| row.get(COST).is_none_or(String::is_empty)) { "" } else { heading };
    let headings = HEADINGS.map(heading);
    let widths: Vec<usize> = headings.iter().enumerate().map(|(at, heading)| widest(heading, rows.iter().filter_map(|row| row.get(at)))).collect();
    let mut out = as_of(view, paint);
    let _ = writeln!(out, "{}", paint.text(Label::Dim, &line(&headings.map(str::to_owned), &widths, |_, cell| cell.to_owned())));
    for (policy, row) in view.policies.iter().zip(&rows) {
        let painted = |at: usize, cell: &str| match at {
            0 => paint.text(if policy.is_kept() { Label::Strong } else { Label::Bad }, cell),
            2 => paint.text(rpo_label(policy), cell),
            _ => cell.to_owned(),
        };
        let _ = writeln!(out, "{}", line(row, &widths, painted));
        for note in notes(policy, view.evidence.is_none()) {
            labelled_line(&mut out, &note);
        }
    }
    let below = storage::lines(view);
    if !below.is_empty() {
        let _ = writeln!(out, "\n{}", below.join("\n"));
    }
    if let Some(why) = &view.evidence {
        let _ = writeln!(out, "\n{}", wrap(&format!("note: what drills proved is not known: {why}"), WIDE).join("\n"));
    }
    for note in view.schedules.iter().chain(view.as_of.iter().flat_map(|of| &of.notes)) {
        for part in wrap(&format!("note: {note}"), WIDE) {
            let _ = writeln!(out, "{}", paint.text(Label::Dim, &part));
        }
    }
    let label = if view.kept == view.policies.len() { Label::Good } else { Label::Bad };
    let closing = format!("{} of {} meet their objectives · exit {exit}", view.kept, view.policies.len());
    let _ = writeln!(out, "\n{}", paint.text(label, &closing));
    out
}

/// Of which moment it is, if not of now.
fn as_of(view: &StatusView, paint: Paint) -> String {
    let Some(of) = &view.as_of else { return String::new() };
    let at = view.at.replace('T', " ").replace('Z', " UTC");
    let what = if of.side == "before" { "what could be restored then" } else { "what will be restorable then, if nothing else happens" };
    format!("{}\n\n", paint.text(Label::Strong, &format!("status of {at}: {what}")))
}

/// The cells of a line, one below each heading.
type Cells = [String; HEADINGS.len()];

/// What stands above the columns.
const HEADINGS: [&str; 8] = ["", "newest", "RPO", "verified", "points", "reaches back", MONTH, "next"];
const MONTH: &str = "a month";
/// Which column it is.
const COST: usize = 6;

fn widest<'a>(heading: &str, cells: impl Iterator<Item = &'a String>) -> usize {
    cells.map(|cell| cell.chars().count()).chain([heading.len()]).max().unwrap_or(0)
}

/// One line, as wide as its columns need; the last is not padded.
fn line(cells: &Cells, widths: &[usize], paint: impl Fn(usize, &str) -> String) -> String {
    // The first has no heading; another one without any width is not there.
    let shown = cells.iter().zip(widths).enumerate().filter(|(at, (_, width))| *at == 0 || **width > 0);
    let padded = shown.map(|(at, (cell, width))| {
        let width = if at + 1 == HEADINGS.len() { 0 } else { *width };
        format!("  {}", paint(at, &format!("{cell:<width$}")))
    });
    padded.collect()
}

fn cells(view: &StatusView, policy: &Standing) -> Cells {
    let ago = |at: Option<&String>| at.and_then(|at| since(view, at)).map_or_else(|| "never".to_owned(), |age| format!("{} ago", span(age)));
    let newest = policy.sets.iter().filter_map(|set| set.newest.as_ref()).max();
    let nothing = |none: &str| if policy.unknown.is_some() { "?".to_owned() } else { none.to_owned() };
    let newest = if newest.is_none() { nothing("never") } else { ago(newest) };
    let measured = policy.rpo.measured_seconds.map_or_else(|| "?".to_owned(), span);
    let verified = if policy.drills.is_none() { "no drill".to_owned() } else { ago(policy.verified_at.as_ref()) };
    let reach = reach(view, policy).map_or_else(|| nothing("–"), span);
    let running = policy.sets.iter().any(|set| set.running);
    let next = policy.sets.iter().filter_map(|set| set.next.as_ref()).min();
    let next = if running { "running".to_owned() } else { next.map_or_else(|| "–".to_owned(), |at| soon(view, at)) };
    let rpo = format!("{measured} of {}", span(policy.rpo.limit_seconds));
    [physical::name(policy), newest, rpo, verified, points(policy), reach, month(view, &policy.policy), next]
}

/// How far back restore points reach, in seconds.
pub(in crate::formats) fn reach(view: &StatusView, policy: &Standing) -> Option<u64> {
    policy.oldest.as_ref().and_then(|at| since(view, at))
}

fn rpo_label(policy: &Standing) -> Label {
    match policy.rpo.verdict {
        Verdict::Passed => Label::Good,
        Verdict::Unproven => Label::Change,
        Verdict::Failed => Label::Bad,
    }
}

/// Something that is not well, and of what kind.
pub(in crate::formats) struct Note {
    pub(in crate::formats) label: &'static str,
    pub(in crate::formats) text: String,
}

/// What is not well of a policy. `evidence` is whether it could be read.
pub(in crate::formats) fn notes(policy: &Standing, evidence: bool) -> Vec<Note> {
    let mut all = Vec::new();
    let out = &mut all;
    if let Some(why) = &policy.unknown {
        labelled(out, "unknown", why);
    }
    if policy.rpo.verdict != Verdict::Passed && policy.unknown.is_none() {
        labelled(out, "RPO", &policy.rpo.sentence);
    }
    if policy.drills.is_some_and(|verdict| verdict != Verdict::Passed) {
        for drill in policy.rehearsals.iter().filter(|drill| drill.verdict != Verdict::Passed) {
            labelled(out, "drill", &format!("{}: {}", drill.name, drill.sentence));
        }
    }
    for set in &policy.sets {
        if !set.missed.is_empty() {
            let named: Vec<String> = set.missed.iter().take(NAMED).map(|at| minute(at)).collect();
            labelled(out, "missed", &format!("{}: {} UTC{}, nothing complete was left", set.set, named.join(", "), rest(set.missed.len())));
        }
        let (unsent, others): (Vec<&String>, Vec<&String>) = set.failed.iter().partition(|at| set.upload_failed.contains(at));
        for (failed, what) in [(others, "begun and never completed"), (unsent, "its upload failed")] {
            if !failed.is_empty() {
                let named: Vec<String> = failed.iter().take(NAMED).map(|at| minute(at)).collect();
                labelled(out, "failed", &format!("{}: {} UTC{}, {what}", set.set, named.join(", "), rest(failed.len())));
            }
        }
        if !set.damaged.is_empty() {
            let named: Vec<String> = set.damaged.iter().rev().take(NAMED).map(|(id, why)| format!("{id} ({why})")).collect();
            labelled(out, "damaged", &format!("{}: {}{}, not counted as restore points", set.set, named.join(", "), rest(set.damaged.len())));
        }
        for (rule, count) in &set.reached {
            labelled(out, "rule", &format!("{}: {}, not counted as restore points", set.set, going(rule, *count)));
        }
        if let Some(release) = &set.release {
            match &release.unknown {
                // Without the evidence that goes without saying.
                Some(_) if !evidence => {}
                Some(why) => labelled(out, "release", &format!("{}: whether releases are overdue is not known: {why}", set.set)),
                None if release.overdue > 0 => labelled(out, "release", &format!("{}: {}; `lifeboat keep` says why", set.set, release.sentence())),
                None => {}
            }
        }
        if set.pitr.is_some() {
            physical::notes(out, set);
        } else if !set.gaps.is_empty() {
            let named: Vec<String> = set.gaps.iter().take(NAMED).map(|gap| format!("{} to {}", minute(&gap.from), minute(&gap.to))).collect();
            labelled(out, "gap", &format!("{}: {} UTC{}, no restore point between", set.set, named.join(", "), rest(set.gaps.len())));
        }
    }
    all
}

/// A moment to the minute.
fn minute(at: &str) -> String {
    at.get(..16).map_or_else(|| at.to_owned(), |at| at.replace('T', " "))
}

fn rest(all: usize) -> String {
    if all > NAMED { format!(" and {} more", all - NAMED) } else { String::new() }
}

fn labelled(out: &mut Vec<Note>, label: &'static str, text: &str) {
    out.push(Note { label, text: text.to_owned() });
}

/// A line about what is not well; a terminal of 100 columns takes it.
fn labelled_line(out: &mut String, note: &Note) {
    for (at, part) in wrap(&note.text, 86).iter().enumerate() {
        let _ = writeln!(out, "    {:<8} {part}", if at == 0 { note.label } else { "" });
    }
}

/// Seconds from a moment to when the status was taken.
pub(in crate::formats) fn since(view: &StatusView, at: &str) -> Option<u64> {
    let (at, now): (Timestamp, Timestamp) = (at.parse().ok()?, view.at.parse().ok()?);
    u64::try_from(now.as_second() - at.as_second()).ok()
}

/// The time of day of what comes within a day, else its date too.
pub(in crate::formats) fn soon(view: &StatusView, at: &str) -> String {
    let (Ok(at), Ok(now)) = (at.parse::<Timestamp>(), view.at.parse::<Timestamp>()) else { return at.to_owned() };
    let format = if at.as_second() - now.as_second() < 86_400 { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
    at.strftime(format).to_string()
}

/// A length of time in one unit: `40 s`, `12 min`, `31 h`, `9 d`.
pub(in crate::formats) fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
pub(crate) mod tests;
