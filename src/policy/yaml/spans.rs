//! Where each part of a value stands in its file. The index shares its nodes between an anchor and its aliases and keeps
//! no list of pointers, so its size is that of the file. It must never expand an alias.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value};

/// Where one part of a file stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans {
    /// The key, when the part is a mapping's value.
    pub key: Option<Range<usize>>,
    /// The value. Empty, at the place where it would stand, when the file gives none.
    pub value: Range<usize>,
}

/// The byte ranges of a file's keys and values, found by JSON pointer (RFC 6901: `/spec/backups/nightly`, `""` for all).
#[derive(Debug, Clone, Default)]
pub struct SpanIndex {
    root: Option<Child>,
}

/// A value in its place: under an alias the place is the alias, the node that of the anchor.
#[derive(Debug, Clone)]
pub(super) struct Child {
    pub(super) span: Range<usize>,
    pub(super) node: Arc<Node>,
}

/// A mapping's value with its key.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Range<usize>,
    pub(super) child: Child,
}

/// A value, shared between its anchor and all aliases.
#[derive(Debug)]
pub(super) enum Node {
    Scalar(Value),
    List(Vec<Child>),
    Mapping(BTreeMap<String, Entry>),
}

impl Node {
    /// The value with every alias written out. The builder has checked what that costs.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::List(items) => items.iter().map(|item| item.node.to_value()).collect(),
            Self::Mapping(entries) => {
                let entries = entries.iter().map(|(key, entry)| (key.clone(), entry.child.node.to_value()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    fn get(&self, segment: &str) -> Option<(Option<&Range<usize>>, &Child)> {
        match self {
            Self::Scalar(_) => None,
            Self::List(items) => items.get(segment.parse::<usize>().ok()?).map(|child| (None, child)),
            Self::Mapping(entries) => entries.get(segment).map(|entry| (Some(&entry.key), &entry.child)),
        }
    }
}

impl SpanIndex {
    pub(super) fn new(root: Option<Child>) -> Self {
        Self { root }
    }

    /// Whether the file gave no value at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Where the value at `pointer` stands.
    #[must_use]
    pub fn value(&self, pointer: &str) -> Option<Range<usize>> {
        self.get(pointer).map(|spans| spans.value)
    }

    /// Where the key of the value at `pointer` stands; `None` for a list's items and for the document itself.
    #[must_use]
    pub fn key(&self, pointer: &str) -> Option<Range<usize>> {
        self.get(pointer)?.key
    }

    /// Where key and value at `pointer` stand.
    #[must_use]
    pub fn get(&self, pointer: &str) -> Option<Spans> {
        let (spans, complete) = self.walk(pointer)?;
        complete.then_some(spans)
    }

    /// Where `pointer` or else its closest existing ancestor stands; the start of the file when there is none.
    #[must_use]
    pub fn nearest(&self, pointer: &str) -> Spans {
        self.walk(pointer).map(|(spans, _)| spans).unwrap_or_default()
    }

    /// The key that stands first in the mapping at `pointer`: a place for what is missing from it.
    #[must_use]
    pub fn first_key(&self, pointer: &str) -> Option<Range<usize>> {
        match self.child(pointer)?.node.as_ref() {
            Node::Mapping(entries) => entries.values().map(|entry| entry.key.clone()).min_by_key(|key| key.start),
            _ => None,
        }
    }

    fn child(&self, pointer: &str) -> Option<&Child> {
        let mut child = self.root.as_ref()?;
        for segment in segments(pointer) {
            child = child.node.get(&segment)?.1;
        }
        Some(child)
    }

    fn walk(&self, pointer: &str) -> Option<(Spans, bool)> {
        let mut child = self.root.as_ref()?;
        let mut key = None;
        for segment in segments(pointer) {
            let Some((next_key, next)) = child.node.get(&segment) else {
                return Some((spans(key, child), false));
            };
            (key, child) = (next_key, next);
        }
        Some((spans(key, child), true))
    }
}

fn spans(key: Option<&Range<usize>>, child: &Child) -> Spans {
    Spans { key: key.cloned(), value: child.span.clone() }
}

/// The segments of a JSON pointer, unescaped.
fn segments(pointer: &str) -> impl Iterator<Item = String> {
    let rest = pointer.strip_prefix('/');
    rest.into_iter().flat_map(|rest| rest.split('/')).map(|segment| segment.replace("~1", "/").replace("~0", "~"))
}
