//! Errors of a union (`anyOf`, `oneOf`): an optional value, an enum of words, a tagged or an untagged enum. The branch
//! that the author most likely meant speaks; the others stay silent.

use std::collections::BTreeSet;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::{Map, Value};

use super::explain::{Explainer, not_allowed, object, wrong_type};
use super::facts::{Fact, Told};
use super::schema::{self, required};
use super::words::{code, list, name};

/// One form that a value may have, and why the value is not of this form.
struct Branch<'e> {
    node: &'e Value,
    errors: &'e [ValidationError<'static>],
}

impl Explainer<'_> {
    /// Adds what is wrong with a value that is of none of a union's forms.
    pub(super) fn union(&self, error: &ValidationError<'_>, context: &[Vec<ValidationError<'static>>], facts: &mut Vec<Fact>) {
        let at = error.instance_path().as_str();
        let value: &Value = error.instance();
        let owner = self.schema.owner(error.schema_path().as_str());
        let nodes = self.schema.branches(error.schema_path().as_str());
        let branches: Vec<Branch<'_>> = nodes
            .into_iter()
            .zip(context)
            .map(|(node, errors)| Branch { node, errors: errors.as_slice() })
            .filter(|branch| branch.node.get("type").and_then(Value::as_str) != Some("null"))
            .collect();
        if let [only] = branches.as_slice() {
            return self.tell(only, facts);
        }
        let of_type: Vec<&Branch<'_>> = branches.iter().filter(|branch| !branch.errors.iter().any(|e| wrong_at(e, at))).collect();
        match (of_type.as_slice(), value) {
            ([], _) => facts.push(self.no_form(at, value, owner, &branches)),
            ([only], _) => self.tell(only, facts),
            (forms, Value::Object(entries)) => self.mapping(at, entries, owner, forms, facts),
            (forms, _) => self.scalar(at, value, forms, facts),
        }
    }

    /// Explains the errors of one branch as if there were no other.
    fn tell(&self, branch: &Branch<'_>, facts: &mut Vec<Fact>) {
        for error in branch.errors {
            self.explain(error, facts);
        }
    }

    /// No form has the value's type.
    fn no_form(&self, at: &str, value: &Value, owner: &Value, branches: &[Branch<'_>]) -> Fact {
        let subject = name(self.root, at);
        let words: Vec<Value> = branches.iter().flat_map(|branch| literals(branch.node)).collect();
        let only_words = branches.iter().all(|branch| !literals(branch.node).is_empty());
        let told = if only_words {
            not_allowed(&subject, value, &words)
        } else {
            let expected = schema::form(owner).unwrap_or_else(|| forms(branches));
            wrong_type(&subject, value, &expected)
        };
        Fact::Value { at: at.to_owned(), rank: 2, told }
    }

    /// A scalar or a list of the right type: a word that is not in an enum, or a text that no pattern accepts.
    fn scalar(&self, at: &str, value: &Value, forms: &[&Branch<'_>], facts: &mut Vec<Fact>) {
        let (words, others): (Vec<&Branch<'_>>, Vec<&Branch<'_>>) = forms.iter().partition(|form| !literals(form.node).is_empty());
        let nearest = others.iter().min_by_key(|form| form.errors.len());
        if let Some(nearest) = nearest.filter(|_| words.is_empty() || !value.is_string()) {
            return self.tell(nearest, facts);
        }
        let allowed: Vec<Value> = words.iter().flat_map(|form| literals(form.node)).collect();
        let mut told = not_allowed(&name(self.root, at), value, &allowed);
        if let Some(form) = nearest.and_then(|nearest| schema::form(nearest.node)) {
            told.message = format!("{}, or {form}", told.message);
        }
        facts.push(Fact::Value { at: at.to_owned(), rank: 1, told });
    }

    /// A mapping where several kinds of mapping are allowed.
    fn mapping(&self, at: &str, entries: &Map<String, Value>, owner: &Value, forms: &[&Branch<'_>], facts: &mut Vec<Fact>) {
        if let Some(tag) = tag(forms) {
            return self.tagged(at, entries, owner, forms, &tag, facts);
        }
        let fields: Vec<BTreeSet<String>> = forms.iter().map(|form| self.schema.fields(form.node)).collect();
        let all: BTreeSet<String> = fields.iter().flatten().cloned().collect();
        let object = object(owner, at);
        if entries.is_empty() {
            let names: Vec<String> = all.iter().map(|field| format!("`{field}`")).collect();
            let expected = list(&names, "or");
            let told = Told { message: format!("{object} is empty, expected {expected}"), label: format!("add {expected}"), help: None };
            return facts.push(Fact::Value { at: at.to_owned(), rank: 2, told });
        }
        let strangers: Vec<&String> = entries.keys().filter(|key| !all.contains(*key)).collect();
        if strangers.len() == entries.len() {
            let unknown = |key: &&String| Fact::Unknown { at: at.to_owned(), key: (*key).clone(), fields: all.clone(), object: object.clone() };
            return facts.extend(strangers.iter().map(unknown));
        }
        let distance = |form: &Branch<'_>, fields: &BTreeSet<String>| {
            let unknown = entries.keys().filter(|key| !fields.contains(*key)).count();
            let missing = required(form.node).filter(|field| !entries.contains_key(*field)).count();
            (unknown + missing, form.errors.len())
        };
        let best = forms.iter().zip(&fields).min_by_key(|(form, fields)| distance(form, fields));
        let Some((best, fields)) = best else { return };
        // A field of another form beside those of this one.
        let foreign = entries.keys().find(|key| !fields.contains(*key) && all.contains(*key));
        match (foreign, entries.keys().find(|key| fields.contains(*key))) {
            (Some(foreign), Some(own)) => {
                let message = format!("{} and {} cannot stand together in {object}", code(own), code(foreign));
                let told = Told { message, label: format!("keep this or {}", code(own)), help: None };
                facts.push(Fact::Key { at: at.to_owned(), key: foreign.clone(), told });
            }
            _ => self.tell(best, facts),
        }
    }

    /// A mapping whose kind one of its own fields names.
    fn tagged(&self, at: &str, entries: &Map<String, Value>, owner: &Value, forms: &[&Branch<'_>], tag: &str, facts: &mut Vec<Fact>) {
        let Some(given) = entries.get(tag) else {
            return facts.push(Fact::Missing { at: at.to_owned(), field: tag.to_owned(), object: object(owner, at) });
        };
        let meant = forms.iter().find(|form| tag_values(form.node, tag).contains(given));
        if let Some(meant) = meant {
            return self.tell(meant, facts);
        }
        let allowed: Vec<Value> = forms.iter().flat_map(|form| tag_values(form.node, tag)).collect();
        let told = not_allowed(&code(tag), given, &allowed);
        facts.push(Fact::Value { at: format!("{at}/{}", super::words::escape(tag)), rank: 1, told });
    }
}

/// Whether an error says that the value itself is of the wrong type.
fn wrong_at(error: &ValidationError<'_>, at: &str) -> bool {
    matches!(error.kind(), Kind::Type { .. }) && error.instance_path().as_str() == at
}

/// The values that a node lists.
fn literals(node: &Value) -> Vec<Value> {
    match (node.get("const"), node.get("enum").and_then(Value::as_array)) {
        (Some(value), _) => vec![value.clone()],
        (None, Some(values)) => values.clone(),
        (None, None) => Vec::new(),
    }
}

/// The values that a form allows for one of its fields.
fn tag_values(node: &Value, field: &str) -> Vec<Value> {
    let field = node.get("properties").and_then(|properties| properties.get(field));
    field.map(literals).unwrap_or_default()
}

/// The field that every form requires to have a value of its own.
fn tag(forms: &[&Branch<'_>]) -> Option<String> {
    let first = forms.first()?;
    let names_kind = |field: &&str| forms.iter().all(|form| !tag_values(form.node, field).is_empty());
    required(first.node).find(names_kind).map(str::to_owned)
}

/// The types of a union's forms in words.
fn forms(branches: &[Branch<'_>]) -> String {
    let mut names: Vec<String> = Vec::new();
    for branch in branches {
        let words = match branch.node.get("type").and_then(Value::as_str) {
            Some("string") => "a string",
            Some("integer") => "a whole number",
            Some("number") => "a number",
            Some("boolean") => "true or false",
            Some("array") => "a list",
            _ => "a mapping",
        };
        if !names.iter().any(|name| name == words) {
            names.push(words.to_owned());
        }
    }
    list(&names, "or")
}
