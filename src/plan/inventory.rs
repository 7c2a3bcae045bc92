//! What lies in the buckets and roles of the policies and is not of lifeboat: for a person to read.
//!
//! Pure. It is no part of a plan: nothing here is a finding, a difference or a reason for another exit code.

use crate::model::aspects::Parts;
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::resource::{Desired, Observed, ObservedResource, ResourceWish};
use crate::settings::beside::{BESIDE, Beside};
use crate::settings::{self, Part, Setting};

/// What is not of lifeboat in one bucket or role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotOurs {
    /// The bucket or role.
    pub resource: ResourceId,
    /// What lies there.
    pub parts: Vec<Part>,
    /// What could not be read, so that something may lie there.
    pub unknown: Vec<NotRead>,
}

/// A part of a resource of which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRead {
    /// What would have been asked for, for people.
    pub title: &'static str,
    /// The right that it takes.
    pub action: &'static str,
    /// Why it is not known.
    pub why: Why,
}

/// Of every wanted bucket and role; `beside` holds the answers about what lifeboat never manages.
pub fn inventory(desired: &Desired, observed: &Observed, beside: &Observed) -> Vec<NotOurs> {
    let wanted = desired.resources.iter().filter(|wish| matches!(wish.id().kind(), ResourceKind::Bucket | ResourceKind::Role));
    wanted.map(|wish| of(wish, observed, beside)).collect()
}

fn of(wish: &ResourceWish, observed: &Observed, beside: &Observed) -> NotOurs {
    let (resource, nothing) = (wish.id(), ObservedResource::default());
    let live = observed.resources.get(&resource).unwrap_or(&nothing);
    let mut out = NotOurs { resource: resource.clone(), parts: Vec::new(), unknown: Vec::new() };
    for setting in settings::of_kind(resource.kind()) {
        match (setting.seen)(live) {
            Fact::Known(document) => out.parts.extend(parts(setting, wish, &document)),
            // Of a whole that is managed, the plan itself says that it could not be read.
            Fact::Unknown(why) if settings::is_shared(setting) || (setting.want)(wish).is_none() => {
                out.not_read(NotRead { title: setting.title, action: setting.read.action(), why });
            }
            Fact::Unknown(_) | Fact::Absent => {}
        }
    }
    let around = beside.resources.get(&resource).unwrap_or(&nothing);
    for part in BESIDE.iter().filter(|_| resource.kind() == ResourceKind::Bucket) {
        match around.fact(part.read) {
            Fact::Known(document) => out.parts.extend(named(part, &document)),
            Fact::Unknown(why) => out.not_read(NotRead { title: part.title, action: part.read.action(), why }),
            Fact::Absent => {}
        }
    }
    out
}

impl NotOurs {
    /// Several settings rest on one answer.
    fn not_read(&mut self, what: NotRead) {
        if self.unknown.iter().all(|other| other.action != what.action) {
            self.unknown.push(what);
        }
    }
}

/// The parts of others in a setting, or the whole setting where no policy says anything about it.
fn parts(setting: &Setting, wish: &ResourceWish, live: &Document) -> Vec<Part> {
    if let Some(parts) = settings::others(setting, wish, live) {
        return parts;
    }
    let unmanaged = (setting.want)(wish).is_none() && !is_none(live);
    let whole = || Part { kind: "setting", name: setting.title.to_owned(), words: (setting.describe)(&Fact::Absent, live).join("; ") };
    unmanaged.then(whole).into_iter().collect()
}

/// A role without a boundary answers that it has none.
fn is_none(live: &Document) -> bool {
    live.value().as_object().is_some_and(|fields| !fields.is_empty() && fields.values().all(serde_json::Value::is_null))
}

fn named(part: &Beside, live: &Document) -> Vec<Part> {
    let parts = live.to::<Parts>().unwrap_or_default().0;
    parts.into_iter().map(|(name, words)| Part { kind: part.id, name, words }).collect()
}
