//! The forecast and the play of every day agree, on random worlds.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::{Class, Forecast, Undo, Version, World};
use super::days::Play;
use super::worlds::{NOW, Random, Stored, day};

/// How many worlds are played: in every run, and in `make soak`.
const WORLDS: u64 = 4_000;
const SOAK: u64 = 200_000;
/// Worlds that once differed. 67: an object that had expired lies beside one that goes for good. 107,479: two rules move to
/// Intelligent-Tiering, one of them on the day of a third class.
const KEPT: &[u64] = &[67, 107_479];
/// How long each world is played, in days.
const DAYS: i64 = 70;

fn worlds() -> u64 {
    if std::env::var_os("LIFEBOAT_SOAK").is_some() { SOAK } else { WORLDS }
}

/// The moments at which something can happen: now, each midnight, and the end of each lock.
fn moments(stored: &[Stored]) -> Vec<Timestamp> {
    let midnights = (1..=DAYS).map(|days| day((NOW / 86_400 + days) * 86_400));
    let locks = stored.iter().filter_map(|one| one.locked).filter(|until| *until > NOW).map(day);
    let mut out: Vec<Timestamp> = std::iter::once(day(NOW)).chain(midnights).chain(locks).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// How a backup lies at a moment, as it was played.
#[derive(Debug, Default)]
struct Seen {
    by_class: BTreeMap<&'static str, u64>,
    slowest: Option<crate::model::units::Span>,
    readable: bool,
    undoable: bool,
    any: bool,
}

fn look(stacks: &[Play<'_>]) -> Seen {
    let mut seen = Seen { readable: true, undoable: true, ..Seen::default() };
    for stack in stacks {
        let needed = stack.stored.iter().position(|one| !one.marker);
        seen.readable &= needed == Some(0) && stack.played[0].current && stack.played[0].there;
        seen.undoable &= needed.is_some_and(|at| stack.played[at].there);
        for (one, state) in stack.stored.iter().zip(&stack.played).filter(|(one, state)| state.there && !one.marker) {
            seen.any = true;
            *seen.by_class.entry(state.class).or_default() += one.bytes;
            if state.current {
                seen.slowest = seen.slowest.max(Class::of(state.class).thaw());
            }
        }
    }
    seen
}

fn play(seed: u64) {
    let world = Random::of(seed);
    let versions: Vec<Version<'_>> = world.stored.iter().map(Stored::version).collect();
    let forecast = Forecast::new(&World { rules: &world.lifecycle, keeping: world.keeping, mfa_delete: false, now: day(NOW) });
    let standing = forecast.standing(&versions);
    let changes = forecast.transitions(&versions);
    let mut stacks: Vec<Play<'_>> = Vec::new();
    for key in ["p/s/x/a", "p/s/x/b"] {
        let of: Vec<&Stored> = world.stored.iter().filter(|one| one.key == key).collect();
        if !of.is_empty() {
            stacks.push(Play::new(&world.lifecycle, world.keeping, of));
        }
    }
    let (mut lost, mut gone, mut last) = (None, None, day(NOW));
    for now in moments(&world.stored) {
        let classes =
            |stacks: &[Play<'_>]| -> Vec<(&str, bool)> { stacks.iter().flat_map(|stack| stack.played.iter().map(|one| (one.class, one.there))).collect() };
        let before = classes(&stacks);
        for stack in &mut stacks {
            stack.run(now, day(NOW));
        }
        let moved = before.iter().zip(classes(&stacks)).any(|(before, after)| before.0 != after.0 && after.1);
        assert!(!moved || changes.contains(&now), "seed {seed}: a move at {now} that nobody announced");
        let seen = look(&stacks);
        assert_eq!(standing.is_restorable_at(now), seen.readable, "seed {seed}: restorable at {now}, {standing:?}");
        let lying = forecast.lying(&versions, now);
        let said: BTreeMap<&str, u64> = lying.bytes.iter().map(|(class, bytes)| (class.as_str(), *bytes)).collect();
        assert_eq!((said, lying.thaw), (seen.by_class, seen.slowest), "seed {seed}: classes at {now}");
        lost = lost.or((!seen.undoable).then_some(now));
        gone = gone.or((!seen.any).then_some(now));
        last = now;
    }
    let within = |moment: Option<Timestamp>| moment.filter(|moment| *moment <= last);
    let undo_until = match standing.undo {
        Undo::Final => standing.restorable_until.max(Some(day(NOW))),
        Undo::Until(until) => Some(until),
        Undo::Always => None,
    };
    assert_eq!(within(undo_until), lost, "seed {seed}: undo, {standing:?}");
    assert_eq!(within(standing.bytes_gone_at), gone, "seed {seed}: bytes gone, {standing:?}");
}

#[test]
fn playing_every_day_gives_the_same() {
    KEPT.iter().copied().chain(0..worlds()).for_each(play);
}
