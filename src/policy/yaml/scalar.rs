//! What a plain scalar means under the YAML 1.2 core schema. It must never turn text into a number that another YAML
//! reader would read differently: such a scalar stays text and is reported.

use serde_json::{Number, Value};

use super::problem::YamlProblemKind;

/// The value of a plain scalar, and what is wrong with it.
pub(super) fn resolve(text: &str) -> (Value, Option<YamlProblemKind>) {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return (Value::Null, None),
        "true" | "True" | "TRUE" => return (Value::Bool(true), None),
        "false" | "False" | "FALSE" => return (Value::Bool(false), None),
        _ => {}
    }
    match number(text) {
        Found::Text => (Value::String(text.to_owned()), None),
        Found::Number(number) => (Value::Number(number), None),
        Found::Ambiguous(why) => {
            let kind = YamlProblemKind::AmbiguousNumber { text: text.to_owned(), why };
            (Value::String(text.to_owned()), Some(kind))
        }
        Found::TooLarge => {
            let kind = YamlProblemKind::NumberTooLarge { text: text.to_owned() };
            (Value::String(text.to_owned()), Some(kind))
        }
    }
}

/// What a scalar that is no other word turned out to be.
enum Found {
    Text,
    Number(Number),
    Ambiguous(&'static str),
    TooLarge,
}

fn number(text: &str) -> Found {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let signed = body.len() != text.len();
    match body {
        ".inf" | ".Inf" | ".INF" => return Found::Ambiguous("infinity has no JSON form"),
        ".nan" | ".NaN" | ".NAN" if !signed => return Found::Ambiguous("not a number has no JSON form"),
        _ => {}
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = body.strip_prefix(prefix) {
            return prefixed(digits, radix, signed);
        }
    }
    if body.contains('_') {
        let plain: String = body.chars().filter(|c| *c != '_').collect();
        let digits = body.starts_with(|c: char| c.is_ascii_digit()) && is_decimal(&plain);
        return if digits { Found::Ambiguous("some YAML readers skip the underscores") } else { Found::Text };
    }
    if !is_decimal(body) {
        return Found::Text;
    }
    let mut digits = body.chars();
    if digits.next() == Some('0') && digits.next().is_some_and(|c| c.is_ascii_digit()) {
        return Found::Ambiguous("some YAML readers take a leading zero for octal");
    }
    decimal(text, body)
}

/// A number with `0x`, `0o` or `0b` before its digits.
fn prefixed(digits: &str, radix: u32, signed: bool) -> Found {
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    if plain.is_empty() || !plain.chars().all(|c| c.is_digit(radix)) {
        return Found::Text;
    }
    if radix == 2 {
        return Found::Ambiguous("some YAML readers take it for binary");
    }
    if plain.len() != digits.len() {
        return Found::Ambiguous("some YAML readers skip the underscores");
    }
    if signed {
        return Found::Ambiguous("some YAML readers take a sign before it");
    }
    u64::from_str_radix(&plain, radix).map_or(Found::TooLarge, |n| Found::Number(n.into()))
}

/// A decimal number that [`is_decimal`] has accepted.
fn decimal(text: &str, body: &str) -> Found {
    if body.chars().all(|c| c.is_ascii_digit()) {
        let signless = text.strip_prefix('+').unwrap_or(text);
        if let Ok(number) = signless.parse::<u64>() {
            return Found::Number(number.into());
        }
        return signless.parse::<i64>().map_or(Found::TooLarge, |n| Found::Number(n.into()));
    }
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    number.map_or(Found::TooLarge, Found::Number)
}

/// `[0-9]+`, or `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, the sign already gone.
fn is_decimal(body: &str) -> bool {
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let exponent_ok = exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    let mantissa_ok = match mantissa.split_once('.') {
        None => digits(mantissa),
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
    };
    exponent_ok && mantissa_ok
}
