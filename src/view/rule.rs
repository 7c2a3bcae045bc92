//! The rules as formats show them beside findings: a name, a line, and the text of help.

use crate::model::finding::Level;
use crate::rules::{RULES, Rule};

/// The rule of mistakes of form, which have none of their own.
pub const FORM: &str = "form";

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleView {
    /// Its id.
    pub id: &'static str,
    /// `error` or `warning`.
    pub level: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Why it is so.
    pub why: &'static str,
    /// What to write instead, as YAML; none where the finding says it.
    pub instead: Option<&'static str>,
    /// When it is right to accept it.
    pub when: &'static str,
}

impl RuleView {
    /// Every rule in the order of the ids, behind the one of mistakes of form.
    pub fn all() -> Vec<Self> {
        let form = Self {
            id: FORM,
            level: Level::Error.as_str(),
            summary: "a file is not a policy: unknown field, wrong type, contradiction, or nothing that can be read",
            why: "what cannot be understood protects nothing, so nothing is planned before it is put right",
            instead: None,
            when: "Never.",
        };
        std::iter::once(form).chain(RULES.iter().map(|rule| Self::of(rule))).collect()
    }

    fn of(rule: &Rule) -> Self {
        Self { id: rule.id, level: rule.level.as_str(), summary: rule.summary, why: rule.docs.why, instead: Some(rule.docs.instead), when: rule.docs.when }
    }
}
