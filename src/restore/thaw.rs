//! Whether the objects of a backup can be read as they lie, asked before anything is begun: of an archive S3 refuses every byte.
//!
//! It asks only about objects that the listing shows in a class that may be frozen, and never asks S3 to thaw: that costs money.

use super::RestoreError;
use super::fetch::At;
use crate::catalog::layout;
use crate::catalog::timeline::Class;
use crate::model::policy::StorageClass;
use crate::model::resource::SeenBackup;
use crate::model::units::Span;
use crate::ports::{Head, Objects};

/// The class whose objects may fall to an archive tier, which a listing does not show (S3 User Guide, archived-objects).
const TIERED: &str = "INTELLIGENT_TIERING";

/// Whether every object that a restore reads can be read now; marks of the run are none of them.
///
/// # Errors
/// When one must be thawed first, or S3 did not say.
pub async fn readable(objects: &dyn Objects, at: &At, seen: &SeenBackup) -> Result<(), RestoreError> {
    let mut frozen: Vec<(Span, &str, String, bool)> = Vec::new();
    let needed = seen.classes.iter().filter(|(key, _)| !layout::is_mark(key));
    let suspects = needed.filter(|(_, class)| Class::of(class).thaw().is_some() || *class == TIERED);
    for (key, _) in suspects {
        // What could not be asked is neither frozen nor thawed.
        let (name, thaw, takes) = lies(&objects.head(&at.bucket, key).await?);
        frozen.extend(takes.map(|takes| (takes, key.as_str(), name, thaw == Thaw::UnderWay)));
    }
    let (objects, asked) = (frozen.len() as u64, frozen.iter().all(|(.., asked)| *asked));
    match frozen.into_iter().max_by_key(|(takes, ..)| *takes) {
        None => Ok(()),
        Some((takes, key, class, _)) => Err(RestoreError::Frozen { folder: at.folder.clone(), key: key.to_owned(), class, takes, objects, asked }),
    }
}

/// Whether an object must be thawed before it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thaw {
    /// It can be read as it lies.
    Unneeded,
    /// It was thawed, and can be read for some days.
    Done,
    /// Somebody asked for it already.
    UnderWay,
    /// Nobody did.
    Needed,
}

impl Thaw {
    /// `unneeded`, `done`, `underWay`, `needed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unneeded => "unneeded",
            Self::Done => "done",
            Self::UnderWay => "underWay",
            Self::Needed => "needed",
        }
    }
}

/// The class of an object by S3's name, whether it must be thawed, and how long that takes at the most by the standard retrieval
/// (S3 User Guide, restoring-objects-retrieval-options; archived-objects for the two tiers of Intelligent-Tiering).
pub fn lies(head: &Head) -> (String, Thaw, Option<Span>) {
    let class = head.class.as_deref().unwrap_or("STANDARD");
    let lasts = match head.archive.as_deref() {
        Some("ARCHIVE_ACCESS") => StorageClass::Glacier.thaw(),
        Some(_) => StorageClass::DeepArchive.thaw(),
        None => Class::of(class).thaw(),
    };
    let name = head.archive.as_ref().map_or_else(|| class.to_owned(), |tier| format!("{class} ({tier})"));
    let Some(lasts) = lasts else { return (name, Thaw::Unneeded, None) };
    match head.restore.as_deref() {
        None => (name, Thaw::Needed, Some(lasts)),
        Some(said) if said.contains("ongoing-request=\"false\"") => (name, Thaw::Done, None),
        Some(_) => (name, Thaw::UnderWay, Some(lasts)),
    }
}

#[cfg(test)]
mod tests;
