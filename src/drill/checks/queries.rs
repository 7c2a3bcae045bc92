//! Check `query`: the policy's own questions. Values stay in the database: what is shown is the verdict.

use jiff::Timestamp;

use super::{Check, CheckResult, Judged, Outcome, Subject};
use crate::model::document::sha256_hex;
use crate::model::policy::{Check as Query, Expect};

/// The check.
pub(super) static CHECK: Check = Check { id: "query", proves: "Each query of the policy, read only and unprivileged, answers what the policy expects.", judge };

fn judge(subject: &Subject<'_>) -> Judged {
    let each = subject.queries.iter().enumerate().map(|(at, query)| {
        let (outcome, detail) = match subject.answers.queries.get(at) {
            Some(Ok(answer)) => expect(subject, query, answer.as_deref()),
            Some(Err(why)) => (Outcome::Failed, Some(why.clone())),
            None => (Outcome::Unproven, Some("not asked".to_owned())),
        };
        // An error of the server can quote the value that it stumbled over.
        let quotes = matches!(subject.answers.queries.get(at), Some(Err(_)));
        CheckResult::of(CHECK.id, query.name.clone(), Some(&subject.database.name), outcome, detail).quoting(quotes)
    });
    each.collect()
}

fn expect(subject: &Subject<'_>, query: &Query, answer: Option<&str>) -> (Outcome, Option<String>) {
    let failed = |why: String| (Outcome::Failed, Some(why));
    match (&query.expect, answer) {
        (Expect::AtLeast(least), Some(text)) => match text.parse::<f64>() {
            Ok(number) if number >= *least => (Outcome::Passed, None),
            Ok(_) => failed(format!("the answer is below {least}")),
            Err(_) => failed("the answer is not a number".to_owned()),
        },
        (Expect::Equals(wanted), Some(text)) if text == wanted => (Outcome::Passed, None),
        (Expect::Equals(_), Some(_)) => failed("the answer is not the text that is expected".to_owned()),
        (Expect::MaxAge(limit), Some(text)) => age(subject, text, limit.as_secs(), &limit.to_string()),
        (Expect::SameAsBackup(true), answer) => same(subject, query, answer),
        (Expect::SameAsBackup(false), _) => (Outcome::Passed, None),
        (Expect::AtLeast(_) | Expect::Equals(_) | Expect::MaxAge(_), None) => failed("the answer is NULL".to_owned()),
    }
}

/// Age counts from the snapshot: what is asked is how current the data was, not how long the backup has rested.
fn age(subject: &Subject<'_>, text: &str, limit: u64, shown: &str) -> (Outcome, Option<String>) {
    let (Some(value), Ok(snapshot)) = (timestamp(text), subject.database.snapshot_at.parse::<Timestamp>()) else {
        return (Outcome::Failed, Some("the answer is not a timestamp".to_owned()));
    };
    let seconds = snapshot.as_second().saturating_sub(value.as_second());
    if seconds <= i64::try_from(limit).unwrap_or(i64::MAX) {
        return (Outcome::Passed, None);
    }
    (Outcome::Failed, Some(format!("it was {} h old when the snapshot was taken, and at most {shown} is expected", seconds / 3_600)))
}

/// `2026-11-22 01:15:07.123+00`, as PostgreSQL prints it in UTC, with or without zone.
fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.replace(' ', "T");
    let text = match text.strip_suffix("+00") {
        Some(utc) => format!("{utc}Z"),
        None if text.contains('Z') => text,
        None if text.len() == 10 => format!("{text}T00:00:00Z"),
        None => format!("{text}Z"),
    };
    text.parse().ok()
}

fn same(subject: &Subject<'_>, query: &Query, answer: Option<&str>) -> (Outcome, Option<String>) {
    let digest = sha256_hex(query.sql.as_bytes());
    match subject.database.answers.iter().find(|recorded| recorded.query == digest) {
        None => (Outcome::Unproven, Some("the backup holds no answer of this query: it was added later, or failed in the snapshot".to_owned())),
        Some(recorded) if recorded.answer == answer.map(|text| sha256_hex(text.as_bytes())) => (Outcome::Passed, None),
        Some(_) => (Outcome::Failed, Some("the answer is not what it was in the snapshot of the backup".to_owned())),
    }
}
