//! Looks things up in a schema: the node behind a pointer or a local `$ref`, its fields, its name.

use std::collections::BTreeSet;

use serde_json::Value;

/// How many references or nested unions are followed before giving up: more than any schema of ours has.
const MAX_HOPS: usize = 16;

/// A schema with its local references.
pub(super) struct Schema {
    root: Value,
}

impl Schema {
    pub(super) fn new(root: Value) -> Self {
        Self { root }
    }

    /// The node that a keyword's location belongs to.
    pub(super) fn owner(&self, keyword_location: &str) -> &Value {
        let node = keyword_location.rsplit_once('/').and_then(|(node, _)| self.root.pointer(node));
        node.unwrap_or(&Value::Null)
    }

    /// The branches of a union, by the location of its `anyOf` or `oneOf`, their references resolved.
    pub(super) fn branches(&self, keyword_location: &str) -> Vec<&Value> {
        let branches = self.root.pointer(keyword_location).and_then(Value::as_array);
        branches.into_iter().flatten().map(|branch| self.resolve(branch)).collect()
    }

    /// The node itself, or the one its `$ref` leads to within this schema.
    pub(super) fn resolve<'s>(&'s self, node: &'s Value) -> &'s Value {
        let mut node = node;
        for _ in 0..MAX_HOPS {
            let target = node.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
            match target.and_then(|pointer| self.root.pointer(pointer)) {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    /// The fields that a mapping of this node may have.
    pub(super) fn fields(&self, node: &Value) -> BTreeSet<String> {
        let mut fields = BTreeSet::new();
        self.add_fields(node, &mut fields, MAX_HOPS);
        fields
    }

    fn add_fields(&self, node: &Value, fields: &mut BTreeSet<String>, hops: usize) {
        let Some(hops) = hops.checked_sub(1) else { return };
        let node = self.resolve(node);
        if let Some(properties) = node.get("properties").and_then(Value::as_object) {
            fields.extend(properties.keys().cloned());
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for branch in node.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.add_fields(branch, fields, hops);
            }
        }
    }

    /// What a mapping's keys must look like, where the schema says so by a pattern: the words of the type that has this
    /// pattern, or else the pattern.
    pub(super) fn key_form(&self, node: &Value) -> Option<String> {
        let patterns = node.get("patternProperties").and_then(Value::as_object)?;
        let pattern = patterns.keys().next()?;
        let types = self.root.get("$defs").and_then(Value::as_object);
        let mut same = types.into_iter().flat_map(|types| types.values()).filter(|node| text(node, "pattern") == Some(pattern));
        Some(same.find_map(form).unwrap_or_else(|| format!("text that matches `{pattern}`")))
    }
}

/// The words for values of this node: `x-form`, or a description that is no sentence (those of doc comments end with a
/// period).
pub(super) fn form(node: &Value) -> Option<String> {
    let described = || text(node, "description").filter(|text| !text.ends_with('.') && !text.contains('\n'));
    text(node, "x-form").or_else(described).map(str::to_owned)
}

/// The name of this node's mappings, such as `a backup set`.
pub(super) fn title(node: &Value) -> Option<&str> {
    text(node, "title")
}

/// The names in a node's `required`.
pub(super) fn required(node: &Value) -> impl Iterator<Item = &str> {
    node.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn text<'n>(node: &'n Value, keyword: &str) -> Option<&'n str> {
    node.get(keyword).and_then(Value::as_str)
}
