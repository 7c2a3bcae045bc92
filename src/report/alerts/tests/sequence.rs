//! Whatever happens and whatever could be read, nothing is told that is not so: random days, each with a seed.

use std::collections::BTreeMap;

use super::super::{Now, Turn};
use super::*;

/// A set and a drill whose true past is known, looked at now and then by somebody who sees a week of it, or nothing.
#[derive(Default)]
struct Past {
    complete: Vec<i64>,
    missed: Vec<i64>,
    failed: Vec<i64>,
    /// When a drill ended, and how.
    drills: Vec<(i64, Verdict)>,
}

fn day(day: i64, seconds: i64) -> i64 {
    "2026-01-01T01:00:00Z".parse::<Timestamp>().unwrap().as_second() + day * 86_400 + seconds
}

fn text(at: i64) -> String {
    Timestamp::from_second(at).unwrap().to_string()
}

impl Past {
    fn live(&mut self, today: i64, chance: &mut impl FnMut(u64) -> u64) {
        match chance(4) {
            0 => self.missed.push(day(today, 0)),
            1 => {
                self.missed.push(day(today, 0));
                self.failed.push(day(today, 2));
            }
            _ => self.complete.push(day(today, 2)),
        }
        match chance(9) {
            0 => self.drills.push((day(today, 7_200), Verdict::Passed)),
            1 => self.drills.push((day(today, 7_200), Verdict::Failed)),
            2 => self.drills.push((day(today, 7_200), Verdict::Unproven)),
            _ => {}
        }
    }

    fn seen(&self, now: i64) -> Standing {
        let week = |all: &[i64]| all.iter().rev().filter(|at| **at >= now - 7 * 86_400).map(|at| text(*at)).collect();
        let last = self.drills.last();
        let passed = self.drills.iter().rev().find(|(_, verdict)| *verdict == Verdict::Passed).map(|(at, _)| text(*at));
        let verdict = match last {
            Some((at, Verdict::Passed)) if *at < now - 5 * 86_400 => Verdict::Unproven,
            Some((_, verdict)) => *verdict,
            None => Verdict::Unproven,
        };
        let own = SetStanding { missed: week(&self.missed), failed: week(&self.failed), ..set("nightly", self.complete.last().map(|at| text(*at)).as_deref()) };
        Standing { sets: vec![own], rehearsals: vec![drill(verdict, last.map(|(at, _)| text(*at)).as_deref(), passed.as_deref())], ..standing() }
    }

    /// Whether somebody who was told of this at a moment may be told that it is well.
    fn is_over(&self, kind: &str, told: Option<i64>) -> bool {
        let later = |at: i64| told.is_none_or(|told| at > told);
        match kind {
            "backup-missed" | "backup-failed" => self.complete.iter().any(|at| later(*at)),
            "drill-failed" | "drill-missed" => self.drills.iter().any(|(at, verdict)| *verdict == Verdict::Passed && later(*at)),
            _ => true,
        }
    }
}

/// Numbers below a bound that a seed determines (splitmix64).
fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    move |of| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % of
    }
}

/// Whatever happens and whatever could be read: nothing is said to be well that is not, nothing that is not well stays untold, and nobody
/// hears a thing twice.
#[test]
fn no_sequence_of_days_tells_a_false_recovery() {
    let mut recovered = BTreeMap::<String, usize>::new();
    for seed in 0..400 {
        let mut chance = dice(seed);
        let (mut past, mut told, mut heard) = (Past::default(), Told::new(), BTreeMap::<String, Option<i64>>::new());
        for today in 0..60 {
            past.live(today, &mut chance);
            if chance(3) == 0 {
                continue;
            }
            let (blind, dumb) = (chance(5) == 0, chance(5) == 0);
            let now = day(today, 40_000);
            let mut seen = past.seen(now);
            if blind {
                (seen.unknown, seen.sets) = (Some("denied".to_owned()), Vec::new());
            }
            if dumb {
                seen.rehearsals = vec![drill(Verdict::Unproven, None, None)];
            }
            let judged = judged(&seen, &Around { at: Timestamp::from_second(now).unwrap(), evidence: dumb.then_some("denied"), ..around() });
            for change in changes(&told, &[&judged]) {
                let (key, detail) = (format!("{} {}", change.kind, change.name), told.get(&format!("{} {}", change.kind, change.name)));
                let newest = match judged.all.get(&key) {
                    Some(Now::Open(condition)) => condition.detail.parse::<Timestamp>().ok().map(Timestamp::as_second),
                    _ => None,
                };
                match change.turn {
                    Turn::New => assert_eq!(heard.insert(key.clone(), newest), None, "{seed}/{today}: {key} was told before"),
                    Turn::Again => assert!(heard.insert(key.clone(), newest).unwrap() < newest, "{seed}/{today}: {key} {detail:?} did not happen again"),
                    Turn::Recovered => {
                        let last = heard.remove(&key).unwrap_or_else(|| panic!("{seed}/{today}: {key} was never told"));
                        assert!(past.is_over(&change.kind, last), "{seed}/{today}: {key} {last:?} is not well");
                        *recovered.entry(change.kind).or_default() += 1;
                    }
                    Turn::Dropped => panic!("{seed}/{today}: {key} is still asked for"),
                }
            }
            told = now_told(&told, &[&judged]);
            assert_eq!(told.keys().collect::<Vec<_>>(), heard.keys().collect::<Vec<_>>(), "{seed}/{today}");
            let untold = judged.all.iter().find(|(key, now)| matches!(now, Now::Open(_)) && !heard.contains_key(*key));
            assert_eq!(untold, None, "{seed}/{today}");
        }
    }
    let kinds: Vec<&str> = recovered.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["backup-failed", "backup-missed", "drill-failed", "drill-missed", "drills-unknown", "unknown"]);
    assert!(recovered.values().all(|times| *times > 100), "{recovered:?}");
}
