//! What can be wrong with a policy file as YAML, in words. It must never print a file's bytes unescaped or unbounded.

use std::fmt;
use std::ops::Range;

use super::{MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_PROBLEMS, MAX_TEXT};

/// One mistake in a file and where it stands. `Display` is one phrase without a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlProblem {
    /// What is wrong.
    pub kind: YamlProblemKind,
    /// The bytes of the file that are wrong.
    pub span: Range<usize>,
    /// A second place that explains the first, with its label.
    pub related: Option<(Range<usize>, String)>,
}

/// What is wrong with a file as YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum YamlProblemKind {
    /// The file is larger than a policy may be.
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The file is not UTF-8.
    NotUtf8 {
        /// The first byte that is not.
        offset: usize,
    },
    /// A control character or an invisible character that misleads a reader.
    ForbiddenCharacter {
        /// The character.
        character: char,
        /// Where it stands.
        offset: usize,
    },
    /// Nothing but comments and white space.
    Empty,
    /// A second document follows the first.
    SecondDocument,
    /// The text is not YAML.
    Syntax {
        /// What the parser met.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Lists and mappings nest too deep.
    TooDeep,
    /// The file has too many values, aliases expanded.
    TooManyNodes,
    /// The file has too much text, aliases expanded.
    TooMuchText,
    /// An alias names no anchor above it.
    UnknownAnchor {
        /// The alias, with its `*`.
        alias: String,
    },
    /// An alias stands inside the value it names.
    RecursiveAlias {
        /// The alias, with its `*`.
        alias: String,
    },
    /// A key is given twice in one mapping.
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// The merge key of YAML 1.1.
    MergeKey,
    /// A tag.
    Tag {
        /// The tag as written.
        tag: String,
    },
    /// A key that is not text.
    KeyNotText {
        /// What it is.
        found: &'static str,
    },
    /// A number that other YAML readers take for another number.
    AmbiguousNumber {
        /// The number as written.
        text: String,
        /// What is ambiguous about it.
        why: &'static str,
    },
    /// A number that no integer or floating-point type holds.
    NumberTooLarge {
        /// The number as written.
        text: String,
    },
    /// The rest of the file was not read.
    TooManyProblems,
}

impl YamlProblem {
    /// A problem with one place.
    #[must_use]
    pub fn new(kind: YamlProblemKind, span: Range<usize>) -> Self {
        Self { kind, span, related: None }
    }

    /// What to write instead, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        use YamlProblemKind as Kind;
        let hint = match &self.kind {
            Kind::NotUtf8 { .. } => "save the file as UTF-8",
            Kind::ForbiddenCharacter { .. } => "delete the character; it is invisible in most editors",
            Kind::SecondDocument => "one policy per file: move the second document to a file of its own",
            Kind::MergeKey => "use `extends:` with a profile",
            Kind::Tag { .. } => "remove the tag; quote the value if it must be text",
            Kind::RecursiveAlias { .. } => "write the value out",
            Kind::TooLarge { .. } => "split it, or take out what is not policy",
            Kind::Empty => "write a policy, or delete the file; `lifeboat policy example` prints one to begin with",
            Kind::TooManyNodes | Kind::TooMuchText => "write values out instead of aliasing lists of aliases; a policy needs a few hundred values",
            Kind::DuplicateKey { .. } => "keep one of them: YAML readers disagree on which one counts",
            Kind::TooDeep => "a policy needs no more than ten levels",
            Kind::Syntax { hint, .. } => return hint.clone(),
            Kind::UnknownAnchor { alias } if !alias.trim_start_matches('*').starts_with(char::is_alphabetic) => {
                "quote the text: a plain `*` at its start means an alias"
            }
            Kind::UnknownAnchor { .. } => "anchors must stand above their aliases, in the same file",
            Kind::AmbiguousNumber { text, .. } | Kind::NumberTooLarge { text } => {
                return Some(format!("quote it to keep it as text: `\"{}\"`", shown(text)));
            }
            Kind::KeyNotText { .. } => "a key is one word; quote it if it must be unusual",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl fmt::Display for YamlProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(out)
    }
}

impl fmt::Display for YamlProblemKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes } => {
                write!(out, "file has {bytes} bytes, more than the {MAX_BYTES} a policy may have")
            }
            Self::NotUtf8 { offset } => write!(out, "file is not UTF-8 at byte {offset}"),
            Self::ForbiddenCharacter { character, offset } => {
                write!(out, "{} U+{:04X} at byte {offset}", family(*character), u32::from(*character))
            }
            Self::Empty => out.write_str("file is empty"),
            Self::SecondDocument => out.write_str("a second document in one file"),
            Self::Syntax { message, .. } => out.write_str(message),
            Self::TooDeep => write!(out, "lists and mappings nest more than {MAX_DEPTH} deep"),
            Self::TooManyNodes => write!(out, "file has more than {MAX_NODES} values once its aliases are written out"),
            Self::TooMuchText => write!(out, "file has more than {MAX_TEXT} bytes of text once its aliases are written out"),
            Self::UnknownAnchor { alias } => write!(out, "alias `{}` names no anchor", shown(alias)),
            Self::RecursiveAlias { alias } => write!(out, "alias `{}` stands inside the value it names", shown(alias)),
            Self::DuplicateKey { key } => write!(out, "key `{}` is given twice", shown(key)),
            Self::MergeKey => out.write_str("merge key `<<` is not supported"),
            Self::Tag { tag } => write!(out, "tag `{}` is not supported", shown(tag)),
            Self::KeyNotText { found } => write!(out, "{found} cannot be a key"),
            Self::AmbiguousNumber { text, why } => write!(out, "ambiguous number `{}`: {why}", shown(text)),
            Self::NumberTooLarge { text } => write!(out, "number `{}` is too large to be exact", shown(text)),
            Self::TooManyProblems => {
                write!(out, "more than {MAX_PROBLEMS} problems, the rest of the file was not read")
            }
        }
    }
}

fn family(character: char) -> &'static str {
    match character {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "hidden text direction",
        '\u{2028}' | '\u{2029}' | '\u{85}' => "hidden line break",
        '\u{feff}' => "hidden byte order mark",
        _ => "control character",
    }
}

/// A short, printable form of text from a file.
fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text.chars().take(LONGEST).map(|c| if super::is_forbidden(c) || c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}
