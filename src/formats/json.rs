//! JSON: the view itself, pretty, with a final newline.

use serde::Serialize;

/// Any view as JSON.
pub fn render<T: Serialize>(view: &T) -> String {
    let mut text = serde_json::to_string_pretty(view).unwrap_or_default();
    text.push('\n');
    text
}
