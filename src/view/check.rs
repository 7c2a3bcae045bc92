//! `lifeboat.check/1`: findings with their places.

use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::finding::{Finding, Level, SourceText};

/// What `check` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckView {
    /// Always `lifeboat.check/1`.
    pub format: String,
    /// What was read.
    pub revision: String,
    /// How many policy files there are.
    pub policies: usize,
    /// The files of the policies that could be read.
    #[serde(default)]
    pub files: Vec<String>,
    /// How many findings are errors.
    pub errors: usize,
    /// How many are warnings.
    pub warnings: usize,
    /// The findings, by file and line.
    pub findings: Vec<FindingView>,
}

/// One finding.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindingView {
    /// Id of the rule, for `lifeboat explain`; none for mistakes of form.
    pub rule: Option<String>,
    /// `error` or `warning`.
    #[schemars(extend("enum" = ["error", "warning"]))]
    pub level: String,
    /// The kind of problem in one phrase.
    pub title: String,
    /// Where; the first one is the primary place.
    pub places: Vec<PlaceView>,
    /// Why it matters.
    pub why: Option<String>,
    /// What to write instead.
    pub instead: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaceView {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Line of the first character behind the place.
    #[serde(default)]
    pub end_line: usize,
    /// Column of that character; the same as `column` where the place has no length.
    #[serde(default)]
    pub end_column: usize,
    /// What is to be seen there.
    pub label: String,
    /// The text that the place points into, for rendering.
    #[serde(skip)]
    pub source: Option<(Arc<SourceText>, Range<usize>)>,
}

impl CheckView {
    /// The view of some findings.
    pub fn of(revision: &str, policies: usize, findings: &[Finding]) -> Self {
        let mut views: Vec<FindingView> = findings.iter().map(FindingView::of).collect();
        views.sort_by_key(FindingView::order);
        views.dedup_by(|a, b| a.order() == b.order());
        let errors = views.iter().filter(|finding| finding.level == Level::Error.as_str()).count();
        Self {
            format: "lifeboat.check/1".to_owned(),
            revision: revision.to_owned(),
            policies,
            files: Vec::new(),
            errors,
            warnings: views.len() - errors,
            findings: views,
        }
    }

    /// The same with the files of the policies that could be read.
    pub fn about(self, files: impl IntoIterator<Item = String>) -> Self {
        Self { files: files.into_iter().collect(), ..self }
    }
}

impl FindingView {
    fn of(finding: &Finding) -> Self {
        let places = finding.places.iter().map(|place| {
            let ((line, column), (end_line, end_column)) = (place.line_column(), place.end_line_column());
            let source = Some((Arc::clone(&place.file), place.span.clone()));
            PlaceView { file: place.file.path.clone(), line, column, end_line, end_column, label: place.label.clone(), source }
        });
        Self {
            rule: finding.rule.map(str::to_owned),
            level: finding.level.as_str().to_owned(),
            title: finding.title.clone(),
            places: places.collect(),
            why: finding.why.clone(),
            instead: finding.instead.clone(),
        }
    }

    fn order(&self) -> (String, usize, usize, String) {
        let first = self.places.first();
        (
            first.map_or_else(String::new, |place| place.file.clone()),
            first.map_or(0, |place| place.line),
            first.map_or(0, |place| place.column),
            self.title.clone(),
        )
    }
}
