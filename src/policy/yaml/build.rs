//! Turns parser events into nodes with byte ranges. Aliases share their anchor's node and are charged at full size, so
//! a file that would expand beyond the limits is refused before anything is expanded.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, ScalarStyle, Span};
use serde_json::Value;

use super::problem::{YamlProblem, YamlProblemKind as Kind};
use super::spans::{Child, Entry, Node, SpanIndex};
use super::{MAX_DEPTH, MAX_NODES, MAX_PROBLEMS, MAX_TEXT, Parsed, is_forbidden, scalar, shift};

/// Why reading ends early.
pub(super) enum Stop {
    /// Nothing of the file is usable.
    Fatal(Box<YamlProblem>),
    /// Enough problems were collected.
    TooManyProblems,
    /// The first document is complete, and a second one follows.
    SecondDocument,
}

/// What a node costs once it is written out.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    text: usize,
    height: usize,
}

impl Size {
    fn add(&mut self, other: Size) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.text = self.text.saturating_add(other.text);
        self.height = self.height.max(other.height);
    }
}

/// A list or mapping whose end has not come yet.
struct Frame {
    open: Open,
    start: Range<usize>,
    end: usize,
    anchor: usize,
    size: Size,
}

enum Open {
    List(Vec<Child>),
    Mapping(BTreeMap<String, Entry>, Option<Key>),
}

/// A key that waits for its value.
enum Key {
    Keep(String, Range<usize>),
    Drop,
}

/// Collects nodes and problems from one file's events.
pub(super) struct Builder<'a> {
    text: &'a str,
    base: usize,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, (Arc<Node>, Size)>,
    root: Option<Child>,
    total: Size,
    documents: usize,
    problems: Vec<YamlProblem>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(text: &'a str, base: usize) -> Self {
        Self { text, base, frames: Vec::new(), anchors: BTreeMap::new(), root: None, total: Size::default(), documents: 0, problems: Vec::new() }
    }

    /// Where the innermost open list or mapping began, for an error in the middle of it.
    pub(super) fn innermost(&self) -> Option<Range<usize>> {
        self.frames.last().map(|frame| frame.start.clone())
    }

    pub(super) fn into_problems(self) -> Vec<YamlProblem> {
        self.problems
    }

    pub(super) fn finish(mut self) -> Parsed {
        // `---` and comments alone are a document, but one that says nothing.
        let says_nothing = |root: &Child| root.span.is_empty() && matches!(*root.node, Node::Scalar(Value::Null));
        if self.root.as_ref().is_none_or(says_nothing) {
            self.root = None;
            if self.problems.is_empty() {
                self.problems.push(YamlProblem::new(Kind::Empty, 0..0));
            }
        }
        Parsed { value: self.root.as_ref().map_or(Value::Null, |root| root.node.to_value()), spans: SpanIndex::new(self.root), problems: self.problems }
    }

    pub(super) fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Stop> {
        let range = self.range(span);
        match event {
            Event::DocumentStart(..) => self.document(range),
            Event::Scalar(text, style, anchor, tag) => {
                let tagged = tag.is_some();
                self.tag(tagged, span, &range)?;
                self.scalar(&text, style, anchor, tagged, range)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.is_some(), span, &range)?;
                self.open(Open::List(Vec::new()), anchor, range)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag(tag.is_some(), span, &range)?;
                self.open(Open::Mapping(BTreeMap::new(), None), anchor, range)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(&range);
                Ok(())
            }
            Event::Alias(anchor) => self.alias(Some(anchor), range),
            Event::UnresolvedAlias(_) => self.alias(None, range),
            _ => Ok(()),
        }
    }

    fn document(&mut self, range: Range<usize>) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        self.problem(Kind::SecondDocument, range)?;
        Err(Stop::SecondDocument)
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tagged: bool, range: Range<usize>) -> Result<(), Stop> {
        let plain = matches!(style, ScalarStyle::Plain);
        let range = self.trimmed(range, style);
        if let Some(character) = text.chars().find(|c| is_forbidden(*c)) {
            let offset = range.start;
            self.problem(Kind::ForbiddenCharacter { character, offset }, range.clone())?;
        }
        if self.wants_key() {
            return self.key(text, plain, anchor, range);
        }
        let (value, flaw) = if plain { scalar::resolve(text) } else { (Value::String(text.to_owned()), None) };
        if let Some(kind) = flaw.filter(|_| !tagged) {
            self.problem(kind, range.clone())?;
        }
        let size = Size { nodes: 1, text: text.len(), height: 0 };
        self.charge(size, &range)?;
        self.place(Node::Scalar(value), size, anchor, range);
        Ok(())
    }

    fn key(&mut self, text: &str, plain: bool, anchor: usize, range: Range<usize>) -> Result<(), Stop> {
        let size = Size { nodes: 0, text: text.len(), height: 0 };
        self.charge(size, &range)?;
        if anchor != 0 {
            let node = Arc::new(Node::Scalar(Value::String(text.to_owned())));
            self.anchors.insert(anchor, (node, Size { nodes: 1, ..size }));
        }
        let first = match self.frames.last().map(|frame| &frame.open) {
            Some(Open::Mapping(entries, _)) => entries.get(text).map(|entry| entry.key.clone()),
            _ => None,
        };
        let problem = if plain && text == "<<" {
            Some(Kind::MergeKey)
        } else if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
            Some(Kind::KeyNotText { found: "null" })
        } else {
            first.as_ref().map(|_| Kind::DuplicateKey { key: text.to_owned() })
        };
        let key = if problem.is_some() { Key::Drop } else { Key::Keep(text.to_owned(), range.clone()) };
        if let Some(kind) = problem {
            self.problem(kind, range.clone())?;
            if let (Some(first), Some(last)) = (first, self.problems.last_mut()) {
                last.related = Some((first, "first given here".to_owned()));
            }
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.size.add(size);
            frame.end = frame.end.max(range.end);
            if let Open::Mapping(_, pending) = &mut frame.open {
                *pending = Some(key);
            }
        }
        Ok(())
    }

    fn open(&mut self, open: Open, anchor: usize, start: Range<usize>) -> Result<(), Stop> {
        self.key_must_be_text(&start, if matches!(open, Open::List(_)) { "a list" } else { "a mapping" })?;
        if self.frames.len() >= MAX_DEPTH {
            return Err(fatal(Kind::TooDeep, start));
        }
        let size = Size { nodes: 1, ..Size::default() };
        self.charge(size, &start)?;
        self.frames.push(Frame { open, end: start.end, start, anchor, size });
        Ok(())
    }

    fn close(&mut self, range: &Range<usize>) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        // Only a bracket has a width: a block ends with its last part, not with the comments behind it.
        let end = if range.is_empty() { frame.end } else { range.end };
        let node = match frame.open {
            Open::List(items) => Node::List(items),
            Open::Mapping(entries, _) => Node::Mapping(entries),
        };
        let mut size = frame.size;
        size.height += 1;
        self.place(node, size, frame.anchor, frame.start.start..end);
    }

    fn alias(&mut self, anchor: Option<usize>, range: Range<usize>) -> Result<(), Stop> {
        self.key_must_be_text(&range, "an alias")?;
        let found = anchor.and_then(|anchor| self.anchors.get(&anchor).cloned());
        let (node, size) = if let Some(found) = found {
            found
        } else {
            let alias = self.slice(&range);
            let kind = match anchor {
                Some(_) => Kind::RecursiveAlias { alias },
                None => Kind::UnknownAnchor { alias },
            };
            self.problem(kind, range.clone())?;
            (Arc::new(Node::Scalar(Value::Null)), Size { nodes: 1, ..Size::default() })
        };
        if self.frames.len() + size.height > MAX_DEPTH {
            return Err(fatal(Kind::TooDeep, range));
        }
        self.charge(size, &range)?;
        self.attach(Child { span: range, node }, size);
        Ok(())
    }

    /// Gives a finished node its anchor and its place.
    fn place(&mut self, node: Node, size: Size, anchor: usize, span: Range<usize>) {
        let node = Arc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, (Arc::clone(&node), size));
        }
        self.attach(Child { span, node }, size);
    }

    fn attach(&mut self, child: Child, size: Size) {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(child);
            return;
        };
        frame.size.add(size);
        frame.end = frame.end.max(child.span.end);
        match &mut frame.open {
            Open::List(items) => items.push(child),
            Open::Mapping(entries, pending) => match pending.take() {
                Some(Key::Keep(name, key)) => {
                    entries.insert(name, Entry { key, child });
                }
                Some(Key::Drop) => {}
                None => *pending = Some(Key::Drop),
            },
        }
    }

    fn wants_key(&self) -> bool {
        matches!(self.frames.last().map(|frame| &frame.open), Some(Open::Mapping(_, None)))
    }

    fn key_must_be_text(&mut self, range: &Range<usize>, found: &'static str) -> Result<(), Stop> {
        if self.wants_key() {
            self.problem(Kind::KeyNotText { found }, range.clone())?;
        }
        Ok(())
    }

    fn tag(&mut self, tagged: bool, span: &Span, range: &Range<usize>) -> Result<(), Stop> {
        if !tagged {
            return Ok(());
        }
        let range = span.tag_span().map_or_else(|| range.clone(), |tag| self.range(&tag));
        let tag = self.slice(&range);
        self.problem(Kind::Tag { tag }, range)
    }

    fn problem(&mut self, kind: Kind, span: Range<usize>) -> Result<(), Stop> {
        if self.problems.len() >= MAX_PROBLEMS {
            self.problems.push(YamlProblem::new(Kind::TooManyProblems, span));
            return Err(Stop::TooManyProblems);
        }
        self.problems.push(YamlProblem::new(kind, span));
        Ok(())
    }

    /// Adds a node to what the whole file costs.
    fn charge(&mut self, size: Size, range: &Range<usize>) -> Result<(), Stop> {
        self.total.add(size);
        if self.total.nodes > MAX_NODES {
            return Err(fatal(Kind::TooManyNodes, range.clone()));
        }
        if self.total.text > MAX_TEXT {
            return Err(fatal(Kind::TooMuchText, range.clone()));
        }
        Ok(())
    }

    fn range(&self, span: &Span) -> Range<usize> {
        shift(&span.byte_range().unwrap_or_default(), self.base)
    }

    fn slice(&self, range: &Range<usize>) -> String {
        let inner = range.start.saturating_sub(self.base)..range.end.saturating_sub(self.base);
        self.text.get(inner).unwrap_or_default().to_owned()
    }

    /// A block scalar's span without the line breaks behind its last word, an absent value's behind its colon.
    fn trimmed(&self, range: Range<usize>, style: ScalarStyle) -> Range<usize> {
        if range.is_empty() && matches!(style, ScalarStyle::Plain) {
            let colon = self.text.get(range.start.saturating_sub(self.base)..).is_some_and(|text| text.starts_with(':'));
            let at = range.start + usize::from(colon && !self.wants_key());
            return at..at;
        }
        if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return range;
        }
        let length = self.slice(&range).trim_end().len();
        range.start..range.start + length
    }
}

fn fatal(kind: Kind, span: Range<usize>) -> Stop {
    Stop::Fatal(Box::new(YamlProblem::new(kind, span)))
}
