//! Whether policy documents grant an action on all of some resources. Pure.
//!
//! What hangs on something that is not known here (a condition, a policy variable, a document that could not be read) is never granted and
//! never refused: it is not clear.

use std::collections::BTreeSet;

use serde_json::Value;

use super::canonical;

/// A text, or everything that begins with it.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    text: &'a str,
    open: bool,
}

impl<'a> Scope<'a> {
    /// This very text.
    pub const fn exactly(text: &'a str) -> Self {
        Self { text, open: false }
    }

    /// Everything that begins with it.
    pub const fn below(text: &'a str) -> Self {
        Self { text, open: true }
    }

    /// Whether a pattern with `*` and `?` fits all of it.
    fn is_covered_by(self, pattern: &str) -> bool {
        left(pattern, self.text).iter().any(|rest| if self.open { !rest.is_empty() && rest.bytes().all(|byte| byte == b'*') } else { rest.is_empty() })
    }

    /// Whether it fits any of it.
    fn meets(self, pattern: &str) -> bool {
        if self.open { !left(pattern, self.text).is_empty() } else { self.is_covered_by(pattern) }
    }
}

/// Whether all that a second pattern fits is fitted by the first one.
pub fn covers(pattern: &str, other: &str) -> bool {
    // A `?` is one character, and the star of the other may be none or many.
    pattern == other || (!pattern.contains('?') && Scope::exactly(other).is_covered_by(pattern))
}

/// What is left of a pattern in each way of reading the text by it.
fn left<'p>(pattern: &'p str, text: &str) -> BTreeSet<&'p str> {
    text.chars().fold(without_stars(pattern), |states, c| states.into_iter().flat_map(|state| after(state, c)).collect())
}

/// A star may stand for nothing.
fn without_stars(pattern: &str) -> BTreeSet<&str> {
    let stars = pattern.bytes().take_while(|byte| *byte == b'*').count();
    (0..=stars).filter_map(|skipped| pattern.get(skipped..)).collect()
}

fn after(pattern: &str, c: char) -> BTreeSet<&str> {
    let mut rest = pattern.chars();
    match rest.next() {
        Some('*') => without_stars(pattern),
        Some(first) if first == '?' || first == c => without_stars(rest.as_str()),
        Some(_) | None => BTreeSet::new(),
    }
}

/// What is asked of the documents.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The action: `s3:ReplicateObject`.
    pub action: &'a str,
    /// On what.
    pub on: Scope<'a>,
    /// For whom, in a document that names principals: names that each stand for the one who asks.
    pub principals: &'a [&'a str],
    /// What is known of the request: condition keys with all the values that it may have.
    pub context: &'a [(&'a str, &'a [Scope<'a>])],
}

/// What the documents say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Granted on all of it, and refused on nothing.
    Granted,
    /// Not granted, or not on all of it.
    Missing,
    /// A Deny of this name meets it.
    Refused(String),
    /// It hangs on something that is not known, which is named.
    Unclear(String),
}

/// How a statement stands to what is asked.
enum Fit {
    Not,
    Part,
    Whole,
    Perhaps(String),
}

/// Judges what some documents say together, as of one identity or of one resource.
pub fn judge<'d>(documents: impl IntoIterator<Item = &'d Value>, ask: &Ask<'_>) -> Grant {
    let (mut granted, mut refusal, mut allowance) = (false, None, None);
    for document in documents {
        let document = canonical(document);
        for statement in document.get("Statement").and_then(Value::as_array).into_iter().flatten() {
            let denies = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
            match fit(statement, ask) {
                Fit::Whole | Fit::Part if denies => return Grant::Refused(name(statement)),
                Fit::Whole => granted = true,
                Fit::Not | Fit::Part => {}
                Fit::Perhaps(what) if denies => refusal = Some(format!("a Deny ({}) hangs on {what}", name(statement))),
                Fit::Perhaps(what) => allowance = Some(format!("it hangs on {what}")),
            }
        }
    }
    match (refusal, granted, allowance) {
        (Some(why), _, _) | (None, false, Some(why)) => Grant::Unclear(why),
        (None, true, _) => Grant::Granted,
        (None, false, None) => Grant::Missing,
    }
}

fn name(statement: &Value) -> String {
    statement.get("Sid").and_then(Value::as_str).unwrap_or("without a Sid").to_owned()
}

fn strings<'s>(statement: &'s Value, field: &str) -> Option<Vec<&'s str>> {
    Some(statement.get(field)?.as_array()?.iter().filter_map(Value::as_str).collect())
}

fn fit(statement: &Value, ask: &Ask<'_>) -> Fit {
    let action = ask.action.to_ascii_lowercase();
    let acts = |pattern: &&str| Scope::exactly(&action).is_covered_by(&pattern.to_ascii_lowercase());
    let about = match (strings(statement, "Action"), strings(statement, "NotAction")) {
        (Some(actions), _) => actions.iter().any(acts),
        (None, Some(others)) => !others.iter().any(acts),
        (None, None) => false,
    };
    if !about || !is_for(statement, ask) {
        return Fit::Not;
    }
    let whole = match (strings(statement, "Resource"), strings(statement, "NotResource")) {
        (Some(patterns), _) => on(&patterns, ask.on),
        (None, Some(patterns)) => match on(&patterns, ask.on) {
            Fit::Whole => Fit::Not,
            Fit::Not => Fit::Whole,
            other => other,
        },
        (None, None) => Fit::Not,
    };
    match (whole, condition(statement, ask)) {
        (Fit::Not, _) | (_, Holds::No) => Fit::Not,
        (Fit::Perhaps(what), _) | (_, Holds::Perhaps(what)) => Fit::Perhaps(what),
        (fit, Holds::Yes) => fit,
    }
}

fn on(patterns: &[&str], scope: Scope<'_>) -> Fit {
    if patterns.iter().any(|pattern| scope.is_covered_by(pattern)) {
        return Fit::Whole;
    }
    if let Some(variable) = patterns.iter().find(|pattern| pattern.contains("${")) {
        return Fit::Perhaps(format!("the variable in {variable}"));
    }
    if patterns.iter().any(|pattern| scope.meets(pattern)) { Fit::Part } else { Fit::Not }
}

fn is_for(statement: &Value, ask: &Ask<'_>) -> bool {
    let names = |principal: &Value| match principal {
        Value::String(all) => all == "*",
        other => strings(other, "AWS").is_some_and(|names| names.iter().any(|name| *name == "*" || ask.principals.contains(name))),
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => names(principal),
        (None, Some(others)) => !names(others),
        (None, None) => ask.principals.is_empty(),
    }
}

/// Whether a condition holds.
enum Holds {
    Yes,
    No,
    Perhaps(String),
}

fn condition(statement: &Value, ask: &Ask<'_>) -> Holds {
    let mut out = Holds::Yes;
    for (operator, keys) in statement.get("Condition").and_then(Value::as_object).into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let values: Vec<&str> = values.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            match holds(operator, key, &values, ask) {
                Holds::Yes => {}
                Holds::No => return Holds::No,
                perhaps @ Holds::Perhaps(_) => out = perhaps,
            }
        }
    }
    out
}

/// Operators that compare a text (IAM reference, condition operators) are known, of keys of which the value is known.
fn holds(operator: &str, key: &str, values: &[&str], ask: &Ask<'_>) -> Holds {
    let unclear = || Holds::Perhaps(format!("the condition {operator} {key}"));
    let Some((_, known)) = ask.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) else { return unclear() };
    let fits = |scope: Scope<'_>| match operator.strip_suffix("IfExists").unwrap_or(operator) {
        "StringLike" | "ArnLike" | "ArnEquals" => Some(values.iter().any(|value| scope.is_covered_by(value))),
        "StringEquals" => Some(!scope.open && values.contains(&scope.text)),
        "Bool" => Some(!scope.open && values.iter().any(|value| value.eq_ignore_ascii_case(scope.text))),
        _ => None,
    };
    let fits: Option<Vec<bool>> = known.iter().map(|scope| fits(*scope)).collect();
    match fits {
        Some(fits) if fits.iter().all(|fits| *fits) => Holds::Yes,
        Some(fits) if fits.iter().all(|fits| !fits) => Holds::No,
        Some(_) | None => unclear(),
    }
}

#[cfg(test)]
mod tests;
