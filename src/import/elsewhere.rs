//! Repositories of other engines outside the prefix → how each is imported, said only where the policy that would come of it takes it in.

use std::collections::BTreeMap;

use super::{Subject, physical};
use crate::model::fact::Fact;
use crate::model::policy::RepositoryPlace;

/// One sentence for each prefix that another import is for, and for what no policy can take in.
pub(super) fn notes(subject: &Subject<'_>) -> Vec<String> {
    let search = match subject.elsewhere {
        Fact::Known(search) => search,
        Fact::Absent => return Vec::new(),
        Fact::Unknown(why) => return vec![format!("repositories of other engines outside {}: {why}", subject.prefix)],
    };
    let places: Vec<&RepositoryPlace> = search.places.iter().filter(|place| !place.base.starts_with(subject.prefix)).collect();
    let inside = subject.repositories.known().into_iter().flatten();
    let all: Vec<&RepositoryPlace> = places.iter().copied().chain(inside).collect();
    let mut by_prefix: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
    for place in &places {
        by_prefix.entry(prefix(subject, place, &all)).or_default().push(words(place));
    }
    let mut out: Vec<String> = by_prefix.into_iter().map(|(prefix, found)| sentence(subject, prefix.as_deref(), &found.join(" and "))).collect();
    if !search.whole {
        out.push(
            "repositories of other engines: the bucket has more folders than were looked into; one that is not named here is found by its own --prefix"
                .to_owned(),
        );
    }
    out
}

fn words(place: &RepositoryPlace) -> String {
    let name = if place.name.is_empty() { String::new() } else { format!(" `{}`", place.name) };
    let base = if place.base.is_empty() { "right at the root of the bucket".to_owned() } else { format!("below {}", place.base) };
    format!("a repository of {}{name} {base}", place.engine.as_str())
}

fn sentence(subject: &Subject<'_>, prefix: Option<&str>, found: &str) -> String {
    let Subject { bucket, policy, prefix: own, .. } = *subject;
    match prefix {
        Some(wider) if own.starts_with(wider) => {
            format!(
                "{found}, around {own}, and prefixes of policies may not overlap: `lifeboat import s3://{bucket} --name {policy} --prefix {wider}` in place of this one"
            )
        }
        Some(prefix) => {
            format!("{found}, outside of {own}: `lifeboat import s3://{bucket} --name {} --prefix {prefix}` writes a policy for it", name(policy, prefix))
        }
        None => format!("{found}, outside of {own}: no prefix of a policy takes it in, so it is left alone"),
    }
}

/// The narrowest prefix of a policy that takes a repository in, with all others that lie there.
fn prefix(subject: &Subject<'_>, place: &RepositoryPlace, all: &[&RepositoryPlace]) -> Option<String> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/'));
    let parts: Vec<usize> = place.base.match_indices('/').map(|(at, _)| at + 1).collect();
    let candidates = parts.into_iter().rev().filter_map(|end| place.base.get(..end));
    let takes = |prefix: &&str| {
        let there: Vec<RepositoryPlace> = all.iter().filter(|other| other.base.starts_with(*prefix)).map(|other| (*other).clone()).collect();
        let repositories = Fact::Known(there);
        let mut left = Vec::new();
        let would = Subject { prefix, repositories: &repositories, ..subject.clone() };
        physical::sets(&would, &BTreeMap::new(), &mut left);
        plain(prefix) && !prefix.split('/').rev().skip(1).any(str::is_empty) && left.is_empty()
    };
    candidates.into_iter().find(takes).map(str::to_owned)
}

/// The name of a policy for a prefix.
fn name(policy: &str, prefix: &str) -> String {
    let text: String = prefix.trim_end_matches('/').chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let name: String = format!("{policy}-{text}").chars().take(40).collect();
    name.trim_end_matches('-').to_owned()
}
