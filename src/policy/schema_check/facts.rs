//! What is wrong, before it has a place, and the rules that leave one problem per place. It must never let one mistake
//! cause two problems: a mistyped field is not missing as well.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::words::{code, escape, list, suggestion};
use super::{MAX_PROBLEMS, SchemaProblem};
use crate::policy::yaml::{Parsed, YamlProblemKind};

/// One thing that the schema finds wrong.
#[derive(Debug)]
pub(super) enum Fact {
    /// A key that the mapping at `at` cannot have.
    Unknown { at: String, key: String, fields: BTreeSet<String>, object: String },
    /// A field that the mapping at `at` lacks.
    Missing { at: String, field: String, object: String },
    /// A key that is not allowed, for another reason than its being unknown.
    Key { at: String, key: String, told: Told },
    /// A value that is wrong. Of several facts about one value the one of the lowest rank is told.
    Value { at: String, rank: u8, told: Told },
}

/// A fact in words.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: Option<String>,
}

/// Gives every fact its place, in the order of the file.
pub(super) fn problems(facts: Vec<Fact>, parsed: &Parsed) -> Vec<SchemaProblem> {
    let mut missing: BTreeMap<String, (Vec<String>, String)> = BTreeMap::new();
    let mut meant: BTreeSet<(String, String)> = BTreeSet::new();
    let mut ranked: Vec<(u8, SchemaProblem)> = Vec::new();
    for fact in facts {
        if ranked.len() > 2 * MAX_PROBLEMS {
            break;
        }
        match fact {
            Fact::Unknown { at, key, fields, object } => {
                let present = |field: &&str| parsed.spans.get(&format!("{at}/{}", escape(field))).is_none();
                let suggested = suggestion(&key, fields.iter().map(String::as_str).filter(present)).map(str::to_owned);
                ranked.push((0, unknown(&at, &key, &fields, suggested.as_deref(), &object, parsed)));
                meant.extend(suggested.map(|field| (at, field)));
            }
            Fact::Missing { at, field, object } => {
                let fields = &mut missing.entry(at).or_insert_with(|| (Vec::new(), object)).0;
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
            Fact::Key { at, key, told } => {
                let pointer = format!("{at}/{}", escape(&key));
                let span = key_place(&pointer, parsed);
                ranked.push((1, told.at(pointer, span)));
            }
            Fact::Value { at, rank, told } => {
                // A value that is not written has no bytes: its key stands for it.
                let written = parsed.spans.value(&at).filter(|span| !span.is_empty());
                let span = written.unwrap_or_else(|| key_place(&at, parsed));
                ranked.push((rank, told.at(at, span)));
            }
        }
    }
    for (at, (mut fields, object)) in missing {
        fields.retain(|field| !meant.contains(&(at.clone(), field.clone())));
        if !fields.is_empty() && !lost_fields(&at, parsed) {
            ranked.push((4, lacking(at, &fields, &object, parsed)));
        }
    }
    one_per_place(ranked, parsed)
}

impl Told {
    fn at(self, pointer: String, span: Range<usize>) -> SchemaProblem {
        SchemaProblem { pointer, span, label: self.label, message: self.message, help: self.help, related: None }
    }
}

fn unknown(at: &str, key: &str, fields: &BTreeSet<String>, suggested: Option<&str>, object: &str, parsed: &Parsed) -> SchemaProblem {
    let names: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
    let told = Told {
        message: format!("unknown field {} in {object}", code(key)),
        label: suggested.map_or_else(|| "no such field".to_owned(), |field| format!("did you mean `{field}`?")),
        help: (!names.is_empty()).then(|| format!("fields here: {}", names.join(", "))),
    };
    let pointer = format!("{at}/{}", escape(key));
    let span = key_place(&pointer, parsed);
    told.at(pointer, span)
}

fn lacking(at: String, fields: &[String], object: &str, parsed: &Parsed) -> SchemaProblem {
    let names: Vec<String> = fields.iter().map(|field| code(field)).collect();
    let noun = if names.len() == 1 { "field" } else { "fields" };
    let span = key_place(&at, parsed);
    let told = Told { message: format!("missing {noun} {} in {object}", list(&names, "and")), label: format!("add {}", list(&names, "and")), help: None };
    told.at(at, span)
}

/// The key at a pointer. Where there is none: the first key of the mapping there, or what is closest.
fn key_place(pointer: &str, parsed: &Parsed) -> Range<usize> {
    let spans = parsed.spans.nearest(pointer);
    let first = || if parsed.spans.get(pointer).is_some() { parsed.spans.first_key(pointer) } else { None };
    spans.key.or_else(first).unwrap_or(spans.value)
}

/// Whether the reader has dropped keys of this mapping, so that nobody knows what it lacks.
fn lost_fields(at: &str, parsed: &Parsed) -> bool {
    let Some(span) = parsed.spans.value(at) else { return false };
    let lost = |kind: &YamlProblemKind| matches!(kind, YamlProblemKind::MergeKey | YamlProblemKind::KeyNotText { .. });
    parsed.problems.iter().any(|problem| lost(&problem.kind) && overlap(&problem.span, &span))
}

fn one_per_place(mut ranked: Vec<(u8, SchemaProblem)>, parsed: &Parsed) -> Vec<SchemaProblem> {
    ranked.retain(|(_, problem)| !parsed.problems.iter().any(|known| overlap(&known.span, &problem.span)));
    ranked.sort_by(|(a_rank, a), (b_rank, b)| (a.span.start, a.span.end, a_rank, &a.message).cmp(&(b.span.start, b.span.end, b_rank, &b.message)));
    ranked.dedup_by(|(_, later), (_, kept)| later.span == kept.span);
    ranked.truncate(MAX_PROBLEMS);
    ranked.into_iter().map(|(_, problem)| problem).collect()
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a == b || (a.start < b.end && b.start < a.end)
}
