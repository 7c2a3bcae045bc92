//! The index of a set in the control bucket: read before a run, and written after it by who keeps.
//!
//! Never a must: what cannot be read is done without, what cannot be written is said. No decision waits for it.

use std::collections::BTreeMap;

use super::causes;
use crate::catalog::index::{Entry, Index};
use crate::model::repository::ControlPlace;
use crate::ports::{Kind, Ports};

/// The largest index that is read or written: some thousands of backups of a thousand tables.
const LARGEST: u64 = 256 << 20;

/// The index of one set as it was found.
#[derive(Debug, Default)]
pub(super) struct Indexed {
    /// What it says, if that can be used.
    pub(super) index: Option<Index>,
    /// Its entity tag, if there is one.
    etag: Option<String>,
    /// Why it is not used, if it is there.
    pub(super) note: Option<String>,
    /// Whether it could not be read: then nobody knows whether there is one.
    unread: bool,
}

fn key(place: &ControlPlace, policy: &str, set: &str) -> String {
    crate::catalog::layout::index_key(&place.prefix, policy, set)
}

/// Reads the index of a set.
pub(super) async fn open(ports: &Ports, place: &ControlPlace, policy: &str, set: &str) -> Indexed {
    match ports.objects.get_tagged(&place.bucket, &key(place, policy, set), LARGEST).await {
        Ok(found) => {
            let (index, note) = match Index::parse(&found.bytes, policy, set) {
                Ok(index) => (Some(index), None),
                Err(why) => (None, Some(format!("the index of {policy}/{set} is not used: {why}; everything is read from the bucket"))),
            };
            Indexed { index, etag: Some(found.etag), note, unread: false }
        }
        Err(error) if error.kind == Kind::Missing => Indexed::default(),
        Err(error) => {
            let note = format!("the index of {policy}/{set} cannot be read; everything is read from the bucket: {}", causes(&error));
            Indexed { index: None, etag: None, note: Some(note), unread: true }
        }
    }
}

/// Writes what was read, if it is not what is there; answers why it could not. Another run may have written in the meantime: then
/// that one stays. So does one that could not be read, and that is no other run's doing.
pub(super) async fn write(ports: &Ports, place: &ControlPlace, policy: &str, set: &str, was: &Indexed, entries: BTreeMap<String, Entry>) -> Option<String> {
    if was.index.as_ref().is_some_and(|index| index.holds(&entries)) || (was.etag.is_none() && entries.is_empty()) {
        return None;
    }
    let (key, bytes) = (key(place, policy, set), Index::new(policy, set, entries).to_bytes());
    if bytes.len() as u64 > LARGEST {
        return Some(format!("the index of {policy}/{set} would have {} bytes, and is not written", bytes.len()));
    }
    let written = match &was.etag {
        Some(etag) => ports.objects.replace(&place.bucket, &key, etag, bytes).await,
        None => ports.objects.create(&place.bucket, &key, bytes).await,
    };
    match written {
        Ok(()) => None,
        Err(error) if error.kind == Kind::Exists && was.unread => {
            let why = was.note.clone().unwrap_or_default();
            Some(format!("{why}; it is there, and is left as it is"))
        }
        Err(error) if error.kind == Kind::Exists => Some(format!("the index of {policy}/{set} was written by another run in the meantime, and is left")),
        Err(error) => Some(format!("the index of {policy}/{set} cannot be written; the next run reads everything from the bucket: {}", causes(&error))),
    }
}
