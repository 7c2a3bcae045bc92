//! `simulate` as one page: the charts as inline SVG, coloured by the reader's scheme. No script, nothing from outside.
//!
//! Texts come escaped from the template; paths hold numbers only.

use std::fmt::Write as _;

use askama::Template;

use crate::model::units;
use crate::report::simulate::{Course, Day, Invariant};
use crate::view::simulate::SimulateView;

/// Width of a chart in its own units.
const WIDTH: u64 = 720;
/// Tiers from the ground up: what lives longest below.
const TIERS: [&str; 8] = ["yearly", "monthly", "weekly", "daily", "recent", "kept", "incremental", "full"];
/// Classes from the ground up: what costs most below.
const CLASSES: [&str; 7] = ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

/// Renders the page.
///
/// # Errors
/// When the template cannot be rendered.
pub fn simulate(view: &SimulateView) -> Result<String, askama::Error> {
    let sets = view.sets.iter().map(Drawn::of).collect();
    Page { view, sets, headline: headline(view), size: units::bytes(view.backup_bytes) }.render()
}

#[derive(Template)]
#[template(path = "simulate.html")]
struct Page<'a> {
    view: &'a SimulateView,
    sets: Vec<Drawn<'a>>,
    headline: String,
    /// What each backup is taken to hold.
    size: String,
}

fn headline(view: &SimulateView) -> String {
    let played = view.sets.iter().filter(|set| set.not_played.is_none()).count();
    if played == 0 {
        return "No set was played, so nothing is known of what is promised".to_owned();
    }
    let all = units::plural(played as u64, "backup set");
    let days = units::plural(u64::from(view.days), "day");
    match view.broken {
        0 if view.is_so_far() => format!("What is promised of {all} holds on each of {days}, and part of it is at stake only later"),
        0 => format!("What is promised of {all} holds on each of {days}"),
        broken => format!("What is promised is broken in {broken} of {all} within {days}"),
    }
}

/// A set with its charts.
struct Drawn<'a> {
    course: &'a Course,
    charts: Vec<Chart>,
}

/// Stacked areas over the days.
struct Chart {
    title: String,
    /// The top of the scale.
    most: String,
    height: u64,
    areas: Vec<Area>,
    /// Where months begin: place and name.
    months: Vec<(u64, String)>,
    /// Where something is first broken.
    marks: Vec<u64>,
}

struct Area {
    name: &'static str,
    /// Which colour.
    class: String,
    path: String,
    /// What it is in the end.
    end: String,
}

impl<'a> Drawn<'a> {
    fn of(course: &'a Course) -> Self {
        let points = |day: &Day, name: &str| day.points.get(name).copied().unwrap_or(0);
        let bytes = |day: &Day, name: &str| day.bytes.get(name).copied().unwrap_or(0);
        let charts = vec![
            chart(course, "Restore points by tier", &TIERS, 180, points, units::count),
            chart(course, "Stored bytes by storage class, noncurrent versions included", &CLASSES, 120, bytes, units::bytes),
        ];
        Self { course, charts: if course.not_played.is_some() { Vec::new() } else { charts } }
    }
}

fn chart(course: &Course, title: &str, names: &[&'static str], height: u64, of: impl Fn(&Day, &str) -> u64, shown: impl Fn(u64) -> String) -> Chart {
    let most = course.days.iter().map(|day| names.iter().map(|name| of(day, name)).sum::<u64>()).max().unwrap_or(0).max(1);
    let mut below: Vec<u64> = vec![0; course.days.len()];
    let mut areas = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let top: Vec<u64> = course.days.iter().zip(&below).map(|(day, below)| below + of(day, name)).collect();
        if top != below {
            let end = course.days.last().map_or(0, |day| of(day, name));
            areas.push(Area { name, class: format!("c{at}"), path: path(&top, &below, most, height), end: shown(end) });
        }
        below = top;
    }
    // What is on top in the chart is first in its legend.
    areas.reverse();
    let last = course.days.len().saturating_sub(1).max(1) as u64;
    let place = |at: usize| at as u64 * WIDTH / last;
    let firsts = course.days.iter().enumerate().filter(|(_, day)| day.date.ends_with("-01"));
    let months: Vec<(u64, String)> = firsts.map(|(at, day)| (place(at), day.date.get(..7).unwrap_or(&day.date).to_owned())).collect();
    // A name every so often, so that none lies over the next.
    let every = months.len().div_ceil(10).max(1);
    let months = months.into_iter().step_by(every).filter(|(at, _)| *at + 50 < WIDTH).collect();
    let marks = course.invariants.iter().filter_map(|invariant| invariant.broken.as_ref()).map(|broken| place(broken.day as usize)).collect();
    Chart { title: title.to_owned(), most: shown(most), height, areas, months, marks }
}

/// Along the top to the right, and along the bottom back.
fn path(top: &[u64], below: &[u64], most: u64, height: u64) -> String {
    let last = top.len().saturating_sub(1).max(1) as u64;
    let y = |value: u64| {
        let tenths = u128::from(height) * 10 * u128::from(most - value.min(most)) / u128::from(most);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    let x = |at: usize| {
        let tenths = at as u64 * WIDTH * 10 / last;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    let mut out = String::new();
    for (at, value) in top.iter().enumerate() {
        let _ = write!(out, "{}{} {}", if at == 0 { "M" } else { "L" }, x(at), y(*value));
    }
    for (at, value) in below.iter().enumerate().rev() {
        let _ = write!(out, "L{} {}", x(at), y(*value));
    }
    out.push('Z');
    out
}

/// Whether an invariant holds, in a word that is a class too.
fn kept(invariant: &Invariant) -> &'static str {
    if invariant.broken.is_some() { "broken" } else { "holds" }
}

/// `2026-11-09 00:00 UTC`
fn time(at: &str) -> String {
    match (at.get(..10), at.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => at.to_owned(),
    }
}

#[cfg(test)]
mod tests;
