//! Conditions of IAM policies: which operators there are, what their values may be, and what a date is.

use serde_json::Value;

const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

/// The operator without its quantifier and without `IfExists`.
fn bare(operator: &str) -> &str {
    let quantified = operator.strip_prefix("ForAnyValue:").or_else(|| operator.strip_prefix("ForAllValues:"));
    let bare = quantified.unwrap_or(operator);
    bare.strip_suffix("IfExists").unwrap_or(bare)
}

fn keys(condition: &Value) -> impl Iterator<Item = (&str, &Value)> {
    condition.as_object().into_iter().flatten().map(|(operator, keys)| (operator.as_str(), keys))
}

/// Operators hold keys, keys hold values. An operator without keys is accepted whatever its name is.
pub(super) fn syntax(condition: &Value) -> Result<(), String> {
    if !condition.is_object() {
        return Err("the Condition is not a JSON object".to_owned());
    }
    for (operator, keys) in keys(condition) {
        let Value::Object(keys) = keys else { return Err(format!("the condition operator `{operator}` does not hold keys")) };
        if !OPERATORS.contains(&bare(operator)) && !keys.is_empty() {
            return Err(format!("there is no condition operator `{operator}`"));
        }
        let scalar = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
        let wrong = keys.iter().find(|(_, value)| !scalar(value) && !value.as_array().is_some_and(|list| list.iter().all(scalar)));
        if let Some((key, _)) = wrong {
            return Err(format!("the condition key `{key}` holds neither a value nor a list of values"));
        }
    }
    Ok(())
}

/// Every value of a date operator is a date, or seconds since 1970.
pub(super) fn dates(condition: &Value) -> Result<(), String> {
    for (operator, keys) in keys(condition).filter(|(operator, _)| bare(operator).starts_with("Date")) {
        for value in keys.as_object().into_iter().flat_map(|keys| keys.values()) {
            let values = value.as_array().map_or_else(|| vec![value], |list| list.iter().collect());
            let wrong = values.into_iter().find(|value| value.as_str().is_some_and(|text| !is_date(text)));
            if let Some(wrong) = wrong {
                return Err(format!("{operator} compares with {wrong}, which is no date"));
            }
        }
    }
    Ok(())
}

fn within(text: &str, least: i64, most: i64) -> bool {
    !text.starts_with('+') && text.parse().is_ok_and(|number: i64| (least..=most).contains(&number))
}

/// A date as IAM reads it: `[-]Y[-M[-D]][T H[:M[:S[.f]]][Z|+HH[:MM]]]`, or seconds.
fn is_date(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if !text.contains(['t', '-']) {
        return within(&text, 0, i64::MAX);
    }
    let (date, time) = text.split_once('t').map_or((text.as_str(), None), |(date, time)| (date, Some(time)));
    is_day(date) && time.is_none_or(is_time)
}

fn is_day(date: &str) -> bool {
    let (sign, rest) = date.strip_prefix('-').map_or(("", date), |rest| ("-", rest));
    let mut parts = rest.split('-');
    let year = parts.next().unwrap_or_default();
    let (month, day) = (parts.next(), parts.next());
    within(&format!("{sign}{year}"), -292_275_054, 292_278_993)
        && month.is_none_or(|month| within(month, 1, 12))
        && day.is_none_or(|day| within(day, 1, 31))
        && parts.next().is_none()
}

fn is_time(time: &str) -> bool {
    let (clock, zone) = match (time.strip_suffix('z'), time.split_once('+')) {
        (Some(clock), _) => (clock, None),
        (None, Some((clock, zone))) => (clock, Some(zone)),
        (None, None) => (time, None),
    };
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let (whole, fraction) =
        seconds.map_or((None, None), |seconds| seconds.split_once('.').map_or((Some(seconds), None), |(whole, rest)| (Some(whole), Some(rest))));
    (hours.is_empty() || within(hours, 0, 23))
        && minutes.is_none_or(|minutes| within(minutes, 0, 59))
        && whole.is_none_or(|whole| within(whole, 0, 59))
        && fraction.is_none_or(|fraction| within(fraction, 0, 999_999_999))
        && parts.next().is_none()
        && zone.is_none_or(is_zone)
}

fn is_zone(zone: &str) -> bool {
    let (hours, minutes) = zone.split_once(':').map_or((zone, None), |(hours, minutes)| (hours, Some(minutes)));
    let two = |text: &str, most| text.len() == 2 && within(text, 0, most);
    two(hours, 23) && minutes.is_none_or(|minutes| two(minutes, 59))
}
