//! What the rules of a bucket leave of a repository of another engine until a moment to come, if nothing else happens. Pure.
//!
//! A backup of which one object goes is gone, and so is every one where the engine loses a list without which it finds nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::catalog::physical::{self, Listed, Metadata, Part, Place, Repository};
use crate::catalog::timeline::{Forecast, Version, World, of_object};
use crate::model::aspects::Versioning;
use crate::model::lifecycle::Lifecycle;
use crate::model::resource::SeenObject;

/// The repository at a moment, by its objects and metadata as they were when they were `read`, and the live rules and versioning.
pub fn repository(
    place: &Place,
    (objects, metadata): (&[SeenObject], &[Metadata]),
    (rules, versioning): &(Lifecycle, Option<Versioning>),
    (at, read): (Timestamp, Timestamp),
) -> Repository {
    let world = World::of(rules, *versioning, read);
    let versions: Vec<Version<'_>> = objects.iter().map(|object| of_object(object, world.keeping)).collect();
    let ends = Forecast::new(&world).standings(versions.chunks(1));
    let (left, gone): (Vec<_>, Vec<_>) = objects.iter().zip(&ends).partition(|(_, end)| end.is_restorable_at(at));
    let of_backup = |object: &SeenObject| match physical::part(place, &object.key) {
        Part::Backup(id) => Some(id.to_owned()),
        Part::Wal(_) | Part::List | Part::Other => None,
    };
    let broken: BTreeSet<String> = gone.iter().filter_map(|(object, _)| of_backup(object)).collect();
    let lost = gone.iter().find(|(object, _)| physical::part(place, &object.key) == Part::List).map(|(object, _)| &object.key);
    let stays = |object: &SeenObject| of_backup(object).is_none_or(|id| lost.is_none() && !broken.contains(&id));
    let listed: Vec<Listed<'_>> =
        left.iter().filter(|(object, _)| stays(object)).map(|(object, _)| (object.key.as_str(), object.bytes, object.written)).collect();
    let there: BTreeSet<&str> = listed.iter().map(|(key, ..)| *key).collect();
    let metadata: Vec<Metadata> = metadata.iter().filter(|(key, _)| there.contains(key.as_str()) && lost.is_none()).cloned().collect();
    let mut found = physical::read(place, &listed, &metadata);
    if let Some(list) = lost {
        let when = if at > read { "will have expired" } else { "may be gone at any time, by a rule of the bucket that has reached it" };
        found.problems.insert(0, format!("{list} {when}, and without it its engine finds no backup"));
    }
    found
}

#[cfg(test)]
mod tests;
