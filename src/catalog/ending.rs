//! Which rule of a bucket ends a backup first, and when. Pure.

use jiff::Timestamp;

use super::timeline::{Forecast, Version, World};
use crate::model::aspects::Versioning;
use crate::model::lifecycle::{EXPIRE_TAG, Lifecycle, Rule};

/// What ends a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// From when on it can be gone; not later than now, if that is over.
    pub at: Timestamp,
    /// The id of the rule.
    pub rule: String,
    /// Whether it acts by the release tag, which a hold takes off.
    pub by_release: bool,
}

/// The rule that ends these objects first, given as their versions with the tags that they have; none = no rule does.
pub fn first(versions: &[Version<'_>], (rules, versioning): (&Lifecycle, Option<Versioning>), now: Timestamp) -> Option<Ending> {
    let alone = |rule: &Rule| {
        let only = Lifecycle { rules: vec![rule.clone()], minimum_size: rules.minimum_size.clone() };
        let at = Forecast::new(&World::of(&only, versioning, now)).standing(versions).restorable_until?;
        Some(Ending { at, rule: rule.id.clone(), by_release: rule.filter.tags.iter().any(|tag| tag.key == EXPIRE_TAG) })
    };
    rules.rules.iter().filter_map(alone).min_by(|a, b| (a.at, &a.rule).cmp(&(b.at, &b.rule)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lifecycle::{Expiration, Filter, Tag};

    fn rule(id: &str, prefix: &str, tag: Option<&str>, days: i32) -> Rule {
        let tags = tag.map(Tag::release).into_iter().collect();
        Rule {
            id: id.to_owned(),
            enabled: true,
            filter: Filter { prefix: Some(prefix.to_owned()), tags, ..Filter::default() },
            expiration: Some(Expiration::Days(days)),
            transitions: Vec::new(),
            noncurrent: None,
            noncurrent_transitions: Vec::new(),
            abort_uploads_days: None,
        }
    }

    #[test]
    fn the_rule_that_acts_first_upon_any_object_is_named_and_one_for_another_tag_is_not() {
        let written: Timestamp = "2026-11-01T10:00:00Z".parse().unwrap();
        let now: Timestamp = "2026-11-10T00:00:00Z".parse().unwrap();
        let rules = Lifecycle {
            rules: vec![rule("late", "", None, 90), rule("cleanup", "orders/", None, 30), rule("tier", "orders/", Some("orders/nightly:daily"), 14)],
            minimum_size: None,
        };
        let ends = |tags: &[Tag]| {
            let versions = ["orders/a", "orders/b"].map(|key| Version { tags, ..Version::plain(key, 1, written) });
            first(&versions, (&rules, None), now).map(|ending| (ending.rule, ending.at.to_string()))
        };
        assert_eq!(ends(&[]), Some(("cleanup".to_owned(), "2026-12-02T00:00:00Z".to_owned())));
        assert_eq!(ends(&[Tag::release("orders/nightly:daily")]), Some(("tier".to_owned(), "2026-11-16T00:00:00Z".to_owned())));
        let other = Tag { key: EXPIRE_TAG.to_owned(), value: "billing/nightly:daily".to_owned() };
        assert_eq!(ends(&[other]).unwrap().0, "cleanup");
        let none = Lifecycle { rules: vec![rule("elsewhere", "billing/", None, 1)], minimum_size: None };
        assert_eq!(first(&[Version::plain("orders/a", 1, written)], (&none, None), now), None);
    }
}
