//! What S3 does with an object, day by day: no formula, only the sentences of the guide, one after the other. Written from the guide
//! and not from the code that it checks; the two share the input types only.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::super::Keeping;
use super::worlds::{CLASSES, Stored, day};
use crate::model::lifecycle::{Expiration, Lifecycle, Rule};

/// What S3 knows of one version while the days go by.
#[derive(Clone)]
pub(super) struct Played {
    pub(super) class: &'static str,
    pub(super) there: bool,
    pub(super) current: bool,
    since: Option<Timestamp>,
    /// Moves of noncurrent versions that were ever due, by rule and step: since when, and where to.
    due_behind: BTreeMap<(usize, usize), (Timestamp, &'static str)>,
    replaced: bool,
}

/// "adding the number of days … and rounding the resulting time to the next day midnight UTC"
fn rounded(from: Timestamp, days: i32) -> Timestamp {
    let there = (from + SignedDuration::from_hours(24 * i64::from(days))).to_zoned(TimeZone::UTC);
    let start = there.start_of_day().unwrap();
    if start == there { there.timestamp() } else { start.tomorrow().unwrap().timestamp() }
}

fn matches(rule: &Rule, stored: &Stored) -> bool {
    let size = i64::try_from(stored.bytes).unwrap();
    let mut all = rule.enabled;
    all &= rule.filter.prefix.iter().all(|prefix| stored.key.starts_with(prefix));
    all &= rule.filter.larger_than.iter().all(|limit| size > *limit);
    all &= rule.filter.smaller_than.iter().all(|limit| size < *limit);
    for wanted in &rule.filter.tags {
        all &= stored.tags.iter().any(|tag| tag.key == wanted.key && tag.value == wanted.value);
    }
    all
}

/// "objects smaller than 128 KB are not transitioned", unless a size filter of the rule says otherwise.
fn size_allows(lifecycle: &Lifecycle, rule: &Rule, stored: &Stored, class: &str) -> bool {
    if stored.bytes >= 131_072 || rule.filter.larger_than.is_some() || rule.filter.smaller_than.is_some() {
        return true;
    }
    let varies = lifecycle.minimum_size.as_deref() != Some("all_storage_classes_128K");
    varies && (class == "GLACIER" || class == "DEEP_ARCHIVE")
}

/// The waterfall of the guide, line by line.
fn waterfall(from: &str) -> &'static [&'static str] {
    match from {
        "STANDARD" => &["STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE"],
        "STANDARD_IA" => &["ONEZONE_IA", "GLACIER_IR", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE"],
        "INTELLIGENT_TIERING" => &["ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"],
        "ONEZONE_IA" | "GLACIER_IR" => &["GLACIER", "DEEP_ARCHIVE"],
        "GLACIER" => &["DEEP_ARCHIVE"],
        _ => &[],
    }
}

/// One run over what is due: S3 takes the last of the waterfall, which lists the classes as S3 favours them; what had lost to
/// Intelligent-Tiering on the day it was due stays lost.
fn moved(mut class: &'static str, due: &[(Timestamp, &'static str)]) -> &'static str {
    loop {
        let open = waterfall(class);
        let tiering = class == "INTELLIGENT_TIERING" || open.contains(&"INTELLIGENT_TIERING");
        let newest_tiering = due.iter().filter(|(_, to)| *to == "INTELLIGENT_TIERING").map(|(at, _)| *at).max();
        let mut best = None;
        for candidate in open {
            let archive = matches!(*candidate, "GLACIER" | "DEEP_ARCHIVE" | "INTELLIGENT_TIERING");
            for (at, to) in due {
                let lost = !archive && tiering && newest_tiering.is_some_and(|other| other >= *at);
                if to == candidate && !lost {
                    best = Some(*candidate);
                }
            }
        }
        match best {
            Some(next) => class = next,
            None => return class,
        }
    }
}

fn name(class: &str) -> &'static str {
    CLASSES.into_iter().find(|known| *known == class).unwrap()
}

fn due_date(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) struct Play<'a> {
    lifecycle: &'a Lifecycle,
    keeping: Keeping,
    pub(super) stored: Vec<&'a Stored>,
    pub(super) played: Vec<Played>,
}

impl<'a> Play<'a> {
    pub(super) fn new(lifecycle: &'a Lifecycle, keeping: Keeping, stored: Vec<&'a Stored>) -> Self {
        let played = stored
            .iter()
            .map(|one| Played {
                class: one.class,
                there: true,
                current: one.noncurrent.is_none(),
                since: one.noncurrent.map(day),
                due_behind: BTreeMap::new(),
                replaced: false,
            })
            .collect();
        Self { lifecycle, keeping, stored, played }
    }

    fn unlocked(&self, at: usize, now: Timestamp) -> bool {
        !self.stored[at].held && self.stored[at].locked.is_none_or(|until| day(until) <= now)
    }

    /// One run of lifecycle.
    pub(super) fn run(&mut self, now: Timestamp, first: Timestamp) {
        if self.played[0].current && self.played[0].there && !self.stored[0].marker {
            self.run_current(now);
        }
        let there: Vec<bool> = self.played.iter().map(|one| one.there && one.since.is_some()).collect();
        for at in 0..self.played.len() {
            if !there[at] || self.stored[at].marker {
                continue;
            }
            let newer = (0..at).filter(|other| there[*other] && !self.stored[*other].marker).count();
            self.run_behind(at, newer, now, first);
        }
    }

    fn run_current(&mut self, now: Timestamp) {
        let stored = self.stored[0];
        let written = day(stored.written);
        let rules: Vec<&Rule> = self.lifecycle.rules.iter().filter(|rule| matches(rule, stored)).collect();
        let expires = rules.iter().any(|rule| match &rule.expiration {
            Some(Expiration::Days(days)) => rounded(written, *days) <= now,
            Some(Expiration::Date(date)) => due_date(date) <= now,
            _ => false,
        });
        let for_good = self.keeping == Keeping::Unversioned || (self.keeping == Keeping::Suspended && stored.null);
        if expires && for_good {
            if self.unlocked(0, now) {
                self.played[0].there = false;
            }
            return;
        }
        let mut due = Vec::new();
        for rule in rules {
            for step in rule.transitions.iter().filter(|step| size_allows(self.lifecycle, rule, stored, &step.class)) {
                let at = step.days.map_or_else(|| due_date(step.date.as_deref().unwrap()).max(written), |days| rounded(written, days));
                if at <= now {
                    due.push((at, name(&step.class)));
                }
            }
        }
        self.played[0].class = moved(self.played[0].class, &due);
        if expires {
            self.played[0].current = false;
            self.played[0].since = Some(now);
            for at in 1..self.played.len() {
                self.played[at].replaced = self.keeping == Keeping::Suspended && self.stored[at].null;
            }
        }
    }

    fn run_behind(&mut self, at: usize, newer: usize, now: Timestamp, first: Timestamp) {
        let stored = self.stored[at];
        let since = self.played[at].since.unwrap();
        let enough = |keep: Option<i32>| newer >= usize::try_from(keep.unwrap_or(0)).unwrap();
        let rules: Vec<&Rule> = self.lifecycle.rules.iter().filter(|rule| matches(rule, stored)).collect();
        let goes = rules.iter().filter_map(|rule| rule.noncurrent.as_ref()).any(|gone| rounded(since, gone.days) <= now && enough(gone.keep_newer));
        if (goes || self.played[at].replaced) && self.unlocked(at, now) {
            self.played[at].there = false;
            return;
        }
        for (which, rule) in rules.iter().enumerate() {
            for (number, step) in rule.noncurrent_transitions.iter().enumerate() {
                let due = rounded(since, step.days);
                if due <= now && enough(step.keep_newer) && size_allows(self.lifecycle, rule, stored, &step.class) {
                    // Only the first time counts: from then on it was due all along.
                    let entry = (if now == first { due } else { now }, name(&step.class));
                    self.played[at].due_behind.entry((which, number)).or_insert(entry);
                }
            }
        }
        let due: Vec<_> = self.played[at].due_behind.values().copied().collect();
        self.played[at].class = moved(self.played[at].class, &due);
    }
}
