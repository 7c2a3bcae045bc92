//! Files made to be expensive. Each must be refused, or read, within a fixed time and memory.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::super::{MAX_BYTES, Parsed, YamlProblemKind as Kind, parse};

/// Parses within a limit that is generous for a debug build and still excludes anything quadratic. The best of a few runs
/// counts: a machine that is busy with something else is no slow parser.
#[track_caller]
fn within(millis: u64, name: &str, text: &str) -> Parsed {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        let parsed = parse(text.as_bytes());
        best = best.min(start.elapsed());
        if best < Duration::from_millis(millis) {
            return parsed;
        }
    }
    panic!("{name} took {best:?}");
}

#[track_caller]
fn only(parsed: &Parsed, kind: &Kind) {
    let kinds: Vec<_> = parsed.problems.iter().map(|problem| &problem.kind).collect();
    assert_eq!(kinds, [kind]);
    assert!(parsed.value.is_null() && parsed.spans.is_empty());
}

/// Ten levels, each naming the one before ten times.
fn laughs(levels: usize) -> String {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..levels {
        let alias = format!("*a{}", level - 1);
        let _ = writeln!(text, "a{level}: &a{level} [{}]", vec![alias; 10].join(", "));
    }
    text
}

#[test]
fn billion_laughs() {
    only(&within(50, "billion laughs", &laughs(10)), &Kind::TooManyNodes);
    only(&within(50, "endless laughs", &laughs(60)), &Kind::TooManyNodes);
    assert_eq!(parse(laughs(4).as_bytes()).problems, []);
}

#[test]
fn one_long_text_named_often() {
    let mut text = format!("a: &a {}\nb:\n", "x".repeat(500_000));
    for _ in 0..1000 {
        text.push_str("  - *a\n");
    }
    only(&within(500, "long text, 1000 aliases", &text), &Kind::TooMuchText);
}

#[test]
fn a_chain_of_aliases_does_not_nest_deeper_than_brackets() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..5000 {
        let _ = writeln!(text, "a{level}: &a{level} [*a{}]", level - 1);
    }
    only(&within(500, "chain of aliases", &text), &Kind::TooDeep);
}

#[test]
fn files_beyond_the_size_limit_are_not_parsed() {
    let text = "a: b\n".repeat(2_100_000);
    only(&within(50, "10 MB", &text), &Kind::TooLarge { bytes: text.len() });
    let full = format!("a: {}", "x".repeat(MAX_BYTES - 3));
    assert_eq!(within(2000, "1 MiB scalar", &full).problems, []);
    only(&parse(format!("{full}x").as_bytes()), &Kind::TooLarge { bytes: MAX_BYTES + 1 });
}

#[test]
fn deep_nesting() {
    for (name, text) in [
        ("5000 lists", "[".repeat(5000)),
        ("5000 mappings", "{a: ".repeat(5000)),
        ("1 MiB of brackets", "[".repeat(MAX_BYTES)),
        ("nested dashes", "- ".repeat(5000)),
        ("mixed", "[{? ".repeat(5000)),
    ] {
        only(&within(200, name, &text), &Kind::TooDeep);
    }
    let nest = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(parse(nest(64).as_bytes()).problems, []);
    only(&parse(nest(65).as_bytes()), &Kind::TooDeep);
}

#[test]
fn many_values_and_many_problems() {
    only(&within(2000, "350,000 items", &"- \n".repeat(340_000)), &Kind::TooManyNodes);
    only(&within(2000, "500,000 commas", &format!("[{}]", "a,".repeat(500_000))), &Kind::TooManyNodes);
    let parsed = within(2000, "duplicate keys", &"a: 1\n".repeat(90_000));
    assert_eq!(parsed.problems.len(), 101);
    assert_eq!(parsed.problems.last().map(|problem| &problem.kind), Some(&Kind::TooManyProblems));
    let parsed = within(2000, "tags", &"- !t 1\n".repeat(90_000));
    assert_eq!(parsed.problems.len(), 101);
    assert_eq!(within(500, "NULs", &"\0".repeat(MAX_BYTES)).problems.len(), 100);
}

/// What makes a parser look ahead, backtrack or rescan.
#[test]
fn nothing_is_quadratic() {
    let mut keys = String::new();
    for n in 0..60_000 {
        let _ = writeln!(keys, "key{n}: {n}");
    }
    assert_eq!(within(3000, "60,000 keys", &keys).problems, []);
    let long_key = format!(
        "{}: {{{}z: 1}}",
        "k".repeat(900),
        (0..40_000).fold(String::new(), |mut text, n| {
            let _ = write!(text, "{n}: 1, ");
            text
        })
    );
    assert_eq!(within(3000, "long key with 40,000 children", &long_key).problems, []);
    let commented = format!("{c}a:\n{c}  -\n{c}    b:\n{c}      1\n", c = "# c\n".repeat(500));
    assert_eq!(within(500, "500 comments before each value", &commented).value, serde_json::json!({"a": [{"b": 1}]}));
    for (name, text) in [
        ("comments", "# c\n".repeat(250_000)),
        ("comment behind list items", "- a # c\n".repeat(90_000)),
        ("comments within a flow list", format!("[{}]", "a, # c\n".repeat(90_000))),
        ("blank lines", format!("a:{}b", "\n".repeat(1_000_000))),
        ("an open quote", format!("a: \"{}", "x ".repeat(500_000))),
        ("an open quote over lines", format!("a: \"{}", "x\n ".repeat(300_000))),
        ("anchors", "- &a x\n".repeat(90_000)),
        ("question marks", "? ".repeat(500_000)),
        ("colons", ": ".repeat(500_000)),
        ("plain text of colons", format!("a: x{}", ":x".repeat(500_000))),
        ("plain lines", format!("a: x\n{}", " x\n".repeat(300_000))),
        ("flow pairs", format!("[{}]", "a: b, ".repeat(90_000))),
        ("block scalar", format!("a: |\n{}", " x\n".repeat(300_000))),
        ("spaces", format!("a: |\n{}", " ".repeat(1_000_000))),
        ("documents", "---\n".repeat(200_000)),
        ("aliases", format!("- &a x\n{}", "- *a\n".repeat(90_000))),
        ("tab", "\t".repeat(1_000_000)),
    ] {
        let _ = within(3000, name, &text);
    }
}
