//! Random worlds: rules, tags, locks and stacks of versions, each from one seed.

use jiff::Timestamp;

use super::super::{Class, Keeping, Version};
use crate::model::lifecycle::{Expiration, Filter, Form, Lifecycle, Noncurrent, NoncurrentTransition, Rule, Tag, Transition};

/// A bucket with one backup of one or two objects.
pub(super) struct Random {
    pub(super) keeping: Keeping,
    pub(super) lifecycle: Lifecycle,
    pub(super) stored: Vec<Stored>,
}

impl Random {
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let keeping = dice.of(&[Keeping::Enabled, Keeping::Enabled, Keeping::Enabled, Keeping::Suspended, Keeping::Unversioned]);
        let count = usize::try_from(dice.below(6)).unwrap();
        let rules = (0..count).map(|at| random_rule(&mut dice, at)).collect();
        let minimum_size = dice.of(&[None, Some("varies_by_storage_class"), Some("all_storage_classes_128K")]).map(str::to_owned);
        let mut stored = Vec::new();
        random_stack(&mut dice, "p/s/x/a", keeping, &mut stored);
        if dice.one_in(2) {
            random_stack(&mut dice, "p/s/x/b", keeping, &mut stored);
        }
        Self { keeping, lifecycle: Lifecycle { rules, minimum_size }, stored }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    fn below(&mut self, n: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }

    fn one_in(&mut self, n: i64) -> bool {
        self.below(n) == 0
    }

    fn of<T: Clone>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(i64::try_from(items.len()).unwrap())).unwrap()].clone()
    }
}

pub(super) const CLASSES: [&str; 7] = ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];
const SIZES: [u64; 5] = [0, 500, 128 * 1024 - 1, 128 * 1024, 1 << 20];

pub(super) fn day(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// 2026-03-01 12:34:56 UTC.
pub(super) const NOW: i64 = 1_772_368_496;

/// A moment in the last 40 days, sometimes a midnight.
fn past(dice: &mut Dice) -> i64 {
    let moment = NOW - dice.below(40 * 86_400);
    if dice.one_in(4) { moment / 86_400 * 86_400 } else { moment }
}

fn random_rule(dice: &mut Dice, at: usize) -> Rule {
    let mut tags = Vec::new();
    for key in ["a", "b"] {
        if dice.one_in(4) {
            tags.push(Tag { key: key.to_owned(), value: dice.of(&["1", "2"]).to_owned() });
        }
    }
    let limit = |dice: &mut Dice| dice.one_in(5).then(|| dice.of(&[499_i64, 500, 501, 131_072]));
    let prefix = dice.of(&[None, Some(""), Some("p/"), Some("p/s/x"), Some("p/s/x/a"), Some("q")]).map(str::to_owned);
    let filter = Filter { form: Form::And, prefix, tags, larger_than: limit(dice), smaller_than: limit(dice) };
    let date = |dice: &mut Dice| day((NOW / 86_400 + dice.below(40) - 20) * 86_400).to_string();
    let expiration = match dice.below(6) {
        0 | 1 => Some(Expiration::Days(i32::try_from(1 + dice.below(40)).unwrap())),
        2 => Some(Expiration::Date(date(dice))),
        3 => Some(Expiration::DeleteMarker(true)),
        _ => None,
    };
    let mut transitions = Vec::new();
    let mut noncurrent_transitions = Vec::new();
    for _ in 0..dice.below(3) {
        let dated = dice.one_in(4);
        let days = (!dated).then(|| i32::try_from(dice.below(40)).unwrap());
        transitions.push(Transition { days, date: dated.then(|| date(dice)), class: dice.of(&CLASSES[1..]).to_owned() });
    }
    let newer = |dice: &mut Dice| dice.one_in(2).then(|| i32::try_from(1 + dice.below(3)).unwrap());
    for _ in 0..dice.below(2) {
        let keep_newer = newer(dice);
        noncurrent_transitions.push(NoncurrentTransition {
            days: i32::try_from(dice.below(20)).unwrap(),
            class: dice.of(&CLASSES[1..]).to_owned(),
            keep_newer,
        });
    }
    let noncurrent = dice.one_in(2).then(|| Noncurrent { days: i32::try_from(1 + dice.below(20)).unwrap(), keep_newer: newer(dice) });
    Rule { id: format!("r{at}"), enabled: !dice.one_in(8), filter, expiration, transitions, noncurrent, noncurrent_transitions, abort_uploads_days: None }
}

pub(super) struct Stored {
    pub(super) key: String,
    pub(super) bytes: u64,
    pub(super) written: i64,
    pub(super) class: &'static str,
    pub(super) tags: Vec<Tag>,
    pub(super) noncurrent: Option<i64>,
    pub(super) marker: bool,
    pub(super) null: bool,
    pub(super) locked: Option<i64>,
    pub(super) held: bool,
}

impl Stored {
    pub(super) fn version(&self) -> Version<'_> {
        Version {
            key: &self.key,
            bytes: self.bytes,
            written: day(self.written),
            class: Class::of(self.class),
            tags: &self.tags,
            noncurrent: self.noncurrent.map(day),
            marker: self.marker,
            null: self.null,
            locked: self.locked.map(day),
            held: self.held,
        }
    }
}

fn random_stack(dice: &mut Dice, key: &str, keeping: Keeping, out: &mut Vec<Stored>) {
    let many = if keeping == Keeping::Unversioned { 1 } else { 1 + dice.below(4) };
    let mut dates: Vec<i64> = (0..many).map(|_| past(dice)).collect();
    dates.sort_unstable_by(|a, b| b.cmp(a));
    let null_at = dice.below(many);
    for (place, written) in dates.iter().enumerate() {
        let alone = many == 1;
        let marker = !alone && dice.one_in(4);
        let tags: Vec<_> = ["a", "b", "c"].into_iter().filter_map(|key| Some((key, dice.of(&[None, Some("1"), Some("2")])?))).collect();
        let locks = keeping == Keeping::Enabled && !marker && dice.one_in(3);
        out.push(Stored {
            key: key.to_owned(),
            bytes: if marker { 0 } else { dice.of(&SIZES) },
            written: *written,
            class: if dice.one_in(3) { dice.of(&CLASSES) } else { "STANDARD" },
            tags: if marker { Vec::new() } else { tags.into_iter().map(|(key, value)| Tag { key: key.to_owned(), value: value.to_owned() }).collect() },
            noncurrent: (place > 0).then(|| dates[place - 1]),
            marker,
            null: keeping == Keeping::Unversioned || (keeping == Keeping::Suspended && i64::try_from(place).unwrap() == null_at),
            locked: locks.then(|| NOW + dice.below(60 * 86_400) - 20 * 86_400),
            held: locks && dice.one_in(4),
        });
    }
}
