//! `backups` as text: the newest first, the odd ones with their reason.

use std::fmt::Write as _;

use super::super::paint::{Label, Paint};
use super::{labelled, tamed};
use crate::catalog::backups::State;
use crate::catalog::index::ASKED_EVERY;
use crate::model::units::{self, count, plural};
use crate::view::backups::{BackupCheckView, BackupLineView, BackupListView, BackupShowView, RepositoryView, ShelfView};

/// Renders a list.
pub fn list(view: &BackupListView, paint: Paint) -> String {
    let view = &tamed(view);
    let mut out = format!("{}\n", paint.text(Label::Dim, &format!("lifeboat backups · {}", view.revision)));
    for shelf in &view.policies {
        let _ = writeln!(out, "\n{}  {}", paint.text(Label::Strong, &shelf.policy), paint.text(Label::Dim, &format!("{} · {}", shelf.location, shelf.at)));
        for doubt in [&shelf.clock, &shelf.evidence_unknown].into_iter().flatten() {
            labelled(&mut out, "note", doubt);
        }
        for note in &shelf.index {
            labelled(&mut out, "note", note);
        }
        if shelf.remembered > 0 {
            let of = plural(shelf.remembered as u64, "backup");
            labelled(&mut out, "note", &format!("tags of {of} are as the keeper read them, at the most {ASKED_EVERY} d ago: `backups show` asks the bucket"));
        }
        for backup in &shelf.backups {
            line(&mut out, backup, &shelf.at, paint);
        }
        for repository in &shelf.repositories {
            physical(&mut out, repository, paint);
        }
        foreign(&mut out, shelf);
        let _ = writeln!(out, "  {}", summary(shelf));
    }
    out
}

fn label(backup: &BackupLineView) -> Label {
    match backup.state.as_str() {
        "complete" if backup.drill_failed => Label::Bad,
        "complete" => Label::Good,
        "partial" | "refused" => Label::Bad,
        _ => Label::Change,
    }
}

/// Whether a moment is not after another one, both RFC 3339.
fn is_over(until: &str, now: &str) -> bool {
    let read = |at: &str| at.parse::<jiff::Timestamp>().ok();
    read(until).zip(read(now)).is_some_and(|(until, now)| until <= now)
}

fn line(out: &mut String, backup: &BackupLineView, now: &str, paint: Paint) {
    let state = paint.text(label(backup), &format!("{:<10}", backup.state));
    let mut parts = vec![units::bytes(backup.bytes)];
    parts.extend(backup.rows.map(|rows| plural(rows, "row")));
    parts.extend(backup.verified_at.as_ref().map(|at| format!("verified {}", at.get(..10).unwrap_or(at))));
    parts.extend(backup.drill_failed.then(|| "its last drill failed".to_owned()));
    parts.extend(backup.released.as_ref().map(|tier| format!("released as {tier}")));
    parts.extend(backup.held_until.as_ref().map(|until| format!("{} {until}", if is_over(until, now) { "its hold ended" } else { "held until" })));
    let _ = writeln!(out, "  {:<12} {}  {state} {}", backup.set, backup.id, parts.join(" · "));
    if let Some(why) = &backup.why {
        labelled(out, "why", why);
    }
    for note in &backup.notes {
        labelled(out, "note", note);
    }
}

fn physical(out: &mut String, repository: &RepositoryView, paint: Paint) {
    let set = repository.set.as_deref().unwrap_or("of no set");
    let _ = writeln!(out, "  {set:<12} {} {}{}", repository.engine, repository.base, repository.name);
    if let Some(why) = &repository.unknown {
        labelled(out, "unknown", why);
    }
    for backup in &repository.backups {
        let label = if backup.state == "complete" { Label::Good } else { Label::Bad };
        let mut parts = vec![backup.kind.clone()];
        parts.extend(backup.bytes.map(units::bytes));
        parts.extend(backup.stopped_at.clone());
        let _ = writeln!(out, "    {}  {} {}", backup.id, paint.text(label, &format!("{:<10}", backup.state)), parts.join(" · "));
        if let Some(why) = &backup.why {
            labelled(out, "why", why);
        }
    }
    if let (Some(first), Some(last)) = (&repository.first_segment, &repository.last_segment) {
        labelled(out, "WAL", &format!("{}, {first} to {last}", plural(repository.segments, "segment")));
    }
    if let (Some(oldest), Some(newest)) = (&repository.oldest, &repository.newest) {
        labelled(out, "restores", &format!("from {oldest} to {newest}"));
    }
    for [after, before] in &repository.gaps {
        labelled(out, "gap", &format!("between {after} and {before}: nothing behind it can be reached from before it"));
    }
    for problem in &repository.problems {
        labelled(out, "note", problem);
    }
}

fn foreign(out: &mut String, shelf: &ShelfView) {
    if shelf.foreign.objects > 0 {
        let first = shelf.foreign.first.join(", ");
        let more = if shelf.foreign.objects > shelf.foreign.first.len() as u64 { ", …" } else { "" };
        let text = format!("{} of {} that no backup has: {first}{more}", plural(shelf.foreign.objects, "object"), units::bytes(shelf.foreign.bytes));
        labelled(out, "foreign", &text);
    }
}

fn summary(shelf: &ShelfView) -> String {
    let states = State::ALL.into_iter().filter(|state| shelf.count(*state) > 0).map(|state| format!("{} {}", count(shelf.count(state)), state.as_str()));
    let states: Vec<String> = states.collect();
    let states = if states.is_empty() { "no backup".to_owned() } else { states.join(", ") };
    format!("{states} · {}", units::bytes(shelf.bytes))
}

/// Renders one backup.
pub fn show(view: &BackupShowView, paint: Paint) -> String {
    let view = &tamed(view);
    let backup = &view.backup;
    let mut out = format!("{}\n\n", paint.text(Label::Dim, &format!("lifeboat backups show · {}/{}", view.policy, backup.set)));
    line(&mut out, backup, &view.at, paint);
    let mut say = |name: &str, text: &str| {
        let _ = writeln!(out, "  {name:<11} {text}");
    };
    say("at", &view.location);
    if let Some(at) = &backup.snapshot_at {
        say("restores", &format!("{at} (the moment of its snapshot)"));
    }
    if let Some(at) = &backup.stored_at {
        say("stored", &format!("{at} by S3"));
    }
    if let (Some(engine), Some(version)) = (&backup.engine, backup.server_version) {
        say("taken by", &format!("{engine} from PostgreSQL {}.{}, databases {}", version / 10_000, version % 10_000, backup.databases.join(", ")));
    }
    for (name, bytes) in &view.objects {
        say("object", &format!("{name}  {}", units::bytes(*bytes)));
    }
    for (key, value) in &view.tags {
        say("tag", &format!("{key} = {value}"));
    }
    if let Some(why) = &backup.tags_unknown {
        say("tags", &format!("not known: {why}"));
    }
    out
}

/// Renders what came of reading every byte.
pub fn verify(view: &BackupCheckView, paint: Paint) -> String {
    let view = &tamed(view);
    let mut out = format!("{}\n\n", paint.text(Label::Dim, &format!("lifeboat backups verify · {}", view.policy)));
    for backup in &view.backups {
        let label = match backup.verdict.as_str() {
            "sound" => Label::Good,
            "unread" => Label::Change,
            _ => Label::Bad,
        };
        let word = &backup.verdict;
        let _ = writeln!(out, "  {:<12} {}  {} {} read", backup.set, backup.id, paint.text(label, &format!("{word:<8}")), units::bytes(backup.bytes));
        for problem in &backup.problems {
            labelled(&mut out, "why", problem);
        }
    }
    let wrong = view.backups.iter().filter(|backup| !backup.sound).count() as u64;
    let end = match (wrong, view.backups.len() as u64) {
        (_, 0) => paint.text(Label::Change, "there is no complete backup"),
        (0, all) => paint.text(Label::Good, &format!("every byte of {} is as its manifest says; a drill proves that it restores", plural(all, "backup"))),
        (wrong, all) => paint.text(Label::Bad, &format!("{} of {} not as the manifest says", count(wrong), plural(all, "backup"))),
    };
    let _ = writeln!(out, "\n{end}");
    out
}
