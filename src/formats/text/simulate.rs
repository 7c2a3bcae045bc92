//! `simulate` as text: of each set a small chart, then what holds and what does not.

use std::fmt::Write as _;

use super::super::paint::{Label, Paint};
use crate::model::units::{bytes, plural};
use crate::report::simulate::{Course, Day, Invariant};
use crate::view::simulate::SimulateView;

/// Columns of a chart.
const WIDTH: usize = 60;
/// A column's height, in eighths.
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Rows of a chart, by what they count.
const TIERS: [&str; 8] = ["kept", "recent", "daily", "weekly", "monthly", "yearly", "full", "incremental"];

/// Renders what was played; `exit` is the code that the command will end with.
pub fn simulate(view: &SimulateView, exit: u8, paint: Paint) -> String {
    let stops: Vec<String> = view.stops.iter().map(|stop| format!(" · {} stop on day {}", stop.part.as_str(), stop.day)).collect();
    let stops = stops.concat().replace("keeper stop", "keeper stops");
    let mut out = format!(
        "{} at {} · {} from {} · {}{stops}\n",
        paint.text(Label::Strong, "lifeboat simulate"),
        view.revision,
        plural(u64::from(view.days), "day"),
        view.from,
        if view.live { "with what is in the buckets".to_owned() } else { format!("backups of {}", bytes(view.backup_bytes)) }
    );
    for set in &view.sets {
        course(&mut out, set, paint);
    }
    let label = if view.broken == 0 { Label::Good } else { Label::Bad };
    let played = view.sets.iter().filter(|set| set.not_played.is_none()).count();
    let left_out = match view.sets.len() - played {
        0 => String::new(),
        others => format!(" · {others} not played"),
    };
    let closing = match played {
        0 => format!("no set was played, so nothing is known of what is promised{left_out} · exit {exit}"),
        _ => {
            let so_far = if view.is_so_far() { ", part of it only so far" } else { "" };
            format!("what is promised holds for {} of {}{so_far}{left_out} · exit {exit}", played - view.broken, plural(played as u64, "set"))
        }
    };
    let _ = writeln!(out, "\n{}", paint.text(label, &closing));
    out
}

fn course(out: &mut String, set: &Course, paint: Paint) {
    let name = format!("{}/{}", set.policy, set.set);
    let label = if set.first_broken().is_some() { Label::Bad } else { Label::Strong };
    if let Some(why) = &set.not_played {
        let _ = writeln!(out, "\n{}\n  not played: {why}", paint.text(label, &name));
        return;
    }
    let heading = format!("{:>11}{:>11}", "end", "most");
    let _ = writeln!(
        out,
        "\n{}{:>width$}",
        paint.text(label, &name),
        paint.text(Label::Dim, &heading),
        width = 14 + WIDTH + heading.len() - name.chars().count().min(14 + WIDTH)
    );
    for tier in TIERS {
        let of = |day: &Day| day.points.get(tier).copied().unwrap_or(0);
        row(out, tier, set, of, |count| count.to_string());
    }
    row(out, "failed", set, |day| day.failed, |count| count.to_string());
    row(out, "bytes", set, |day| day.bytes.values().sum(), bytes);
    if let (Some(first), Some(last)) = (set.days.first(), set.days.last()) {
        let axis = format!("  {:<12}{}{:>width$}", "", first.date, last.date, width = WIDTH - first.date.len());
        let _ = writeln!(out, "{}", paint.text(Label::Dim, &axis));
    }
    out.push('\n');
    for invariant in &set.invariants {
        judged(out, invariant, paint);
    }
}

/// One line of a chart; what never was there has none.
fn row(out: &mut String, name: &str, set: &Course, of: impl Fn(&Day) -> u64, shown: impl Fn(u64) -> String) {
    let values: Vec<u64> = set.days.iter().map(of).collect();
    let most = values.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return;
    }
    let end = values.last().copied().unwrap_or(0);
    let _ = writeln!(out, "  {name:<12}{}{:>11}{:>11}", columns(&values, most), shown(end), shown(most));
}

/// The last value of each stretch of days, as a block.
fn columns(values: &[u64], most: u64) -> String {
    let of = |column: usize| {
        let at = ((column + 1) * values.len()).div_ceil(WIDTH).clamp(1, values.len());
        let value = values.get(at - 1).copied().unwrap_or(0);
        let eighths = usize::try_from(value.saturating_mul(8).div_ceil(most)).unwrap_or(8);
        BLOCKS.get(eighths.min(8)).copied().unwrap_or(' ')
    };
    (0..WIDTH).map(of).collect()
}

fn judged(out: &mut String, invariant: &Invariant, paint: Paint) {
    let Some(broken) = &invariant.broken else {
        let label = if invariant.shown_from.is_some() { Label::Change } else { Label::Good };
        let _ = writeln!(out, "  {}  {:<17} {}", paint.text(label, &format!("{:<6}", invariant.word())), invariant.id, invariant.promise);
        if let Some(days) = invariant.shown_from {
            super::labelled(out, "so far", &format!("all of it is at stake after {days} days: play them with --days {days}"));
        }
        return;
    };
    let _ = writeln!(out, "  {}  {:<17} {}", paint.text(Label::Bad, "broken"), invariant.id, invariant.promise);
    let at = broken.at.get(..16).unwrap_or(&broken.at).replace('T', " ");
    super::labelled(out, "first", &format!("{at} UTC, day {}: {}", broken.day, broken.sentence));
    super::labelled(out, "cause", &broken.cause);
}

#[cfg(test)]
pub(super) mod tests;
