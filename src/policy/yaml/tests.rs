//! What the reader accepts, where it says things stand, and what it refuses.

mod differential;
mod hostile;

use serde_json::{Value, json};

use super::{Parsed, YamlProblemKind as Kind, parse};

fn ok(text: &str) -> Parsed {
    let parsed = parse(text.as_bytes());
    assert_eq!(parsed.problems, [], "{text:?}");
    parsed
}

fn value(text: &str) -> Value {
    ok(text).value
}

/// The problems of a text as `phrase @ the bytes it points at`.
fn problems(text: &str) -> Vec<String> {
    let parsed = parse(text.as_bytes());
    let at = |span: &std::ops::Range<usize>| text.get(span.clone()).unwrap_or("<out of range>").to_owned();
    parsed.problems.iter().map(|problem| format!("{problem} @ {}", at(&problem.span))).collect()
}

#[track_caller]
fn spans(text: &str, pointer: &str, key: Option<&str>, value: &str) {
    let parsed = ok(text);
    let found = parsed.spans.get(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"));
    assert_eq!(found.key.map(|key| &text[key]), key, "key of {pointer}");
    assert_eq!(&text[found.value], value, "value of {pointer}");
}

#[test]
fn words_that_only_yaml_1_1_takes_for_booleans_are_text() {
    for word in ["no", "No", "NO", "off", "on", "yes", "y", "n", "Y", "1:30", "2027-03-31", "0x", "1e", "nan", "-.nan", "e3"] {
        assert_eq!(value(&format!("a: {word}")), json!({"a": word}));
    }
}

#[test]
fn core_schema_scalars() {
    let text = "[null, ~, Null, true, TRUE, False, 12, +3, -4, 0, 0x1F, 0o17, 1.5, .5, 5., 1e3, -1.5E-2, '12', \"true\"]";
    assert_eq!(value(text), json!([null, null, null, true, true, false, 12, 3, -4, 0, 31, 15, 1.5, 0.5, 5.0, 1000.0, -0.015, "12", "true"]));
    assert_eq!(value("[18446744073709551615, -9223372036854775808]"), json!([u64::MAX, i64::MIN]));
    assert_eq!(value("a:\nb:"), json!({"a": null, "b": null}));
}

#[test]
fn ambiguous_numbers_are_text_and_a_problem() {
    for word in ["0123", "08", "00", "-012", "1_000", "1_0.5", "0b11", "+0b1", "0x_ff", "0o1_7", "-0x1F", ".inf", "-.INF", ".nan", "01.5"] {
        let text = format!("a: {word}");
        let parsed = parse(text.as_bytes());
        assert_eq!(parsed.value, json!({"a": word}));
        let [problem] = parsed.problems.as_slice() else { panic!("{word}: {:?}", parsed.problems) };
        assert!(matches!(problem.kind, Kind::AmbiguousNumber { .. }), "{word}");
        assert_eq!(problem.hint(), Some(format!("quote it to keep it as text: `\"{word}\"`")));
        assert_eq!(&text[problem.span.clone()], word);
        assert_eq!(value(&format!("a: '{word}'")), json!({"a": word}));
    }
    assert_eq!(problems("a: 0123"), ["ambiguous number `0123`: some YAML readers take a leading zero for octal @ 0123"]);
    for word in ["18446744073709551616", "-9223372036854775809", "1e999", "0xFFFFFFFFFFFFFFFFF"] {
        assert_eq!(problems(&format!("a: {word}")), [format!("number `{word}` is too large to be exact @ {word}")]);
    }
}

#[test]
fn spans_of_keys_and_values() {
    let text = "# head\nspec:   # c\n  rpo: 1h  # trailing\n  list:\n    - x  \n    - {a: 'b c', d: [1, 2]}  # z\n\n# end\n\"q k\": \"v\" # y\nlast: multi\n  line # c\n";
    spans(text, "/spec/rpo", Some("rpo"), "1h");
    spans(text, "/spec/list", Some("list"), "- x  \n    - {a: 'b c', d: [1, 2]}");
    spans(text, "/spec/list/0", None, "x");
    spans(text, "/spec/list/1/a", Some("a"), "'b c'");
    spans(text, "/spec/list/1/d", Some("d"), "[1, 2]");
    spans(text, "/spec/list/1/d/1", None, "2");
    spans(text, "/spec", Some("spec"), "rpo: 1h  # trailing\n  list:\n    - x  \n    - {a: 'b c', d: [1, 2]}");
    spans(text, "/q k", Some("\"q k\""), "\"v\"");
    spans(text, "/last", Some("last"), "multi\n  line");
    assert_eq!(&text[ok(text).spans.value("").unwrap()][..5], "spec:");
    let empty = ok("a:\nb: 1\n").spans.value("/a").unwrap();
    assert_eq!(empty, 2..2);
    spans("{a: , b: 1}", "/a", Some("a"), "");
}

#[test]
fn spans_of_block_scalars_end_with_the_last_word() {
    let text = "a: |\n  one\n  two\n\n# comment\nb: >-\n  fold\n\n\nc: |+\n  keep\n\n";
    spans(text, "/a", Some("a"), "one\n  two");
    spans(text, "/b", Some("b"), "fold");
    spans(text, "/c", Some("c"), "keep");
    assert_eq!(value("a: |\n  x"), json!({"a": "x"}));
    assert_eq!(value("a: |\n  x\n"), json!({"a": "x\n"}));
}

#[test]
fn spans_after_non_ascii_characters_carriage_returns_and_a_byte_order_mark() {
    spans("ключ: ü\r\nimię: '日本'\r\nx: 😀 b # c\r\n", "/imię", Some("imię"), "'日本'");
    spans("ключ: ü\r\nimię: '日本'\r\nx: 😀 b # c\r\n", "/x", Some("x"), "😀 b");
    spans("\u{feff}é: 1\nb: [ü, 2]\n", "/é", Some("é"), "1");
    spans("\u{feff}é: 1\nb: [ü, 2]\n", "/b/1", None, "2");
    assert_eq!(problems("\u{feff}é: 1\né: 2"), ["key `é` is given twice @ é"]);
}

#[test]
fn pointers_are_escaped_and_the_nearest_ancestor_is_found() {
    spans("a/b: {c~d: 1}", "/a~1b/c~0d", Some("c~d"), "1");
    let text = "spec: {backups: [{x: 1}]}";
    let index = ok(text).spans;
    assert_eq!(index.get("/spec/nothing"), None);
    assert_eq!(&text[index.nearest("/spec/backups/7/x").value], "[{x: 1}]");
    assert_eq!(index.nearest("/spec/backups/0/x/y/z").key.map(|key| &text[key]), Some("x"));
    assert_eq!(&text[index.nearest("/nothing").value], text);
    assert_eq!(index.get("/spec/backups/zero"), None);
    assert_eq!(&text[index.first_key("/spec/backups/0").unwrap()], "x");
    assert_eq!(ok("{b: 1, a: 2, c: 3}").spans.first_key(""), Some(1..2));
    assert_eq!(parse(b"").spans.nearest("/a"), super::Spans::default());
}

#[test]
fn keys() {
    assert_eq!(value("1: a\ntrue: b\n0x10: c\n"), json!({"1": "a", "true": "b", "0x10": "c"}));
    let text = "a: 1\nb: 2\na: 3\n";
    let parsed = parse(text.as_bytes());
    assert_eq!(parsed.value, json!({"a": 1, "b": 2}));
    assert_eq!(problems(text), ["key `a` is given twice @ a"]);
    assert_eq!(parsed.problems[0].span, 10..11);
    assert_eq!(parsed.problems[0].related, Some((0..1, "first given here".to_owned())));
    assert_eq!(problems("{\"1\": a, 1: b}"), ["key `1` is given twice @ 1"]);
    assert_eq!(
        problems("? [a]\n: 1\n? {b: c}\n: 2\n~: 3\n: 4\nok: 5"),
        ["a list cannot be a key @ [", "a mapping cannot be a key @ {", "null cannot be a key @ ~", "null cannot be a key @ ",]
    );
    assert_eq!(problems("a: &x k\n*x : 1"), ["an alias cannot be a key @ *x"]);
    assert_eq!(problems("b: &x {a: 1}\nc:\n  <<: *x\n  d: 2"), ["merge key `<<` is not supported @ <<"]);
    assert_eq!(value("'<<': 1\n'~': 2"), json!({"<<": 1, "~": 2}));
}

#[test]
fn every_mistake_is_collected_in_the_order_of_the_file() {
    let text = "a: !Foo 1\nb: 0123\nb: 2\nc: !!map\n  <<: {x: 1}\nd: *nobody\ne: &e [*e]\nf: fine\n";
    assert_eq!(
        problems(text),
        [
            "tag `!Foo` is not supported @ !Foo",
            "ambiguous number `0123`: some YAML readers take a leading zero for octal @ 0123",
            "key `b` is given twice @ b",
            "tag `!!map` is not supported @ !!map",
            "merge key `<<` is not supported @ <<",
            "alias `*nobody` names no anchor @ *nobody",
            "alias `*e` stands inside the value it names @ *e",
        ]
    );
    assert_eq!(parse(text.as_bytes()).value["f"], json!("fine"));
    assert_eq!(problems("a: !!str 0123"), ["tag `!!str` is not supported @ !!str"]);
    let hints = parse(text.as_bytes()).problems.iter().filter_map(super::YamlProblem::hint).collect::<Vec<_>>();
    assert!(hints.iter().any(|hint| hint.contains("extends:")), "{hints:?}");
}

#[test]
fn aliases_share_a_value_and_keep_both_places() {
    let text = "base: &b {rpo: 1h}\nuse: *b\n";
    assert_eq!(value(text), json!({"base": {"rpo": "1h"}, "use": {"rpo": "1h"}}));
    spans(text, "/use", Some("use"), "*b");
    spans(text, "/use/rpo", Some("rpo"), "1h");
    assert_eq!(value("&k a: 1\nb: *k\n"), json!({"a": 1, "b": "a"}));
}

#[test]
fn one_document_per_file() {
    assert_eq!(value("---\na: 1\n...\n"), json!({"a": 1}));
    assert_eq!(problems("a: 1\n---\nb: [\n"), ["a second document in one file @ ---"]);
    assert_eq!(parse(b"a: 1\n---\nb: 2\n").value, json!({"a": 1}));
    for text in ["", " \n\n", "# only a comment\n", "---\n", "---\n# c\n", "\u{feff}"] {
        assert_eq!(problems(text), ["file is empty @ "], "{text:?}");
        assert!(parse(text.as_bytes()).spans.is_empty());
    }
    assert_eq!(value("null"), Value::Null);
    assert!(!ok("null").spans.is_empty());
}

#[test]
fn a_syntax_error_is_one_problem_and_leaves_nothing() {
    for (text, phrase, at) in [
        ("a: 1\nb: \"x\nc: 1\n", "a quote is not closed", "\""),
        ("b: 0123\na: {x: 1\nb: 2\n", "expected `,` or `}`", ":"),
        ("a: b: c\n", "`:` cannot stand here", ":"),
        ("a:\n\t- x\n", "a tab in the indentation", "\t"),
        ("a: @x\n", "a text cannot start with `@`", "@"),
        ("a: 'x' yes\n", "text follows a closing quote", "yes"),
        ("a: [1, 2]]\n", "a closing bracket without its opening one", "]"),
        ("a: [1}\n", "`[` is closed by `}`", "["),
        ("a: [1, 2\n", "a bracket is not closed", "["),
        ("a: 1\nfoo\nc: 2\n", "a key without `:`", "foo"),
        ("cron: * * * * *\n", "`*` and `&` at the start of a text mean an alias or an anchor", "*"),
        ("cron: */15 * * * *\n", "`*` and `&` at the start of a text mean an alias or an anchor", "*"),
        ("a:\n  - b\n - c\n", "expected a key", "-"),
        ("%YAML 1.1\n---\na: 1\n", "a `%` directive", "%"),
    ] {
        assert_eq!(problems(text), [format!("{phrase} @ {at}")], "{text:?}");
        let parsed = parse(text.as_bytes());
        assert_eq!(parsed.value, Value::Null);
        assert!(parsed.spans.is_empty());
    }
    let parsed = parse(b"a: {x: 1\nb: 2\n");
    assert_eq!(parsed.problems[0].related, Some((3..4, "opened here".to_owned())));
    assert_eq!(problems("a: */15"), ["alias `*/15` names no anchor @ */15"]);
    assert!(parse(b"a: */15").problems[0].hint().unwrap().starts_with("quote the text"));
}

#[test]
fn an_error_at_the_end_of_a_line_points_at_its_last_sign() {
    use super::syntax::token;
    assert_eq!(token("a: x\n  \nb", 4), 3..4);
    assert_eq!(token("a: x\n  \n", 8), 3..4);
    assert_eq!(token("é", 9), 0..2);
    assert_eq!(token("", 0), 0..0);
    assert_eq!(token("a: two words", 3), 3..6);
    assert_eq!(token("日本", 1), 0..6);
}

#[test]
fn bytes_that_are_not_plain_text() {
    let parsed = parse(b"ab: \xff\n");
    assert_eq!(parsed.problems[0].to_string(), "file is not UTF-8 at byte 4");
    assert_eq!(parsed.problems[0].span, 4..5);
    assert_eq!(parse(b"\xff\xfea\0").problems[0].kind, Kind::NotUtf8 { offset: 0 });
    assert_eq!(parse(b"a: \xe2\x82").problems[0].span, 3..4);
    assert_eq!(problems("é: \0\nb: \u{1b}[31m"), ["control character U+0000 at byte 4 @ \0", "control character U+001B at byte 9 @ \u{1b}"]);
    assert_eq!(problems("a: x\u{202e}y"), ["hidden text direction U+202E at byte 4 @ \u{202e}"]);
    assert_eq!(problems("a: x\u{2028}b: y"), ["hidden line break U+2028 at byte 4 @ \u{2028}"]);
    assert_eq!(problems("a: x\u{feff}"), ["hidden byte order mark U+FEFF at byte 4 @ \u{feff}"]);
    assert_eq!(problems(r#"a: "\e[31m""#), [r#"control character U+001B at byte 3 @ "\e[31m""#]);
    assert_eq!(value("a: \"x\\ty\\n\"\tb: 1".split('\t').next().unwrap()), json!({"a": "x\ty\n"}));
}

#[test]
fn problems_show_no_terminal_escapes_and_no_endless_text() {
    let long = "k".repeat(900);
    let shown = problems(&format!("{long}: 1\n{long}: 2\n"));
    assert_eq!(shown[0].split(" @ ").next().unwrap().chars().count(), "key `` is given twice".len() + 61);
    let parsed = parse(br#"{"\e[31m": 1, "\e[31m": 2}"#);
    assert!(parsed.problems.iter().all(|problem| !problem.to_string().contains('\u{1b}')));
}
