//! Many backups and many rules: the same answers as one by one, and in linear time.

use std::fmt::Write as _;
use std::time::Instant;

use super::super::{Forecast, Keeping, Standing, Version, World};
use super::{at, behind, expires, rule, rules, tag};
use crate::model::lifecycle::{Expiration, Filter, Lifecycle, Rule, Tag};

const TIERS: [(&str, i32); 4] = [("recent", 4), ("daily", 15), ("weekly", 91), ("monthly", 403)];

/// The rules of so many policies, as lifeboat writes them.
fn estate(policies: usize) -> Lifecycle {
    let mut out = Vec::new();
    for policy in 0..policies {
        out.extend(TIERS.iter().map(|(tier, days)| behind(expires(Filter::tag("lifeboat-expire", &format!("p{policy}/nightly:{tier}")), *days), 30, None)));
        out.push(Rule { expiration: Some(Expiration::DeleteMarker(true)), ..rule(Filter::prefix(&format!("p{policy}/"))) });
    }
    rules(out)
}

struct Bucket {
    keys: String,
    ends: Vec<usize>,
    tags: Vec<Tag>,
}

impl Bucket {
    /// So many backups of three objects each, spread over the policies.
    fn new(policies: usize, backups: usize) -> Self {
        let mut out = Self { keys: String::new(), ends: Vec::new(), tags: Vec::new() };
        for policy in 0..policies {
            out.tags.extend(TIERS.iter().map(|(tier, _)| tag("lifeboat-expire", &format!("p{policy}/nightly:{tier}"))));
        }
        for backup in 0..backups {
            for name in ["begun.json", "orders.dump.zst", "manifest.json"] {
                write!(out.keys, "p{}/nightly/{backup:016}/{name}", backup * policies / backups).unwrap();
                out.ends.push(out.keys.len());
            }
        }
        out
    }

    fn versions(&self, policies: usize, backups: usize) -> Vec<Version<'_>> {
        let start = at("2024-01-01T01:15:07Z").as_second();
        let mut from = 0;
        let mut out = Vec::with_capacity(self.ends.len());
        for (place, end) in self.ends.iter().enumerate() {
            let backup = place / 3;
            let tier = (backup * policies / backups) * TIERS.len() + backup % (TIERS.len() + 1);
            let tags = if backup % (TIERS.len() + 1) == TIERS.len() { &[] } else { &self.tags[tier..=tier] };
            let written = jiff::Timestamp::from_second(start + i64::try_from(backup * 900 / backups).unwrap() * 86_400).unwrap();
            out.push(Version { tags, ..Version::plain(&self.keys[from..*end], 1 << 20, written) });
            from = *end;
        }
        out
    }
}

fn now() -> jiff::Timestamp {
    at("2026-07-01T10:00:00Z")
}

#[test]
fn many_at_once_are_the_same_as_one_by_one() {
    let (policies, backups) = (20, 400);
    let (lifecycle, bucket) = (estate(policies), Bucket::new(policies, backups));
    let versions = bucket.versions(policies, backups);
    let forecast = Forecast::new(&World { rules: &lifecycle, keeping: Keeping::Enabled, mfa_delete: false, now: now() });
    let many = forecast.standings(versions.chunks(3));
    let single: Vec<Standing> = versions.chunks(3).map(|backup| forecast.standing(backup)).collect();
    assert_eq!(many, single);
    assert!(many.iter().any(|one| one.restorable_until == Some(now())) && many.iter().any(|one| one.restorable_until.is_none()));
    assert!(many.iter().any(|one| one.restorable_until > Some(now())));
}

/// `scripts/bench` runs this in a release build and prints what it says.
#[test]
#[ignore = "figures of a release build, for scripts/bench"]
#[expect(clippy::print_stdout, reason = "what it prints is what it is for")]
fn figures() {
    for (policies, backups) in [(1, 100_000), (1, 1_000_000), (200, 1_000_000)] {
        let (lifecycle, bucket) = (estate(policies), Bucket::new(policies, backups));
        let versions = bucket.versions(policies, backups);
        let began = Instant::now();
        let forecast = Forecast::new(&World { rules: &lifecycle, keeping: Keeping::Enabled, mfa_delete: false, now: now() });
        let standings = forecast.standings(versions.chunks(3));
        let took = began.elapsed().as_millis();
        let memory = (standings.len() * size_of::<Standing>() + versions.len() * size_of::<Version<'_>>()) >> 20;
        println!("timeline    {took} ms for {backups} backups of 3 objects under {} rules; {memory} MiB in and out", lifecycle.rules.len());
        assert_eq!(standings.len(), backups);
    }
}
