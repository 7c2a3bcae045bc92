//! Checks a parsed file against a JSON Schema and says, at the bytes concerned, what to write instead.
//!
//! All mistakes come at once, one per place. It must never show a reader the schema's own terms (`anyOf`, a regular
//! expression) where words exist, never follow a reference out of the schema, and never run a pattern in more than
//! linear time.

mod branches;
mod explain;
mod facts;
mod schema;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;
use std::ops::Range;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use super::yaml::Parsed;
use facts::Fact;
use schema::Schema;
pub(crate) use words::suggestion;

/// How many mistakes are explained; a file with more needs no longer list.
const MAX_PROBLEMS: usize = 100;

/// One place of a file whose shape is not that of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// JSON pointer to the value concerned; for what is missing, to the mapping that lacks it.
    pub pointer: String,
    /// The bytes that are wrong.
    pub span: Range<usize>,
    /// A few words to stand at the span.
    pub label: String,
    /// What is wrong, in one phrase without a period.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
    /// A second place that explains the first, with its label.
    pub related: Option<(Range<usize>, String)>,
}

/// A compiled schema.
pub struct SchemaChecker {
    validator: Validator,
    schema: Schema,
}

impl fmt::Debug for SchemaChecker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SchemaChecker").finish_non_exhaustive()
    }
}

impl SchemaChecker {
    /// Compiles a schema that means the same by draft 7, as ours do: each is checked against the schema of its draft first, and that of
    /// draft 7 is compiled in a fraction of the time, at each start of the program.
    ///
    /// # Errors
    ///
    /// The schema is no JSON Schema, refers to another document, or has a pattern that is not linear in time.
    pub fn new(schema: &Value) -> Result<Self, String> {
        let options = jsonschema::options().offline().with_draft(Draft::Draft7).should_validate_formats(false).with_pattern_options(PatternOptions::regex());
        let validator = options.build(schema).map_err(|error| error.to_string())?;
        Ok(Self { validator, schema: Schema::new(schema.clone()) })
    }

    /// Whether a value has the shape of the schema; saying where it has not is [`SchemaChecker::check`]'s.
    pub fn is_sound(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }

    /// Every mistake, in the order of the file. Nothing is said of a file that could not be read at all, or of a place
    /// that the reader has already reported.
    #[must_use]
    pub fn check(&self, parsed: &Parsed) -> Vec<SchemaProblem> {
        if parsed.spans.is_empty() && !parsed.problems.is_empty() {
            return Vec::new();
        }
        let explainer = explain::Explainer { schema: &self.schema, root: &parsed.value };
        let mut facts: Vec<Fact> = Vec::new();
        for error in self.validator.iter_errors(&parsed.value).take(10 * MAX_PROBLEMS) {
            explainer.explain(&error, &mut facts);
        }
        facts::problems(facts, parsed)
    }
}
