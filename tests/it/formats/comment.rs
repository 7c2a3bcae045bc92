//! The pull-request comment: only what may be shown, nothing breaks out, and it has an end.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat::formats::markdown::{self, LONGEST, SHOWN};
use lifeboat::view::check::CheckView;
use lifeboat::view::plan::PlanView;
use proptest::prelude::*;
use serde_json::Value;

use super::hostile::{PIECES, filled, full_findings, full_plan, is_time, replace};
use super::{no_findings, samples};

fn comment(plan: &Value, findings: &Value) -> String {
    markdown::plan(&serde_json::from_value(plan.clone()).unwrap(), &serde_json::from_value(findings.clone()).unwrap())
}

#[test]
fn a_comment_shows_only_the_fields_of_its_list() {
    let (mut plan, mut findings) = (full_plan(), full_findings());
    let mut canaries: BTreeMap<String, String> = BTreeMap::new();
    let mut new = |path: &str| {
        // Letters and digits of a digest, which is shown in digits only.
        let canary = format!("cafe{:03}beef", canaries.len());
        canaries.insert(canary.clone(), path.to_owned());
        Some(canary)
    };
    replace(&mut plan, "", &mut new);
    replace(&mut findings, "", &mut new);
    let said = [comment(&plan, &findings), markdown::check(&serde_json::from_value(findings).unwrap())].concat();
    let shown: BTreeSet<&str> = canaries.iter().filter(|(canary, _)| said.contains(canary.as_str())).map(|(_, path)| path.as_str()).collect();
    let listed: BTreeSet<&str> = SHOWN.iter().copied().collect();
    assert_eq!(shown.difference(&listed).collect::<Vec<_>>(), Vec::<&&str>::new(), "shown, and not on the list:\n{said}");
    assert!(canaries.len() > 100 && shown.len() > 20, "{} fields, {} shown", canaries.len(), shown.len());
}

#[test]
fn every_field_of_the_list_is_used() {
    let (plan, findings) = (full_plan(), full_findings());
    let before = comment(&plan, &findings);
    for field in SHOWN {
        let (mut plan, mut findings) = (plan.clone(), findings.clone());
        let mut new = |path: &str| (path == *field).then(|| if is_time(path) { "2026-02-02T00:00:00Z" } else { "abcd" }.to_owned());
        replace(&mut plan, "", &mut new);
        replace(&mut findings, "", &mut new);
        assert_ne!(comment(&plan, &findings), before, "{field} is listed and not used");
    }
}

#[test]
fn what_a_server_said_is_not_repeated() {
    let mut plan = full_plan();
    let steps = plan["groups"][0]["steps"].as_array_mut().unwrap();
    steps.retain(|step| step["kind"] == "unknown");
    steps[0]["hold"]["sentence"] = "access denied: arn:aws:sts::123456789012:assumed-role/secret".into();
    let said = comment(&plan, &full_findings());
    assert!(said.contains("1 setting not read") && !said.contains("access denied") && !said.contains("secret"), "{said}");
}

#[test]
fn account_ids_are_masked() {
    let (mut plan, findings) = filled("arn:aws:iam::123456789012:root");
    for step in plan.groups.iter_mut().flat_map(|group| &mut group.steps) {
        step.resource = "bucket/acme-dr-210987654321".to_owned();
        step.title = "bucket acme-dr-210987654321 · tags".to_owned();
    }
    let said = markdown::plan(&plan, &findings);
    assert!(said.contains("…9012") && !said.contains("123456789012"), "{said}");
    assert!(said.contains("bucket acme-dr-210987654321"), "a name that the policy gave stays whole: {said}");
}

/// What a comment is built of, without its text: tags, cells, blocks and where lines begin.
fn skeleton(comment: &str) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    let mut fence: Option<usize> = None;
    for line in comment.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        if let Some(open) = fence {
            let closes = ticks >= open && line.trim_start_matches('`').trim().is_empty();
            fence = if closes { None } else { fence };
            out.push(if closes { "end of block" } else { "code" }.to_owned());
            continue;
        }
        if ticks >= 3 {
            fence = Some(ticks);
            out.push("block".to_owned());
            continue;
        }
        out.push(prose_skeleton(line)?);
    }
    if fence.is_some() { Err("a block has no end".to_owned()) } else { Ok(out) }
}

const TAGS: &[&str] = &["details", "/details", "summary", "/summary", "b", "/b", "sub", "/sub", "br", "!-- lifeboat-plan --"];

fn prose_skeleton(line: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut in_code = false;
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once('<') {
        let (tag, after) = behind.split_once('>').ok_or_else(|| format!("a tag has no end: {line}"))?;
        match tag {
            "code" if !in_code => in_code = true,
            "/code" if in_code => in_code = false,
            tag if TAGS.contains(&tag) && !in_code => out.extend(["<", tag, ">"]),
            _ => return Err(format!("<{tag}> in {line}")),
        }
        out.push_str(&"|".repeat(before.matches('|').count()));
        rest = after;
    }
    out.push_str(&"|".repeat(rest.matches('|').count()));
    if in_code {
        return Err(format!("code has no end: {line}"));
    }
    let begins: String = line.chars().take_while(|c| !c.is_alphanumeric()).filter(|c| !matches!(c, '&')).take(2).collect();
    if begins.starts_with('/') || line.starts_with("    ") || line.starts_with('\t') {
        return Err(format!("a line begins as a command or code: {line}"));
    }
    let loose = line
        .replace("&#", "")
        .replace("!-- ", "")
        .replace("<code>!</code>", "")
        .replace("<code>~</code>", "")
        .chars()
        .find(|c| matches!(c, '@' | '[' | ']' | '\\' | '~' | '_' | '#' | '$' | '!'));
    if let Some(loose) = loose {
        return Err(format!("{loose} as it is: {line}"));
    }
    Ok(out)
}

fn hostile_text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_breaks_out_of_a_comment(text in hostile_text()) {
        let benign = { let (plan, findings) = filled("x"); (markdown::plan(&plan, &findings), markdown::check(&findings)) };
        let (plan, findings) = filled(&text);
        let said = (markdown::plan(&plan, &findings), markdown::check(&findings));
        for (benign, said) in [(benign.0, said.0), (benign.1, said.1)] {
            prop_assert_eq!(skeleton(&said), skeleton(&benign), "{}", said);
            prop_assert!(!said.contains("123456789012") && !said.contains(['\u{202e}', '\u{1b}', '\0', '\r']), "{}", said);
        }
    }

    #[test]
    fn a_comment_ends_in_time_however_much_there_is(text in hostile_text(), repeat in 1usize..12, steps in 1usize..120) {
        let mut plan = full_plan();
        replace(&mut plan, "", &mut |path| (!is_time(path)).then(|| text.repeat(repeat)));
        let kinds = plan["groups"][0]["steps"].as_array().unwrap().clone();
        plan["groups"][0]["steps"] = kinds.iter().cycle().take(steps).cloned().collect();
        let said = comment(&plan, &full_findings());
        prop_assert!(said.len() <= LONGEST, "{}", said.len());
        let skeleton = skeleton(&said).map_err(TestCaseError::fail)?;
        let of = |tag: &str| skeleton.iter().filter(|line| line.starts_with(tag)).count();
        prop_assert!(of("<details>") > 0);
        prop_assert_eq!(of("</details>"), of("<details>"));
        prop_assert!(said.contains("lifeboat plan --format json"));
    }
}

#[test]
fn a_comment_that_is_cut_says_how_much_is_left_out() {
    let mut plan = full_plan();
    let held = plan["groups"][0]["steps"].as_array().unwrap().iter().find(|step| step["kind"] == "held").unwrap().clone();
    let named = |at: usize| {
        let mut step = held.clone();
        step["title"] = format!("bucket number {at} ").into();
        step["lines"] = vec!["+ a rule that has some length, as rules have"; 9].into();
        step
    };
    plan["groups"][0]["steps"] = (0..2_000).map(named).collect();
    for beside in ["leftovers", "releases"] {
        plan[beside] = Value::Array(Vec::new());
    }
    plan["inventory"] = Value::Null;
    let said = comment(&plan, &full_findings());
    let shown = said.matches("<details>").count();
    assert!((30..2_000).contains(&shown) && said.len() > LONGEST * 3 / 4, "{shown} of 2000 in {} bytes", said.len());
    assert!(said.contains(&format!("**{} not shown here**", lifeboat::model::units::plural(2_000 - shown as u64, "step"))), "{shown}");
    assert!(said.contains(&format!("bucket number {} ", shown - 1)) && !said.contains(&format!("bucket number {shown} ")), "cut between two steps");
}

/// The first line is the marker, the second the verdict; the same plan gives the same bytes.
#[tokio::test]
async fn the_verdict_comes_first() {
    let samples: BTreeMap<&str, PlanView> = samples::all().await.into_iter().collect();
    let new = samples["new"].counts.add;
    let new = format!("**✅ {new} changes, none of which loosens protection** · {new} to add");
    let verdicts = [
        ("new", new.as_str()),
        ("settled", "**✅ everything is as the policies say**"),
        ("tags", "**✅ 1 change, none of which loosens protection** · 1 to change"),
        ("allowed", "**⚠️ 1 change, 1 of them by leave that was given** · 1 to change"),
        ("unread", "**✋ 1 setting could not be read and will not be touched** · 1 not read"),
        ("releases", "**⚠️ 1 restore point of <code>orders</code> would be released to go earlier than the live rules promise**"),
    ];
    for (name, verdict) in verdicts {
        let said = markdown::plan(&samples[name], &no_findings());
        assert_eq!(said.lines().take(2).collect::<Vec<_>>(), [markdown::MARKER, verdict], "{name}");
        assert_eq!(said, markdown::plan(&samples[name], &no_findings()), "{name}");
    }
    let lost = markdown::plan(&samples["lost"], &no_findings());
    let verdict = lost.lines().nth(1).unwrap();
    assert!(verdict.starts_with("**⛔ ") && verdict.contains("restore points of <code>orders</code> would go earlier than promised"), "{verdict}");
}

#[test]
fn findings_that_stop_a_plan_are_the_verdict() {
    let view: CheckView = serde_json::from_value(full_findings()).unwrap();
    let said = markdown::check(&view);
    assert!(said.starts_with(&format!("{}\n**⛔ 1 error in 1 policy: nothing is planned", markdown::MARKER)), "{said}");
    assert!(said.contains("<code>never-drilled</code>"), "{said}");
}
