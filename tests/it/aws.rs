//! Recorded answers of the real AWS (`tests/data/aws`): lifeboat judges as AWS does, and what AWS answers plans to nothing.

use lifeboat::model::verdict::Verdict;
use serde_json::Value;

mod answers;
mod boto;
mod iam;
mod lifecycle;
mod pairs;
mod played;
mod recorded;

/// The cases of a file.
pub(crate) fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/data/aws/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))).unwrap()
}

/// The text at a path of keys, or nothing.
pub(crate) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// `ok`, or AWS's code and its words.
pub(crate) fn answer(verdict: &Verdict) -> String {
    verdict.as_ref().err().map_or_else(|| "ok".to_owned(), lifeboat::model::verdict::Refusal::answer)
}
