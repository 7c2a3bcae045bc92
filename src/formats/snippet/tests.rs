//! The look of a diagnostic, and sources made to break it.

use std::ops::Range;

use proptest::prelude::*;

use super::{Level, Place, Snippet};

const FILE: &str = "policies/orders.yaml";

fn place<'a>(source: &'a str, needle: &str, label: &'a str, primary: bool) -> Place<'a> {
    let start = source.find(needle).unwrap();
    Place { file: FILE, source, span: start..start + needle.len(), label, primary }
}

fn shown(places: &[Place<'_>]) -> String {
    Snippet { level: Level::Error, id: Some("rule"), title: "title", places, notes: &[] }.render(false)
}

fn at(source: &str, span: std::ops::Range<usize>) -> String {
    shown(&[Place { file: FILE, source, span, label: "here", primary: true }])
}

#[test]
fn two_places_of_one_file_with_notes() {
    let source = format!(
        "{}  objectives: {{rpo: 1h, rto: 15m}}\n{}      schedule: {{cron: \"15 2 * * *\", timezone: Europe/Berlin}}\n",
        "# line\n".repeat(8),
        "# line\n".repeat(21)
    );
    let places = [place(&source, "1h", "promised here", true), place(&source, "\"15 2 * * *\"", "the only set that covers `orders`", false)];
    let snippet = Snippet {
        level: Level::Error,
        id: Some("rpo-shorter-than-schedule"),
        title: "objective rpo is 1h, but backups come every 24h",
        places: &places,
        notes: &[
            ("why", "up to 25h 12min of data would be lost, 24 times the promise"),
            ("instead", "add a physical set with wal.archiveTimeout, or promise rpo: 26h"),
        ],
    };
    let expected = r#"error[rpo-shorter-than-schedule]: objective rpo is 1h, but backups come every 24h
  --> policies/orders.yaml:9:21
   |
 9 |   objectives: {rpo: 1h, rto: 15m}
   |                     ^^ promised here
...
31 |       schedule: {cron: "15 2 * * *", timezone: Europe/Berlin}
   |                        ------------ the only set that covers `orders`
   |
   = why: up to 25h 12min of data would be lost, 24 times the promise
   = instead: add a physical set with wal.archiveTimeout, or promise rpo: 26h"#;
    assert_eq!(snippet.render(false), expected);
}

#[test]
fn without_places_there_are_only_title_and_notes() {
    let snippet = Snippet { level: Level::Warning, id: None, title: "nothing to show", places: &[], notes: &[("help", "look\nelsewhere")] };
    assert_eq!(snippet.render(false), "warning: nothing to show\n |\n = help: look\n         elsewhere");
    let bare = Snippet { level: Level::Note, id: Some("x"), title: "t", places: &[], notes: &[] };
    assert_eq!(bare.render(false), "note[x]: t");
}

#[test]
fn places_of_several_files_and_none_that_is_primary() {
    let other = Place { file: "lifeboat.yaml", source: "a: 1\n", span: 3..4, label: "and here", primary: false };
    let this = place("b: 2\n", "2", "here", true);
    let expected =
        "error[rule]: title\n --> policies/orders.yaml:1:4\n  |\n1 | b: 2\n  |    ^ here\n  |\n ::: lifeboat.yaml:1:4\n  |\n1 | a: 1\n  |    - and here";
    assert_eq!(shown(&[other.clone(), this]), expected);
    assert_eq!(shown(&[other]), "error[rule]: title\n --> lifeboat.yaml:1:4\n  |\n1 | a: 1\n  |    ^ and here");
}

#[test]
fn tabs_wide_and_combining_characters_align() {
    assert_eq!(
        shown(&[place("日本\tü: x\n", "x", "here", true)]),
        "error[rule]: title\n --> policies/orders.yaml:1:7\n  |\n1 | 日本    ü: x\n  |            ^ here"
    );
}

#[test]
fn spans_out_of_range_are_moved_into_it() {
    let source = "a: é\nb: 2\n";
    for (span, expected) in [
        (3..4, "1 | a: é\n  |    ^ here"),
        (4..5, "1 | a: é\n  |    ^ here"),
        (9..10, "2 | b: 2\n  |    ^ here"),
        (10..10, "2 | b: 2\n  |     ^ here"),
        (Range { start: 900, end: 4 }, "2 | b: 2\n  |     ^ here"),
        (9..usize::MAX, "2 | b: 2\n  |    ^ here"),
        (0..10, "1 | a: é\n  | ^^^^ here"),
    ] {
        let text = at(source, span.clone());
        assert!(text.ends_with(expected), "{span:?}\n{text}");
    }
    assert!(at("k: éé\n", 3..6).ends_with("1 | k: éé\n  |    ^^ here"));
    assert!(at("a: 1  \nb: 2\n", 0..9).ends_with("1 | a: 1  \n  | ^^^^ here"));
    let end = at(&format!("{}end", "x".repeat(300)), 303..303);
    assert!(end.contains("xend\n"), "{end}");
    assert!(at("", 0..0).contains("here"));
    assert!(at("\n\n", 5..9).contains("here"));
    assert!(at("a: 1\r\nb: 2\r\n", 9..12).ends_with("2 | b: 2\n  |    ^ here"));
}

#[test]
fn a_byte_order_mark_takes_no_column() {
    assert!(at("\u{feff}a: 1\n", 6..7).ends_with(":1:4\n  |\n1 | a: 1\n  |    ^ here"));
}

#[test]
fn long_lines_are_cut_around_the_label() {
    let source = format!("first: 1\nkey: [{}needle{}]\n", "x, ".repeat(200_000), ", y".repeat(100_000));
    let start = std::time::Instant::now();
    let text = shown(&[place(&source, "needle", "here", true)]);
    assert!(text.contains("needle") && text.contains("^^^^^^ here"), "{text}");
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= super::WIDTH + 12, "{widest}\n{text}");
    assert!(start.elapsed() < std::time::Duration::from_millis(500));
    // The head keeps the column of the file.
    assert!(text.contains("orders.yaml:2:600007\n"), "{text}");
    let all = at(&"x".repeat(900_000), 0..900_000);
    assert!(all.len() < 500, "{all}");
    let wide = format!("k: {}\n", "日本".repeat(100));
    assert_eq!(at(&wide, 303..306).lines().last().map(str::trim_end), Some("  |                              ^^ here"), "{}", at(&wide, 303..306));
}

#[test]
fn two_labels_far_apart_on_a_long_line() {
    let source = format!("x: 1\na{}b{}\n", "-".repeat(300), "+".repeat(300));
    let places = [place(&source, "a", "one", true), place(&source, "b", "other", false), place(&source, "x", "short", false)];
    let text = shown(&places);
    let expected = format!("2 | a{}…\n", "-".repeat(79));
    assert!(text.contains(&expected), "{text}");
    assert!(text.contains("other") && text.contains("orders.yaml:2:1\n"), "{text}");
}

#[test]
fn many_lines_are_folded() {
    let source = "line: 1\n".repeat(120_000);
    let places = [
        Place { file: FILE, source: &source, span: 6..7, label: "one", primary: true },
        Place { file: FILE, source: &source, span: source.len() - 2..source.len() - 1, label: "other", primary: false },
    ];
    let text = shown(&places);
    assert_eq!(text.lines().count(), 8, "{text}");
    assert!(text.contains("120000 | line: 1"));
}

#[test]
fn nothing_harmful_reaches_the_terminal() {
    let hostile = "a\u{1b}[31mb\u{9b}2Jc\u{202e}d\u{0}e\u{7}f\u{200f}g\u{2028}h\u{61c}\r";
    let source = format!("k: {hostile}x\nnext: {hostile}\n");
    let places = [Place { file: hostile, source: &source, span: 0..1, label: hostile, primary: true }];
    let snippet = Snippet { level: Level::Error, id: Some(hostile), title: hostile, places: &places, notes: &[(hostile, hostile)] };
    let text = snippet.render(false);
    let bad = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{61c}' | '\u{202e}');
    assert!(!text.contains(bad), "{text:?}");
    // One title line, one line of source: no line break was smuggled in.
    assert_eq!(text.lines().count(), 7, "{text}");
}

#[test]
fn colours_are_only_for_those_who_ask() {
    let places = [place("a: 1\n", "1", "here", true)];
    let snippet = Snippet { level: Level::Error, id: None, title: "t", places: &places, notes: &[("why", "so")] };
    assert!(!snippet.render(false).contains('\u{1b}'));
    let coloured = snippet.render(true);
    assert!(coloured.contains("\u{1b}["));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    assert_eq!(plain, snippet.render(false));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_span_and_no_source_panics(
        source in prop_oneof!["(a|é|日|\\n|\\r\\n|\\r|\\t| |\u{feff}|\u{1b}|\u{301}|😀|\u{200d}){0,30}", any::<String>()],
        spans in proptest::collection::vec((0usize..140, 0usize..140, any::<bool>(), "[a-zé\\n ]{0,9}"), 0..4),
    ) {
        let places: Vec<Place<'_>> = spans
            .iter()
            .map(|(start, end, primary, label)| Place { file: FILE, source: &source, span: *start..*end, label, primary: *primary })
            .collect();
        for color in [false, true] {
            let text = Snippet { level: Level::Error, id: None, title: "t", places: &places, notes: &[] }.render(color);
            prop_assert!(text.starts_with("error") || color);
        }
    }
}
