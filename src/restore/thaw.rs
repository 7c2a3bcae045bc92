//! Whether the objects of a backup can be read as they lie, asked before anything is begun: of an archive S3 refuses every byte.
//!
//! It asks only about objects that the listing shows in a class that may be frozen, and never asks S3 to thaw: that costs money.

use super::RestoreError;
use super::fetch::At;
use crate::catalog::timeline::Class;
use crate::model::policy::StorageClass;
use crate::model::resource::SeenBackup;
use crate::model::units::Span;
use crate::ports::{Head, Objects};

/// The class whose objects may fall to an archive tier, which a listing does not show (S3 User Guide, archived-objects).
const TIERED: &str = "INTELLIGENT_TIERING";

/// Whether every object can be read now.
///
/// # Errors
/// When one must be thawed first.
pub async fn readable(objects: &dyn Objects, at: &At, seen: &SeenBackup) -> Result<(), RestoreError> {
    let mut frozen: Vec<(Span, &str, String, bool)> = Vec::new();
    let suspects = seen.classes.iter().filter(|(_, class)| Class::of(class).thaw().is_some() || *class == TIERED);
    for (key, class) in suspects {
        match objects.head(&at.bucket, key).await {
            Ok(head) => frozen.extend(frozen_by(&head).map(|(takes, name, asked)| (takes, key.as_str(), name, asked))),
            // What S3 does not say of a frozen class is that it was thawed.
            Err(_) => frozen.extend(Class::of(class).thaw().map(|takes| (takes, key.as_str(), class.clone(), false))),
        }
    }
    let (objects, asked) = (frozen.len() as u64, frozen.iter().all(|(.., asked)| *asked));
    match frozen.into_iter().max_by_key(|(takes, ..)| *takes) {
        None => Ok(()),
        Some((takes, key, class, _)) => Err(RestoreError::Frozen { folder: at.folder.clone(), key: key.to_owned(), class, takes, objects, asked }),
    }
}

/// How long an object takes to thaw, what it is in, and whether a thaw is under way; none when it can be read.
fn frozen_by(head: &Head) -> Option<(Span, String, bool)> {
    let class = head.class.as_deref().unwrap_or("STANDARD");
    let (takes, name) = match head.archive.as_deref() {
        Some("ARCHIVE_ACCESS") => (StorageClass::Glacier.thaw()?, format!("{class} (ARCHIVE_ACCESS)")),
        Some(tier) => (StorageClass::DeepArchive.thaw()?, format!("{class} ({tier})")),
        None => (Class::of(class).thaw()?, class.to_owned()),
    };
    let restore = head.restore.as_deref();
    let thawed = restore.is_some_and(|said| said.contains("ongoing-request=\"false\""));
    (!thawed).then(|| (takes, name, restore.is_some()))
}

#[cfg(test)]
mod tests;
