//! One error of the validator → what is wrong in words.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use super::facts::{Fact, Told};
use super::schema::{self, Schema};
use super::words::{code, found, list, name, path, shown, suggestion, type_name};

/// More allowed values than this are listed below the message, not in it.
const FEW: usize = 6;

/// What an explanation needs to know.
pub(super) struct Explainer<'a> {
    pub(super) schema: &'a Schema,
    pub(super) root: &'a Value,
}

impl Explainer<'_> {
    /// Adds what is behind an error.
    pub(super) fn explain(&self, error: &ValidationError<'_>, facts: &mut Vec<Fact>) {
        let at = error.instance_path().as_str().to_owned();
        let node = self.schema.owner(error.schema_path().as_str());
        match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                facts.extend(unexpected.iter().map(|key| self.unexpected(&at, key, node)));
            }
            Kind::Required { property } => {
                facts.push(Fact::Missing { field: property.as_str().unwrap_or_default().to_owned(), object: object(node, &at), at });
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => self.union(error, context, facts),
            Kind::PropertyNames { error: inner } => {
                let key = inner.instance().as_str().unwrap_or_default();
                let owner = self.schema.owner(inner.schema_path().as_str());
                let (_, told) = told(inner, owner, &format!("key {}", code(key)));
                facts.push(Fact::Key { at, key: key.to_owned(), told });
            }
            _ => {
                let (rank, told) = told(error, node, &name(self.root, &at));
                facts.push(Fact::Value { at, rank, told });
            }
        }
    }

    /// A key that no property and no pattern of the node allows.
    fn unexpected(&self, at: &str, key: &str, node: &Value) -> Fact {
        let fields = self.schema.fields(node);
        let object = object(node, at);
        match self.schema.key_form(node).filter(|_| fields.is_empty()) {
            None => Fact::Unknown { at: at.to_owned(), key: key.to_owned(), fields, object },
            Some(form) => {
                let message = format!("{} cannot be a key in {object}, expected {form}", code(key));
                let told = Told { message, label: "not of this form".to_owned(), help: None };
                Fact::Key { at: at.to_owned(), key: key.to_owned(), told }
            }
        }
    }
}

/// The name of the mapping at a place: the schema's own, or its path.
pub(super) fn object(node: &Value, at: &str) -> String {
    schema::title(node).map_or_else(|| path(at), str::to_owned)
}

/// A value that is none of those allowed.
pub(super) fn not_allowed(subject: &str, value: &Value, allowed: &[Value]) -> Told {
    let choices: Vec<String> = allowed.iter().map(shown).collect();
    let words = allowed.iter().filter_map(Value::as_str);
    let suggested = value.as_str().and_then(|word| suggestion(word, words));
    let given = if value.is_array() || value.is_object() { found(value).to_owned() } else { shown(value) };
    let few = choices.len() <= FEW;
    let expected = if few { list(&choices, "or") } else { "one of the values below".to_owned() };
    let otherwise = if choices.len() == 1 { format!("expected {expected}") } else { "not one of them".to_owned() };
    Told {
        message: format!("{subject} is {given}, expected {expected}"),
        label: suggested.map_or(otherwise, |word| format!("did you mean `{word}`?")),
        help: (!few).then(|| format!("allowed: {}", choices.join(", "))),
    }
}

/// A value of the wrong type.
pub(super) fn wrong_type(subject: &str, value: &Value, expected: &str) -> Told {
    /// Longer words than these do not fit beside the source.
    const SHORT: usize = 40;
    let given = match value {
        Value::Number(_) => format!("the number {}", shown(value)),
        Value::Bool(_) => shown(value),
        _ => found(value).to_owned(),
    };
    let label = if expected.len() <= SHORT { format!("expected {expected}") } else { format!("found {}", found(value)) };
    let help = match (expected, value) {
        ("a string", Value::Number(_) | Value::Bool(_)) => Some(format!("quote it: `\"{}\"`", shown(value))),
        ("true or false", Value::String(word)) => match word.to_ascii_lowercase().as_str() {
            "yes" | "y" | "on" | "true" => Some("write `true`, without quotes".to_owned()),
            "no" | "n" | "off" | "false" => Some("write `false`, without quotes".to_owned()),
            _ => None,
        },
        _ => None,
    };
    Told { message: format!("{subject} is {given}, expected {expected}"), label, help }
}

/// The words for an error about one value, with the rank it has among errors about the same value.
fn told(error: &ValidationError<'_>, node: &Value, subject: &str) -> (u8, Told) {
    let value: &Value = error.instance();
    match error.kind() {
        Kind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            (1, not_allowed(subject, value, options))
        }
        Kind::Constant { expected_value } => (1, not_allowed(subject, value, std::slice::from_ref(expected_value))),
        Kind::Type { kind } => (2, wrong_type(subject, value, &expected_type(kind, node))),
        Kind::Pattern { pattern } => (3, not_of_form(subject, value, node, &format!("text that matches `{pattern}`"))),
        Kind::Format { format } => (3, not_of_form(subject, value, node, &format!("text in the format {format}"))),
        Kind::FalseSchema => (3, plain(format!("{subject} is not allowed here"), "not allowed")),
        Kind::UniqueItems => (3, plain(format!("{subject} has an item twice"), "items must differ")),
        kind => (5, limit(kind, subject, value).unwrap_or_else(|| plain(format!("{subject} is not valid: {}", error.masked()), "not valid"))),
    }
}

fn expected_type(kind: &TypeKind, node: &Value) -> String {
    let kinds: Vec<JsonType> = match kind {
        TypeKind::Single(kind) => vec![*kind],
        TypeKind::Multiple(kinds) => kinds.iter().filter(|kind| *kind != JsonType::Null).collect(),
    };
    let scalar = |kind: &JsonType| !matches!(kind, JsonType::Array | JsonType::Object);
    if kinds.iter().all(scalar)
        && let Some(form) = schema::form(node)
    {
        return form;
    }
    let names: Vec<String> = kinds.iter().map(|kind| type_name(*kind).to_owned()).collect();
    list(&names, "or")
}

fn not_of_form(subject: &str, value: &Value, node: &Value, otherwise: &str) -> Told {
    let form = schema::form(node).unwrap_or_else(|| otherwise.to_owned());
    plain(format!("{subject} is {}, expected {form}", shown(value)), "not of this form")
}

fn plain(message: String, label: &str) -> Told {
    Told { message, label: label.to_owned(), help: None }
}

/// Values, texts, lists and mappings that are too small or too large.
fn limit(kind: &Kind, subject: &str, value: &Value) -> Option<Told> {
    let number = |bound: String| Some((shown(value), bound));
    let count = |noun: &str, least: bool, limit: u64| {
        let size = size(value);
        let size = if size == 0 { format!("no {noun}s") } else { format!("{size} {noun}{}", if size == 1 { "" } else { "s" }) };
        let bound = if least { "at least" } else { "at most" };
        let told = plain(format!("{subject} has {size}, expected {bound} {limit}"), &format!("{bound} {limit}"));
        Some(told)
    };
    let (given, bound) = match kind {
        Kind::Minimum { limit } => number(format!("at least {limit}")),
        Kind::Maximum { limit } => number(format!("at most {limit}")),
        Kind::ExclusiveMinimum { limit } => number(format!("more than {limit}")),
        Kind::ExclusiveMaximum { limit } => number(format!("less than {limit}")),
        Kind::MultipleOf { multiple_of } => number(format!("a multiple of {multiple_of}")),
        Kind::MinLength { limit } => return count("character", true, *limit),
        Kind::MaxLength { limit } => return count("character", false, *limit),
        Kind::MinItems { limit } => return count("item", true, *limit),
        Kind::MaxItems { limit } => return count("item", false, *limit),
        Kind::AdditionalItems { limit } => return count("item", false, u64::try_from(*limit).unwrap_or(u64::MAX)),
        Kind::MinProperties { limit } => return count("key", true, *limit),
        Kind::MaxProperties { limit } => return count("key", false, *limit),
        _ => None,
    }?;
    Some(plain(format!("{subject} is {given}, expected {bound}"), &bound))
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(entries) => entries.len(),
        _ => 0,
    }
}
