//! What S3 accepts as a lifecycle configuration, and what it adds to one.
//!
//! Each refusal is one that AWS was seen to give (S3 User Guide, lifecycle-configuration-examples and the issues quoted
//! beside each); emulators accept most of them.

use crate::model::lifecycle::{Expiration, Form, Lifecycle, Rule};

/// What S3 answers for `x-amz-transition-default-minimum-object-size` when a PUT did not say one.
pub(super) const DEFAULT_MINIMUM: &str = "all_storage_classes_128K";

/// The configuration as S3 keeps it, or why it is refused.
pub(super) fn accept(wish: Lifecycle, mut serial: impl FnMut() -> u64) -> Result<Lifecycle, String> {
    if wish.rules.is_empty() || wish.rules.len() > 1000 {
        return Err("MalformedXML: between 1 and 1000 rules are needed".to_owned());
    }
    let mut kept = wish;
    for rule in &mut kept.rules {
        // A rule without an ID gets a random one of 48 characters.
        if rule.id.is_empty() {
            rule.id = format!("{:048x}", serial());
        }
    }
    let old_form = kept.rules.iter().filter(|rule| rule.filter.form == Form::RulePrefix).count();
    if old_form > 0 && old_form < kept.rules.len() {
        return Err("InvalidRequest: Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.".to_owned());
    }
    let mut ids: Vec<&str> = kept.rules.iter().map(|rule| rule.id.as_str()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err("InvalidArgument: Rule ID must be unique. Found same ID for more than one rule".to_owned());
    }
    for rule in &kept.rules {
        accept_rule(rule)?;
    }
    kept.minimum_size.get_or_insert_with(|| DEFAULT_MINIMUM.to_owned());
    Ok(kept)
}

fn accept_rule(rule: &Rule) -> Result<(), String> {
    if rule.id.chars().count() > 255 {
        return Err("InvalidArgument: ID length should not exceed allowed limit of 255".to_owned());
    }
    let acts = rule.expiration.is_some()
        || rule.noncurrent.is_some()
        || rule.abort_uploads_days.is_some()
        || !rule.transitions.is_empty()
        || !rule.noncurrent_transitions.is_empty();
    if !acts {
        return Err("InvalidRequest: At least one action needs to be specified in a rule".to_owned());
    }
    let filter = &rule.filter;
    let conditions = filter.tags.len() + usize::from(filter.larger_than.is_some()) + usize::from(filter.smaller_than.is_some());
    let all = conditions + usize::from(filter.prefix.is_some());
    if (filter.form == Form::Plain && all > 1) || (filter.form == Form::And && all < 2) || (filter.form == Form::RulePrefix && conditions > 0) {
        return Err("MalformedXML: The XML you provided was not well-formed or did not validate against our published schema".to_owned());
    }
    let picky = rule.abort_uploads_days.is_some() || matches!(rule.expiration, Some(Expiration::DeleteMarker(_)));
    if picky && conditions > 0 {
        return Err(
            "InvalidRequest: AbortIncompleteMultipartUpload and ExpiredObjectDeleteMarker cannot be specified with Tags or ObjectSize filters".to_owned()
        );
    }
    accept_days(rule)
}

fn accept_days(rule: &Rule) -> Result<(), String> {
    for step in &rule.transitions {
        let least = if matches!(step.class.as_str(), "STANDARD_IA" | "ONEZONE_IA") { 30 } else { 0 };
        if step.days.is_some_and(|days| days < least) {
            return Err(format!("InvalidArgument: 'Days' in Transition action must be greater than or equal to {least} for storageClass '{}'", step.class));
        }
    }
    let Some(Expiration::Days(days)) = rule.expiration else { return Ok(()) };
    if days < 1 {
        return Err("InvalidArgument: 'Days' for Expiration action must be a positive integer".to_owned());
    }
    if rule.transitions.iter().any(|step| step.days.is_some_and(|earlier| earlier >= days)) {
        return Err("InvalidArgument: 'Days' in the Expiration action must be greater than 'Days' in the Transition action".to_owned());
    }
    Ok(())
}
