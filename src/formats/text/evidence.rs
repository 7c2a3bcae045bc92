//! `evidence` as text: one line per chain that is whole, more only for what is not.

use std::fmt::Write as _;

use super::super::paint::{Label, Paint};
use super::labelled;
use crate::model::units::plural;
use crate::view::evidence::{ChainView, EvidenceView, ProblemView, RecordView};

/// Renders a verification; `exit` is the code that the command will end with.
pub fn evidence(view: &EvidenceView, exit: u8, paint: Paint) -> String {
    let mut out = heading("verify", view, paint);
    let width = width(view);
    for chain in &view.chains {
        let (word, label) = if chain.whole { ("whole", Label::Good) } else { ("broken", Label::Bad) };
        let _ = writeln!(out, "  {:<width$}  {:>6}  {}  {}", chain.identity, paint.text(label, word), plural(chain.stored as u64, "record"), extent(chain));
        problems(&mut out, &chain.problems, paint);
    }
    let _ = writeln!(out, "{}", closing(view, exit, paint));
    out
}

/// Renders the records, one a line.
pub fn list(view: &EvidenceView, exit: u8, paint: Paint) -> String {
    let mut out = heading("list", view, paint);
    for chain in &view.chains {
        for record in &chain.records {
            let policy = record.policy.as_deref().unwrap_or("-");
            let outcome = record.outcome.as_deref().unwrap_or("");
            let _ = writeln!(out, "  {}  {:<8} {:<9} {:<20} {}", time(&record.at), record.kind, outcome, policy, record.reference);
        }
        problems(&mut out, &chain.problems, paint);
    }
    let _ = writeln!(out, "{}", closing(view, exit, paint));
    out
}

/// Renders one record.
pub fn record(view: &RecordView, exit: u8, paint: Paint) -> String {
    let mut out = String::new();
    let (word, label) = if view.verified { ("verified", Label::Good) } else { ("not verified: it proves nothing", Label::Bad) };
    let _ = writeln!(out, "{} · {}", view.reference, paint.text(label, word));
    if let Some(keyid) = &view.keyid {
        let _ = writeln!(out, "{}", paint.text(Label::Dim, &format!("signed by {keyid}")));
    }
    problems(&mut out, &view.problems, paint);
    let _ = writeln!(out, "\n{}\n\nexit {exit}", serde_json::to_string_pretty(&view.record).unwrap_or_default());
    out
}

fn heading(verb: &str, view: &EvidenceView, paint: Paint) -> String {
    let line = format!("lifeboat evidence {verb} · {} · {}", view.place, plural(view.trusted.len() as u64, "trusted key"));
    format!("{}\n\n", paint.text(Label::Dim, &line))
}

fn width(view: &EvidenceView) -> usize {
    view.chains.iter().map(|chain| chain.identity.chars().count()).max().unwrap_or(0).min(40)
}

/// `2026-11-22 01:15 → 2026-11-23 02:00 UTC · newest 000042 sha256:9b1c55d0`
fn extent(chain: &ChainView) -> String {
    let span = match (chain.records.first(), chain.records.last()) {
        (Some(first), Some(last)) => format!("{} → {} UTC", time(&first.at), time(&last.at)),
        _ => "none verified".to_owned(),
    };
    match (chain.head, &chain.head_sha256) {
        (Some(head), Some(digest)) => format!("{span}  newest {head:06} sha256:{}", digest.get(..8).unwrap_or(digest)),
        _ => span,
    }
}

fn time(at: &str) -> String {
    at.get(..16).unwrap_or(at).replace('T', " ")
}

fn problems(out: &mut String, problems: &[ProblemView], paint: Paint) {
    for problem in problems {
        let label = if problem.level == "warning" { Label::Change } else { Label::Bad };
        let name = if problem.sequence == 0 { "stranger".to_owned() } else { format!("{:06}", problem.sequence) };
        let mut lines = String::new();
        labelled(&mut lines, &name, &problem.sentence);
        out.push_str(&lines.replacen(&name, &paint.text(label, &name), 1));
    }
}

fn closing(view: &EvidenceView, exit: u8, paint: Paint) -> String {
    let records: usize = view.chains.iter().map(|chain| chain.verified).sum();
    let broken = view.chains.iter().filter(|chain| !chain.whole).count();
    let (sentence, label) = if view.chains.is_empty() {
        ("no record was written yet: nothing is proven".to_owned(), Label::Change)
    } else if broken == 0 {
        (format!("{} whole, {} verified", plural(view.chains.len() as u64, "chain"), plural(records as u64, "record")), Label::Good)
    } else {
        (format!("{broken} of {} broken, {} verified", plural(view.chains.len() as u64, "chain"), plural(records as u64, "record")), Label::Bad)
    };
    format!("{}{}", if view.chains.is_empty() { "" } else { "\n" }, paint.text(label, &format!("{sentence} · exit {exit}")))
}
