//! `status` as one page: what can be restored of each policy, as a card of its own. No script, nothing from outside.
//!
//! Texts come escaped from the template; widths hold numbers only. What is not known is said, and never drawn as nothing.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "the template passes every value by reference")]

use askama::Template;

use super::{bytes, kept, measured, share, time};
use crate::formats::text::status::{Note, month, notes, points, reach, since, soon, span};
use crate::model::units;
use crate::report::Verdict;
use crate::report::status::{SetStanding, Standing};
use crate::view::status::StatusView;

/// Gaps that are drawn into a window.
const DRAWN: usize = 50;

/// Renders the page.
///
/// # Errors
/// When the template cannot be rendered.
pub fn status(view: &StatusView) -> Result<String, askama::Error> {
    let longest = view.policies.iter().filter_map(|policy| reach(view, policy)).max().unwrap_or(0);
    let cards = view.policies.iter().map(|policy| Card::of(view, policy, longest)).collect();
    Page { view, cards, headline: headline(view), tone: tone(view) }.render()
}

#[derive(Template)]
#[template(path = "status.html")]
struct Page<'a> {
    view: &'a StatusView,
    cards: Vec<Card<'a>>,
    headline: String,
    tone: &'static str,
}

/// A policy, as the page shows it.
struct Card<'a> {
    policy: &'a Standing,
    tone: &'static str,
    word: &'static str,
    newest: String,
    verified: String,
    points: String,
    reach: String,
    month: String,
    window: Option<Window>,
    notes: Vec<Note>,
}

/// How far back restore points reach, in thousandths of the longest window of all policies.
struct Window {
    width: u64,
    /// Stretches without a restore point: from the left of the window, and how long, in thousandths of it.
    gaps: Vec<(u64, u64)>,
}

fn headline(view: &StatusView) -> String {
    match (view.policies.len(), view.kept) {
        (0, _) => "There is no policy, so nothing is promised".to_owned(),
        (1, 1) => "The one policy meets its objectives".to_owned(),
        (1, 0) => "The one policy does not meet its objectives".to_owned(),
        (all, kept) if all == kept => format!("All {all} policies meet their objectives"),
        (all, kept) => format!("{} of {all} policies {} not meet their objectives", all - kept, if all - kept == 1 { "does" } else { "do" }),
    }
}

fn tone(view: &StatusView) -> &'static str {
    let worst = view.policies.iter().map(verdict).min();
    worst.unwrap_or(Verdict::Unproven).as_str()
}

/// The worst of a policy: what could not be read, or was never proven, is not green.
fn verdict(policy: &Standing) -> Verdict {
    let known = if policy.unknown.is_some() { Verdict::Unproven } else { policy.rpo.verdict };
    let archives = if policy.sets.iter().any(|set| set.pitr.as_ref().is_some_and(|pitr| !pitr.is_kept && pitr.unknown.is_none())) {
        Verdict::Failed
    } else {
        Verdict::Passed
    };
    let worst = known.min(policy.drills.unwrap_or(Verdict::Passed)).min(archives);
    if worst == Verdict::Passed && !policy.is_kept() { Verdict::Unproven } else { worst }
}

impl<'a> Card<'a> {
    fn of(view: &StatusView, policy: &'a Standing, longest: u64) -> Self {
        let ago = |at: Option<&String>| at.and_then(|at| since(view, at)).map(|age| format!("{} ago", span(age)));
        let newest = policy.sets.iter().filter_map(|set| set.newest.as_ref()).max();
        let never = || if policy.unknown.is_some() { "not known" } else { "never" }.to_owned();
        let verdict = verdict(policy);
        Self {
            policy,
            tone: verdict.as_str(),
            word: match verdict {
                Verdict::Passed => "met",
                Verdict::Unproven => "unproven",
                Verdict::Failed => "not met",
            },
            newest: ago(newest).unwrap_or_else(never),
            verified: if policy.drills.is_none() { "no drill".to_owned() } else { ago(policy.verified_at.as_ref()).unwrap_or_else(|| "never".to_owned()) },
            points: if policy.unknown.is_some() { "not known".to_owned() } else { points(policy) },
            reach: reach(view, policy).map_or_else(never, span),
            month: month(view, &policy.policy),
            window: Window::of(view, policy, longest),
            notes: notes(policy, view.evidence.is_none()),
        }
    }

    fn next(&self, view: &StatusView) -> String {
        let running = self.policy.sets.iter().any(|set| set.running);
        let next = self.policy.sets.iter().filter_map(|set| set.next.as_ref()).min();
        if running { "running".to_owned() } else { next.map_or_else(|| "none is scheduled".to_owned(), |at| soon(view, at)) }
    }
}

impl Window {
    fn of(view: &StatusView, policy: &Standing, longest: u64) -> Option<Self> {
        let reach = reach(view, policy).filter(|reach| *reach > 0 && policy.unknown.is_none())?;
        let since = |at: &String| since(view, at);
        let gap = |from: u64, to: u64| (part(reach.saturating_sub(from), reach), part(from.saturating_sub(to), reach).max(4));
        let gaps = policy.sets.iter().flat_map(|set| &set.gaps).filter_map(|one| Some(gap(since(&one.from)?, since(&one.to)?)));
        Some(Self { width: part(reach, longest).max(10), gaps: gaps.take(DRAWN).collect() })
    }
}

/// Thousandths of a whole.
fn part(of: u64, whole: u64) -> u64 {
    (of.saturating_mul(1_000) / whole.max(1)).min(1_000)
}

/// Thousandths as a percentage of a style.
fn percent(part: &u64) -> String {
    format!("{}.{}%", part / 10, part % 10)
}

/// What there is of one set, in a line.
fn line(set: &&SetStanding) -> String {
    let points = units::plural(set.points as u64, "restore point");
    let archive = set.pitr.as_ref().map(|pitr| match (&pitr.unknown, pitr.lag_seconds) {
        (Some(why), _) => format!("{}: not known, {why}", pitr.engine),
        (None, Some(lag)) => format!("{}, archive {} behind", pitr.engine, span(lag)),
        (None, None) => format!("{}, no archive", pitr.engine),
    });
    let mut parts = match &set.pitr {
        Some(pitr) if pitr.unknown.is_some() => Vec::new(),
        _ => vec![points, bytes(&set.bytes)],
    };
    parts.extend(archive);
    parts.extend(set.newest_seconds.map(|took| format!("the newest took {}", span(took))));
    parts.join(" · ")
}

#[cfg(test)]
mod tests;
