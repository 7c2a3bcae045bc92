//! Lifecycle rules by meaning: two forms of one rule are one rule, and what AWS fills in is not drift.
//!
//! It is only compared, never sent: rules of others go back in the form they came.

use jiff::Timestamp;

use super::{Expiration, Filter, Form, Lifecycle, Rule};

impl Lifecycle {
    /// Whether two configurations mean the same. A minimum size that an answer does not say is unknown, which is no
    /// difference; nor is the id of a rule that was written without one, as S3 makes one up.
    pub fn same(&self, other: &Self) -> bool {
        let sizes = self.minimum_size.is_none() || other.minimum_size.is_none() || self.minimum_size == other.minimum_size;
        let mut left: Vec<(String, Rule)> = other.rules.iter().map(|rule| (rule.id.clone(), rule.meaning())).collect();
        let by_id = |own: &Rule, left: &[(String, Rule)]| left.iter().position(|(id, rule)| *id == own.id && *rule == own.meaning());
        let mut rest = Vec::new();
        for own in &self.rules {
            match by_id(own, &left) {
                Some(at) => drop(left.remove(at)),
                None => rest.push(own),
            }
        }
        for own in rest {
            let unnamed = |id: &str| id.is_empty() || own.id.is_empty();
            let found = left.iter().position(|(id, rule)| unnamed(id) && Rule { id: own.id.clone(), ..rule.clone() } == own.meaning());
            match found {
                Some(at) => drop(left.remove(at)),
                None => return false,
            }
        }
        sizes && left.is_empty()
    }
}

impl Rule {
    /// The rule in one form of writing: what two rules have in common when they do the same.
    pub fn meaning(&self) -> Self {
        let mut rule = self.clone();
        rule.filter = self.filter.meaning();
        rule.expiration = match &self.expiration {
            // Written and switched off: it does nothing.
            Some(Expiration::DeleteMarker(false)) => None,
            Some(Expiration::Date(date)) => Some(Expiration::Date(moment(date))),
            other => other.clone(),
        };
        for step in &mut rule.transitions {
            step.date = step.date.as_deref().map(moment);
        }
        rule.transitions.sort_by(|a, b| (&a.class, a.days, &a.date).cmp(&(&b.class, b.days, &b.date)));
        rule.noncurrent_transitions.sort_by(|a, b| (&a.class, a.days, a.keep_newer).cmp(&(&b.class, b.days, b.keep_newer)));
        rule
    }
}

impl Filter {
    /// `{}`, an empty prefix and none at all are every key; `And` and the rule's own prefix are ways of writing.
    pub fn meaning(&self) -> Self {
        let mut tags = self.tags.clone();
        tags.sort();
        Self { form: Form::Plain, prefix: self.prefix.clone().filter(|prefix| !prefix.is_empty()), tags, ..*self }
    }
}

/// One spelling of a moment; what is none stays as it is.
fn moment(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), |at: Timestamp| at.to_string())
}
