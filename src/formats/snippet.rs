//! One diagnostic as text, in the manner of rustc: the title, the lines of the file with their labels, then why and what
//! to do instead.
//!
//! Sources, labels and titles come from files that anyone may have written. Rendering must never panic on a span, never
//! pass a control character or a change of text direction on to the terminal, and never print a line without an end.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level as Shown, Renderer, Snippet as Lines};

/// Lines of more bytes than this are cut around their labels.
pub const WIDTH: usize = 120;
/// What is kept of a long line on either side of its label, and of the label's own span, in bytes.
const MARGIN: usize = WIDTH / 3;
/// The renderer would cut lines too, but not where two labels stand far apart: it gets none that it would cut.
const RENDERER_WIDTH: usize = 4 * WIDTH;
/// Stands where a line was cut.
const CUT: &str = "…";
/// The longest text of a title, a label or a note, in characters.
const LONGEST: usize = 600;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It must be put right.
    Error,
    /// It should be put right.
    Warning,
    /// It is good to know.
    Note,
}

/// One stretch of a file with a label.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The file's name.
    pub file: &'a str,
    /// All of its text.
    pub source: &'a str,
    /// The bytes concerned; what is out of range is moved into it.
    pub span: Range<usize>,
    /// A few words, or none.
    pub label: &'a str,
    /// Whether this is the place itself, and not one that explains it.
    pub primary: bool,
}

/// One diagnostic.
#[derive(Debug, Clone)]
pub struct Snippet<'a> {
    /// How bad it is.
    pub level: Level,
    /// The rule behind it.
    pub id: Option<&'a str>,
    /// What is wrong, in one phrase.
    pub title: &'a str,
    /// Where. Places of one file are shown together, files in the order of their first place.
    pub places: &'a [Place<'a>],
    /// More about it: a heading such as `why`, `instead` or `help`, and its text.
    pub notes: &'a [(&'a str, &'a str)],
}

impl Snippet<'_> {
    /// The diagnostic as text, without a line break at its end, with terminal colours if asked for.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let level = match self.level {
            Level::Error => Shown::ERROR,
            Level::Warning => Shown::WARNING,
            Level::Note => Shown::NOTE,
        };
        let mut title = level.primary_title(line(self.title));
        if let Some(id) = self.id {
            title = title.id(line(id));
        }
        let mut group = Group::with_title(title);
        let files = self.files();
        for file in &files {
            group = group.element(file.lines.clone());
        }
        for (heading, text) in self.notes {
            group = group.element(Shown::NOTE.with_name(line(heading)).message(paragraph(text)));
        }
        let renderer = if color { Renderer::styled().hyperlink(false) } else { Renderer::plain() };
        let text = renderer.term_width(RENDERER_WIDTH).render(&[group]);
        files.iter().flat_map(|file| &file.heads).fold(text, |text, (shown, meant)| text.replacen(shown, meant, 1))
    }

    /// The places, grouped by file; the file with a primary place comes first, for its line stands in the head.
    fn files(&self) -> Vec<Excerpt> {
        let mut files: Vec<Vec<&Place<'_>>> = Vec::new();
        for place in self.places {
            let same = files.iter_mut().find(|places| places.iter().any(|p| p.file == place.file && p.source == place.source));
            match same {
                Some(places) => places.push(place),
                None => files.push(vec![place]),
            }
        }
        files.sort_by_key(|places| !places.iter().any(|place| place.primary));
        let no_primary = !self.places.iter().any(|place| place.primary);
        files.iter().enumerate().filter_map(|(index, places)| Excerpt::new(places, no_primary && index == 0)).collect()
    }
}

/// What is shown of one file.
struct Excerpt {
    lines: Lines<'static, Annotation<'static>>,
    /// Heads that the renderer writes with the column of a cut line, and with that of the file.
    heads: Vec<(String, String)>,
}

impl Excerpt {
    /// The places of one file. Without any primary place the first one takes its part.
    fn new(places: &[&Place<'_>], promote: bool) -> Option<Self> {
        let first = places.first()?;
        let (source, skipped) = match first.source.strip_prefix('\u{feff}') {
            Some(rest) => (rest, '\u{feff}'.len_utf8()),
            None => (first.source, 0),
        };
        let spans: Vec<Range<usize>> = places.iter().map(|place| clamp(source, &place.span, skipped)).collect();
        let cut = Cut::new(source, &spans);
        let file = line(first.file);
        let heads = spans.iter().filter_map(|span| cut.head(source, span, &file)).collect();
        let mut lines = Lines::source(cut.text.clone()).line_start(cut.first_line).path(file.into_owned());
        for (index, (place, span)) in places.iter().zip(&spans).enumerate() {
            let primary = place.primary || (promote && index == 0);
            let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let mut annotation = kind.span(cut.moved(span));
            if !place.label.is_empty() {
                annotation = annotation.label(line(place.label).into_owned());
            }
            lines = lines.annotation(annotation);
        }
        Some(Self { lines, heads })
    }
}

/// A span within the source, on characters' boundaries, and of one line: several lines are shown by the first of them.
fn clamp(source: &str, span: &Range<usize>, skipped: usize) -> Range<usize> {
    // Nothing can be shown behind the last line's end.
    let limit = source.trim_end_matches(['\n', '\r']).len();
    let start = source.floor_char_boundary(span.start.saturating_sub(skipped).min(limit));
    let end = source.ceil_char_boundary(span.end.saturating_sub(skipped).clamp(start, limit));
    let text = source.get(start..end).unwrap_or_default();
    let first = text.split(['\n', '\r']).next().unwrap_or_default();
    let length = if first.len() < text.len() { first.trim_end().len() } else { first.len() };
    start..start + length
}

/// The part of a source that is worth rendering: from the first line with a span to the last, harmless, and without the
/// far ends of long lines.
struct Cut {
    text: String,
    first_line: usize,
    pieces: Vec<Piece>,
}

/// A line of the source, what is kept of it, and where that is now.
struct Piece {
    line: Range<usize>,
    kept: Range<usize>,
    now: usize,
}

impl Cut {
    fn new(source: &str, spans: &[Range<usize>]) -> Self {
        let top = spans.iter().map(|span| span.start).min().unwrap_or(0);
        let bottom = spans.iter().map(|span| span.end).max().unwrap_or(0);
        let before = source.get(..top).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = source.get(bottom..).and_then(|rest| rest.find('\n')).map_or(source.len(), |at| bottom + at);
        let first_line = source.get(..start).unwrap_or_default().matches('\n').count() + 1;
        let mut cut = Self { text: String::new(), first_line, pieces: Vec::new() };
        let mut at = start;
        let mut spans = spans.to_vec();
        spans.sort_by_key(|span| span.start);
        let mut rest = spans.as_slice();
        for text in source.get(start..end).unwrap_or_default().split_inclusive('\n') {
            let own = rest.partition_point(|span| span.start < at + text.len());
            let (own, later) = rest.split_at_checked(own).unwrap_or((rest, &[]));
            rest = later;
            // A span at the very end stands behind the last line.
            cut.line(text.trim_end_matches(['\n', '\r']), at, if at + text.len() == end { spans.as_slice() } else { own });
            at += text.len();
        }
        cut
    }

    /// Adds a line, or what is near its spans.
    fn line(&mut self, text: &str, at: usize, spans: &[Range<usize>]) {
        let own = || spans.iter().filter(|span| at <= span.start && span.start <= at + text.len());
        let kept = if text.len() <= WIDTH {
            0..text.len()
        } else if let Some(left) = own().map(|span| span.start - at).min() {
            let right = own().map(|span| span.end.saturating_sub(at)).max().unwrap_or(left).min(left + MARGIN);
            text.floor_char_boundary(left.saturating_sub(MARGIN))..text.ceil_char_boundary((right + MARGIN).min(text.len()))
        } else {
            0..text.ceil_char_boundary(WIDTH)
        };
        if kept.start > 0 {
            self.text.push_str(CUT);
        }
        let now = self.text.len();
        self.text.extend(text.get(kept.clone()).unwrap_or_default().chars().map(harmless));
        if kept.end < text.len() {
            self.text.push_str(CUT);
        }
        self.text.push('\n');
        self.pieces.push(Piece { line: at..at + text.len(), kept: at + kept.start..at + kept.end, now });
    }

    fn piece(&self, span: &Range<usize>) -> Option<&Piece> {
        let index = self.pieces.partition_point(|piece| piece.line.end < span.start);
        self.pieces.get(index)
    }

    /// Where a span of the source stands now; one that was cut off stands at the cut.
    fn moved(&self, span: &Range<usize>) -> Range<usize> {
        let Some(piece) = self.piece(span) else { return 0..0 };
        let within = |at: usize| at.clamp(piece.kept.start, piece.kept.end) - piece.kept.start + piece.now;
        within(span.start)..within(span.end)
    }

    /// The head that is rendered for a span on a line that was cut on its left, and the one that is meant.
    fn head(&self, source: &str, span: &Range<usize>, file: &str) -> Option<(String, String)> {
        let piece = self.piece(span).filter(|piece| piece.kept.start > piece.line.start)?;
        let row = source.get(..piece.line.start)?.matches('\n').count() + 1;
        let column = |from: usize| source.get(from..span.start).map(|text| text.chars().count() + 1);
        let shown = column(piece.kept.start)? + CUT.chars().count();
        Some((format!("{file}:{row}:{shown}\n"), format!("{file}:{row}:{}\n", column(piece.line.start)?)))
    }
}

/// A character of a source, or one of the same length in its place, so that spans stay right. The renderer makes the
/// other control characters visible itself.
fn harmless(character: char) -> char {
    match character {
        '\u{80}'..='\u{9f}' | '\u{61c}' => '\u{b7}',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => '\u{fffd}',
        other => other,
    }
}

/// Text for one line: no control characters, no end without an end.
fn line(text: &str) -> Cow<'static, str> {
    Cow::Owned(clean(text, false))
}

/// Text that may have several lines.
fn paragraph(text: &str) -> Cow<'static, str> {
    Cow::Owned(clean(text, true))
}

fn clean(text: &str, lines: bool) -> String {
    let visible = |character: char| match harmless(character) {
        '\n' if lines => '\n',
        '\n' | '\r' | '\t' => ' ',
        other if other.is_control() => '\u{fffd}',
        other => other,
    };
    let mut cleaned: String = text.chars().take(LONGEST).map(visible).collect();
    if text.chars().nth(LONGEST).is_some() {
        cleaned.push('…');
    }
    cleaned
}
