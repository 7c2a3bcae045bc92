//! Groups of a plan that say the same but for the names in them: a fleet is a few stories told many times. It only
//! sorts views and leaves nothing out.

use std::collections::BTreeMap;

use crate::view::plan::{GroupView, StepView};

/// The groups in their order, those that say the same behind the first of them.
pub(super) fn alike<'a>(groups: impl IntoIterator<Item = &'a GroupView>) -> Vec<Vec<&'a GroupView>> {
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    let mut out: Vec<Vec<&GroupView>> = Vec::new();
    for group in groups {
        let next = out.len();
        let place = *at.entry(story(group)).or_insert(next);
        match out.get_mut(place) {
            Some(same) => same.push(group),
            None => out.push(vec![group]),
        }
    }
    out
}

/// The first names of a list, and how many more there are.
pub(super) fn names<'a>(all: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let all: Vec<&str> = all.into_iter().collect();
    match all.split_at_checked(most) {
        Some((first, rest)) if rest.len() > 1 => format!("{} and {} more", first.join(", "), rest.len()),
        _ => all.join(", "),
    }
}

/// What a group says, with its own names taken out.
fn story(group: &GroupView) -> String {
    let mut own: Vec<&str> = group.policies.iter().map(String::as_str).collect();
    own.extend(group.steps.iter().filter_map(|step| step.resource.split_once('/').map(|(_, name)| name)));
    // A name of digits could be a number of days: such a group tells its own story.
    own.retain(|name| name.contains(|c: char| c.is_ascii_alphabetic()));
    own.sort_by_key(|name| std::cmp::Reverse(name.len()));
    own.dedup();
    let mut text = format!("{} policies, {} settled", group.policies.len(), group.settled);
    for step in &group.steps {
        text.push('\n');
        text.push_str(&said(step).join("\n"));
    }
    own.iter().enumerate().fold(text, |text, (at, name)| text.replace(name, &format!("\u{1}{at}\u{1}")))
}

fn said(step: &StepView) -> Vec<&str> {
    let hold = step.hold.iter().flat_map(|hold| [Some(hold.sentence.as_str()), hold.allow.as_deref(), hold.advice.as_deref()]).flatten();
    let effects = step.effects.iter().map(|effect| effect.sentence.as_str());
    let allowed = step.allowed.iter().map(String::as_str);
    let lines = step.lines.iter().map(String::as_str);
    [step.kind.as_str(), step.title.as_str(), step.reason.as_str()].into_iter().chain(lines).chain(hold).chain(effects).chain(allowed).collect()
}

#[cfg(test)]
mod tests;
