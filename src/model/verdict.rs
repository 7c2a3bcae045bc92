//! What AWS would refuse, judged before anything is sent: one code for the settings and for the simulator.
//!
//! Every judgement is over the request as the AWS API names its elements (the JSON that boto3 sends), because half of the
//! refusals are about elements that our types cannot even express. It must never be stricter than AWS was seen to be:
//! a refusal here has no way around it. Other servers accept much of what is refused here.

use std::fmt;

use serde_json::{Map, Value};

pub mod bucket_policy;
pub mod encryption;
mod iam_conditions;
pub mod iam_policy;
mod iam_resources;
pub mod lifecycle;
pub mod object_lock;
pub mod ownership;
pub mod replication;
pub mod role;
pub mod tags;
pub mod versioning;

/// Why AWS would refuse a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// AWS's error code: `MalformedXML`.
    pub code: &'static str,
    /// AWS's own words. Many faults share one text that says nothing.
    pub message: String,
    /// What is wrong, so that it can be put right.
    pub sentence: String,
}

impl Refusal {
    /// A refusal in AWS's words, with ours beside them.
    pub(crate) fn new(code: &'static str, message: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self { code, message: message.into(), sentence: sentence.into() }
    }

    /// A refusal whose AWS text says enough.
    pub(crate) fn plain(code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, sentence: message.clone(), message }
    }

    /// What S3 says to every fault of form, whatever it is.
    pub(crate) fn malformed(sentence: impl Into<String>) -> Self {
        Self::new("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema", sentence)
    }

    /// As S3 and IAM answer it: code and text.
    pub fn answer(&self) -> String {
        format!("{}: {}", self.code, self.message)
    }
}

/// As a plan says it: the code, and what is wrong.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.sentence)
    }
}

/// A judgement: nothing, or the first thing that AWS would refuse.
pub type Verdict = Result<(), Refusal>;

/// The sentence of a plan for a verdict, for `refused` of a setting.
pub fn said(verdict: Verdict) -> Option<String> {
    verdict.err().map(|refusal| refusal.to_string())
}

/// An element that has only known elements below it; S3's schema has no room for others.
pub(crate) fn element<'a>(value: &'a Value, name: &str, known: &[&str]) -> Result<&'a Map<String, Value>, Refusal> {
    let Value::Object(fields) = value else { return Err(Refusal::malformed(format!("{name} is not an element with elements in it"))) };
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        Some(stranger) => Err(Refusal::malformed(format!("{name} has an element `{stranger}`, which S3 does not know there"))),
        None => Ok(fields),
    }
}

/// The rules of a configuration: a list, which S3 wants to have at least one element and at most `most`.
pub(crate) fn rules(configuration: &Value, most: usize) -> Result<&[Value], Refusal> {
    let rules = configuration.get("Rules").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match rules.len() {
        0 => Err(Refusal::malformed("there is no rule; what is to have no rules is deleted, not written empty")),
        many if many > most => Err(Refusal::malformed(format!("there are {many} rules, and S3 takes at most {most}"))),
        _ => Ok(rules),
    }
}

/// A text that is one of a few.
pub(crate) fn one_of<'a>(value: Option<&'a Value>, name: &str, known: &[&str]) -> Result<&'a str, Refusal> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    if known.contains(&text) {
        return Ok(text);
    }
    let found = value.map_or_else(|| "it is missing".to_owned(), |value| format!("it is {value}"));
    Err(Refusal::malformed(format!("{name} must be {}; {found}", known.join(" or "))))
}

#[cfg(test)]
mod tests;
