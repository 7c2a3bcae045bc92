//! The JSON Schemas of the files that people write, made from the types. `schema/` holds them, compared by a test.

use serde_json::{Value, json};

use crate::model::policy::Policy;
use crate::model::repository::Repository;

/// Schema of a policy file.
pub fn policy() -> Value {
    finish(schemars::schema_for!(Policy).to_value(), "policy", "A disaster recovery policy of lifeboat")
}

/// Schema of `lifeboat.yaml`.
pub fn repository() -> Value {
    finish(schemars::schema_for!(Repository).to_value(), "repository", "lifeboat.yaml at the root of a config repo")
}

/// Schema of a policy file that extends profiles, and of a profile itself: the same fields, none of them required.
pub fn partial(kind: &str) -> Value {
    let mut schema = policy();
    relax(&mut schema);
    if kind == "Profile"
        && let Some(kinds) = schema.pointer_mut("/$defs/PolicyKind")
    {
        *kinds = json!({"type": "string", "enum": ["Profile"]});
    }
    if let Some(top) = schema.as_object_mut() {
        top.insert("required".to_owned(), json!(["apiVersion", "kind", "metadata", "spec"]));
    }
    if kind == "Profile"
        && let Some(metadata) = schema.pointer_mut("/$defs/Metadata").and_then(Value::as_object_mut)
    {
        metadata.insert("required".to_owned(), json!(["name"]));
    }
    schema
}

fn finish(mut schema: Value, name: &str, description: &str) -> Value {
    if let Some(top) = schema.as_object_mut() {
        top.insert("$id".to_owned(), json!(format!("https://lifeboat.dev/schema/v1/{name}.json")));
        top.insert("description".to_owned(), json!(description));
    }
    schema
}

/// Drops every `required` and every minimum of members: what a profile leaves out, another file may give.
fn relax(node: &mut Value) {
    match node {
        Value::Object(fields) => {
            // An enum variant's object (`{env: …}`) is recognised by its single required property and stays whole.
            let is_variant = fields.get("properties").and_then(Value::as_object).is_some_and(|p| p.len() == 1) && !fields.contains_key("title");
            if !is_variant {
                fields.remove("required");
            }
            fields.remove("minProperties");
            for value in fields.values_mut() {
                relax(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(relax),
        _ => {}
    }
}

/// Pretty JSON with a final newline: the committed form.
pub fn to_text(schema: &Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}
