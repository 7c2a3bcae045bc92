//! Storage classes over time: what moves where, and which of several moves wins.
//!
//! A move never goes up again, and S3 takes the class that costs least (S3 User Guide, lifecycle-transition-general-considerations;
//! lifecycle-configuration-examples, example 5).

use jiff::Timestamp;

use super::lives::{Life, enough};
use super::rules::{Acting, Near};
use super::{Forecast, Stack, Version};
use crate::catalog::layout::expires_at;
use crate::model::policy::StorageClass;
use crate::model::units::Span;

/// The class of a stored version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// STANDARD.
    #[default]
    Standard,
    /// REDUCED_REDUNDANCY, which nothing moves to any more.
    Reduced,
    /// One that lifecycle rules move to.
    Lower(StorageClass),
    /// One that lifecycle rules leave alone.
    Other,
}

impl Class {
    /// By S3's name. A version without one is in STANDARD.
    pub fn of(name: &str) -> Self {
        match name {
            "" | "STANDARD" => Self::Standard,
            "REDUCED_REDUNDANCY" => Self::Reduced,
            _ => StorageClass::ALL.into_iter().find(|class| class.as_str() == name).map_or(Self::Other, Self::Lower),
        }
    }

    /// S3's name, where there is one.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Reduced => "REDUCED_REDUNDANCY",
            Self::Lower(class) => class.as_str(),
            Self::Other => "other",
        }
    }

    /// How long it takes to thaw, if it must be thawed.
    pub fn thaw(self) -> Option<Span> {
        match self {
            Self::Lower(class) => class.thaw(),
            Self::Standard | Self::Reduced | Self::Other => None,
        }
    }

    /// Whether S3 moves from here to there.
    fn may_become(self, to: Self) -> bool {
        use StorageClass::{DeepArchive, Glacier, GlacierIr, IntelligentTiering, OnezoneIa, StandardIa};
        let (Self::Standard | Self::Reduced | Self::Lower(_), Self::Lower(to)) = (self, to) else { return false };
        match self {
            Self::Standard | Self::Reduced => true,
            Self::Lower(StandardIa) => to != StandardIa,
            Self::Lower(IntelligentTiering) => matches!(to, OnezoneIa | GlacierIr | Glacier | DeepArchive),
            Self::Lower(OnezoneIa | GlacierIr) => matches!(to, Glacier | DeepArchive),
            Self::Lower(Glacier) => to == DeepArchive,
            Self::Lower(DeepArchive) | Self::Other => false,
        }
    }

    /// How much S3 favours it: by cost, but Intelligent-Tiering before all but the two archives (example 5 of the guide).
    fn favour(self) -> u8 {
        match self {
            Self::Standard | Self::Reduced | Self::Other => 0,
            Self::Lower(class) => match class {
                StorageClass::StandardIa => 1,
                StorageClass::OnezoneIa => 2,
                StorageClass::GlacierIr => 3,
                StorageClass::IntelligentTiering => 4,
                StorageClass::Glacier => 5,
                StorageClass::DeepArchive => 6,
            },
        }
    }
}

/// A move that is due: since when, and where to.
type Move = (Timestamp, Class);

const TIERING: Class = Class::Lower(StorageClass::IntelligentTiering);

/// The class that one is in once all moves that are due by then were made.
fn settled(from: Class, due: &[Move]) -> Class {
    let mut class = from;
    // Each round moves down, and there are six classes below.
    while let Some(next) = next(class, due) {
        class = next;
    }
    class
}

fn next(class: Class, due: &[Move]) -> Option<Class> {
    let tiers = class == TIERING || class.may_become(TIERING);
    // What was due no later than Intelligent-Tiering, and is favoured less, has lost to it.
    let lost = |(at, to): &Move| tiers && to.favour() < TIERING.favour() && due.iter().any(|(other, what)| *what == TIERING && other >= at);
    let open = due.iter().filter(|step| class.may_become(step.1) && !lost(step));
    open.map(|(_, to)| *to).max_by_key(|to| to.favour())
}

impl Forecast<'_> {
    /// The class of the version at a place of a stack, at a time at which it is there.
    pub(super) fn class_at(&self, near: &Near, stack: &Stack<'_>, lives: &[Life], place: usize, at: Timestamp) -> Class {
        let (Some(version), Some(life)) = (stack.get(place), lives.get(place)) else { return Class::Other };
        let mut class = version.class;
        for moment in self.moments(near, stack, lives, place).into_iter().filter(|moment| *moment <= at) {
            // The day on which it stops being current can have moves of both kinds: S3 moves first, then lays the delete marker.
            if version.noncurrent.is_none() && life.behind_since.is_none_or(|since| moment <= since) {
                class = settled(class, &by(&self.due(near, version), moment));
            }
            if let Some(since) = life.behind_since.filter(|since| *since <= moment) {
                class = settled(class, &by(&self.due_behind(near, stack, lives, place, since), moment));
            }
        }
        class
    }

    /// The moments at which a version of an object may change its class.
    pub(super) fn class_moments(&self, near: &Near, stack: &Stack<'_>) -> Vec<Timestamp> {
        let lives = self.lives(near, stack);
        (0..stack.len()).flat_map(|place| self.moments(near, stack, &lives, place)).collect()
    }

    fn moments(&self, near: &Near, stack: &Stack<'_>, lives: &[Life], place: usize) -> Vec<Timestamp> {
        let (Some(version), Some(life)) = (stack.get(place), lives.get(place)) else { return Vec::new() };
        let is_current = version.noncurrent.is_none() && !version.marker;
        let current = self.due(near, version).into_iter().filter(|(at, _)| is_current && life.behind_since.is_none_or(|since| *at <= since));
        let behind = life.behind_since.into_iter().flat_map(|since| self.due_behind(near, stack, lives, place, since));
        // A permanent delete wins over a move of the same day.
        let there = |at: &Timestamp| life.gone.is_none_or(|gone| *at < gone);
        let mut out: Vec<Timestamp> = current.chain(behind).map(|(at, _)| at.max(self.now)).filter(there).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    fn due(&self, near: &Near, version: &Version<'_>) -> Vec<Move> {
        let of = |rule: &Acting<'_>| -> Vec<Move> {
            let taken = rule.moves.iter().filter(|(_, class)| rule.takes_to(*class, version.bytes));
            taken.map(|(when, class)| (when.due(version.written), *class)).collect()
        };
        self.acting(near, version).flat_map(of).collect()
    }

    fn due_behind(&self, near: &Near, stack: &Stack<'_>, lives: &[Life], place: usize, since: Timestamp) -> Vec<Move> {
        let Some(version) = stack.get(place) else { return Vec::new() };
        let newer: Vec<(bool, Life)> = stack.iter().zip(lives).take(place).map(|(version, life)| (version.marker, *life)).collect();
        let joins = lives.first().filter(|_| place > 0).and_then(|top| top.current_until);
        let of = |rule: &Acting<'_>| -> Vec<Move> {
            let taken = rule.moves_behind.iter().filter(|(_, class)| rule.takes_to(*class, version.bytes));
            let due = taken.filter_map(|(behind, class)| {
                let at = expires_at(since, behind.days);
                let from = enough(at.max(self.now), behind.newer, &newer, joins)?;
                Some((if from > self.now { from } else { at }, *class))
            });
            due.collect()
        };
        self.acting(near, version).flat_map(of).collect()
    }
}

/// Those that are due by a moment.
fn by(due: &[Move], moment: Timestamp) -> Vec<Move> {
    due.iter().filter(|(at, _)| *at <= moment).copied().collect()
}
