//! A listing as the catalogue needs it: objects of backups and of repositories, and the rest counted. Writes nothing.

use crate::catalog::layout::{self, Foreign, Sieve};
use crate::ports::{Kind, ObjectInfo, PortError, Ports};

/// What a listing shows.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Objects of backups, and what may be of a repository of another engine, in the order of their keys.
    pub objects: Vec<ObjectInfo>,
    /// What is neither.
    pub foreign: Foreign,
}

/// Lists what lies below a policy's prefix, or below a part of that: `(prefix, below)`. The names of the sets there say how a large
/// listing is cut into parts.
///
/// # Errors
/// When it cannot be listed.
pub async fn gather(ports: &Ports, bucket: &str, place: (&str, &str), sets: &[String]) -> Result<Gathered, PortError> {
    let bounds = layout::bounds(place.0, sets.iter().map(String::as_str), ports.clock.now());
    match listed(ports, bucket, place, &bounds).await {
        // A server that does not list in order is asked for all of it, page after page.
        Err(error) if error.kind == Kind::NotUnderstood && !bounds.is_empty() => listed(ports, bucket, place, &[]).await,
        found => found,
    }
}

async fn listed(ports: &Ports, bucket: &str, (prefix, below): (&str, &str), bounds: &[String]) -> Result<Gathered, PortError> {
    let (mut sieve, mut objects) = (Sieve::new(prefix), Vec::new());
    let mut take = |page: Vec<ObjectInfo>| objects.extend(page.into_iter().filter(|object| sieve.keeps(&object.key, object.bytes)));
    ports.objects.pages(bucket, below, bounds, &mut take).await?;
    objects.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(Gathered { objects, foreign: sieve.foreign })
}
