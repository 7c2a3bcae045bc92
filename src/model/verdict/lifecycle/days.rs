//! The days and dates of a lifecycle rule: the least that S3 takes, and the order in which actions must come.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::super::Verdict;
use super::{filter_text, refused};

/// From which class an object may move to which (S3 User Guide, lifecycle-transition-general-considerations).
const DOWN: &[(&str, &[&str])] = &[
    ("STANDARD_IA", &["INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]),
    ("INTELLIGENT_TIERING", &["ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]),
    ("ONEZONE_IA", &["GLACIER", "DEEP_ARCHIVE"]),
    ("GLACIER_IR", &["GLACIER", "DEEP_ARCHIVE"]),
    ("GLACIER", &["DEEP_ARCHIVE"]),
    ("DEEP_ARCHIVE", &[]),
];

/// A date as S3 takes it.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// The least that each count of days may be, and dates at midnight.
pub(super) fn least(rule: &Value, name: &str) -> Verdict {
    let counts = [
        ("Expiration", "Days", "Expiration"),
        ("NoncurrentVersionExpiration", "NoncurrentDays", "NoncurrentVersionExpiration"),
        ("NoncurrentVersionExpiration", "NewerNoncurrentVersions", "NoncurrentVersionExpiration"),
        ("AbortIncompleteMultipartUpload", "DaysAfterInitiation", "AbortIncompleteMultipartUpload"),
    ];
    for (action, key, shown) in counts {
        if rule.get(action).and_then(|action| action.get(key)).and_then(Value::as_i64).is_some_and(|days| days < 1) {
            let message = format!("'{key}' for {shown} action must be a positive integer");
            return Err(refused("InvalidArgument", &message, name, &format!("has a {key} below 1")));
        }
    }
    for step in steps(rule, "Transitions").into_iter().chain(steps(rule, "NoncurrentVersionTransitions")) {
        let least = if matches!(step.class, "STANDARD_IA" | "ONEZONE_IA") { 30 } else { 0 };
        if step.days.is_some_and(|days| days < least) {
            let message = format!("'{}' in {} action must be greater than or equal to {least} for storageClass '{}'", step.key, step.action, step.class);
            let sentence = format!("moves objects to {} before they are {least} days old", step.class);
            return Err(refused("InvalidArgument", &message, name, &sentence));
        }
    }
    dates(rule).iter().try_for_each(|date| midnight(date, name))
}

fn midnight(date: &str, name: &str) -> Verdict {
    let at = moment(date).map(|at| at.to_zoned(TimeZone::UTC).time());
    if at == Some(Time::midnight()) {
        return Ok(());
    }
    Err(refused("InvalidArgument", "'Date' must be at midnight GMT", name, &format!("has the date {date}, which is not midnight UTC")))
}

/// Every date of a rule.
fn dates(rule: &Value) -> Vec<&str> {
    let expires = rule.get("Expiration").and_then(|expiration| expiration.get("Date")).and_then(Value::as_str);
    expires.into_iter().chain(steps(rule, "Transitions").into_iter().filter_map(|step| step.date)).collect()
}

/// One storage class change.
struct Step<'a> {
    action: &'static str,
    key: &'static str,
    class: &'a str,
    days: Option<i64>,
    date: Option<&'a str>,
}

fn steps<'a>(rule: &'a Value, list: &str) -> Vec<Step<'a>> {
    let (action, key) = if list == "Transitions" { ("Transition", "Days") } else { ("NoncurrentVersionTransition", "NoncurrentDays") };
    let found = rule.get(list).and_then(Value::as_array).into_iter().flatten();
    let step = |of: &'a Value| Step {
        action,
        key,
        class: of.get("StorageClass").and_then(Value::as_str).unwrap_or_default(),
        days: of.get(key).and_then(Value::as_i64),
        date: of.get("Date").and_then(Value::as_str),
    };
    found.map(step).collect()
}

/// Order and number of storage class changes, and that expiry comes strictly after all of them.
pub(super) fn transitions(rule: &Value, name: &str) -> Verdict {
    for (list, expiration) in [("Transitions", "Expiration"), ("NoncurrentVersionTransitions", "NoncurrentVersionExpiration")] {
        let steps = steps(rule, list);
        different(&steps, rule, name)?;
        mixed(&steps, rule, name)?;
        downwards(&steps, rule, name)?;
        let expiration = (expiration, rule.get(expiration).unwrap_or(&Value::Null));
        last(&steps, expiration, rule, name)?;
    }
    Ok(())
}

fn different(steps: &[Step], rule: &Value, name: &str) -> Verdict {
    let mut classes: Vec<&str> = steps.iter().map(|step| step.class).collect();
    classes.sort_unstable();
    let Some(step) = steps.first().filter(|_| classes.windows(2).any(|pair| pair.first() == pair.last())) else { return Ok(()) };
    let message = format!("'StorageClass' must be different for '{}' actions in same 'Rule' with {}", step.action, filter_text(rule));
    Err(refused("InvalidRequest", &message, name, "moves objects to one class twice"))
}

/// Either everything counts days or everything names dates; noncurrent versions know only days.
fn mixed(steps: &[Step], rule: &Value, name: &str) -> Verdict {
    let expiration = rule.get("Expiration").filter(|_| steps.iter().any(|step| step.action == "Transition"));
    let has = |key: &str| expiration.is_some_and(|expiration| expiration.get(key).is_some());
    let days = steps.iter().any(|step| step.days.is_some()) || has("Days");
    let dated = steps.iter().any(|step| step.date.is_some()) || has("Date");
    if !(days && dated) {
        return Ok(());
    }
    let message = format!("Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for {}", filter_text(rule));
    Err(refused("InvalidRequest", &message, name, "counts days in one action and names a date in another"))
}

/// Objects only move down, and stay in an infrequent-access class for 30 days before an archive takes them. The code was
/// not recorded; S3 documents the limits.
fn downwards(steps: &[Step], rule: &Value, name: &str) -> Verdict {
    let mut in_time: Vec<&Step> = steps.iter().collect();
    let rank = |class: &str| DOWN.iter().position(|(from, _)| *from == class);
    in_time.sort_by_key(|step| (step.days, step.date.and_then(moment), rank(step.class)));
    for pair in in_time.windows(2) {
        let [earlier, later] = pair else { continue };
        let known = |class: &str| rank(class).is_some();
        let allowed = DOWN.iter().any(|(from, to)| *from == earlier.class && to.contains(&later.class)) || !(known(earlier.class) && known(later.class));
        let archived_early = earlier.class.ends_with("_IA") && matches!(later.class, "GLACIER" | "DEEP_ARCHIVE");
        let gap = later.days.zip(earlier.days).map(|(later, earlier)| later - earlier);
        if allowed && !(archived_early && gap.is_some_and(|gap| gap < 30)) {
            continue;
        }
        let filter = filter_text(rule);
        if allowed {
            let message = format!(
                "'{key}' in the '{action}' action for StorageClass '{}' for {filter} must be 30 days more than '{key}' in the '{action}' action for StorageClass '{}'",
                later.class,
                earlier.class,
                key = later.key,
                action = later.action,
            );
            let sentence = format!("moves objects to {} before they were in {} for 30 days", later.class, earlier.class);
            return Err(refused("InvalidArgument", &message, name, &sentence));
        }
        let message = format!("The '{}' action for {filter} cannot move objects from '{}' to '{}'", later.action, earlier.class, later.class);
        let sentence = format!("moves objects from {} to {}, and S3 moves them only down to colder classes", earlier.class, later.class);
        return Err(refused("InvalidArgument", &message, name, &sentence));
    }
    Ok(())
}

fn last(steps: &[Step], (action, expiration): (&str, &Value), rule: &Value, name: &str) -> Verdict {
    let key = if action == "Expiration" { "Days" } else { "NoncurrentDays" };
    let ends = expiration.get(key).and_then(Value::as_i64);
    let ends_on = expiration.get("Date").and_then(Value::as_str).and_then(moment);
    for step in steps {
        let early = ends.zip(step.days).is_some_and(|(end, moves)| end <= moves);
        let early_date = ends_on.zip(step.date.and_then(moment)).is_some_and(|(end, moves)| end <= moves);
        if early || early_date {
            let key = if early { key } else { "Date" };
            let message = format!("'{key}' in the {action} action for {} must be greater than '{key}' in the {} action", filter_text(rule), step.action);
            let sentence = format!("lets objects end before, or when, they move to {}", step.class);
            return Err(refused("InvalidArgument", &message, name, &sentence));
        }
    }
    Ok(())
}
