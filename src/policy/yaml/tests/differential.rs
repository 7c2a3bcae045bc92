//! Our reading against that of `serde_yaml`: equal for everything it emits, and different only where it guesses.

use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

use super::super::{YamlProblemKind as Kind, is_forbidden, parse};

const TEMPTING: &[&str] = &[
    "",
    "~",
    "null",
    "true",
    "no",
    "y",
    "off",
    "0123",
    "08",
    "1_000",
    "0b11",
    "0o17",
    "0x1F",
    ".inf",
    "-.inf",
    ".nan",
    "1e3",
    "1e999",
    "1.",
    ".5",
    "+1",
    "-0",
    "<<",
    "*a",
    "&a",
    "!t",
    "- a",
    "a: b",
    "a #b",
    "# c",
    "? a",
    "[",
    "{}",
    "---",
    "...",
    "%YAML",
    "@x",
    "`x`",
    "'",
    "\"",
    "\\",
    "|",
    ">",
    " lead",
    "trail ",
    "a\nb",
    "\n",
    "a\n\nb\n",
    "é: ü",
    "日本",
    "😀",
    "18446744073709551616",
    "\ta",
    "a\tb",
    "0:30",
    "2027-03-31",
    "=",
    "a\r\nb",
];

/// Text that tempts a reader: words, numbers, indicators, line breaks, non-ASCII.
fn text() -> impl Strategy<Value = String> {
    let tempting = prop::sample::select(TEMPTING);
    let random = proptest::collection::vec(any::<char>().prop_filter("plain", |c| !is_forbidden(*c)), 0..12);
    prop_oneof![tempting.prop_map(str::to_owned), random.prop_map(|characters| characters.into_iter().collect()), "[-+0-9._exob:a-f]{1,6}", "[ -~\\n]{0,24}",]
}

/// Keys: all texts but `<<`, which `serde_yaml` emits without quotes.
fn key() -> impl Strategy<Value = String> {
    text().prop_filter("merge key", |key| key != "<<")
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |number| Number::from_f64(number).map(Value::Number)),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::btree_map(key(), inner, 0..6).prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Every place of a value has a span inside its parent's.
fn check_spans(parsed: &super::Parsed, value: &Value, pointer: &str, outer: &std::ops::Range<usize>) {
    let spans = parsed.spans.get(pointer).unwrap_or_else(|| panic!("no span at {pointer:?}"));
    assert!(outer.start <= spans.value.start && spans.value.end <= outer.end, "{pointer:?} {spans:?} {outer:?}");
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_spans(parsed, item, &format!("{pointer}/{index}"), &spans.value);
            }
        }
        Value::Object(entries) => {
            for (key, item) in entries {
                let segment = key.replace('~', "~0").replace('/', "~1");
                check_spans(parsed, item, &format!("{pointer}/{segment}"), &spans.value);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_serde_yaml_emits_reads_back(value in tree()) {
        let emitted = serde_yaml::to_string(&value).unwrap();
        let parsed = parse(emitted.as_bytes());
        // It leaves such text without quotes; here it stays text, and the author is asked for quotes.
        let asks_for_quotes = |kind: &Kind| matches!(kind, Kind::AmbiguousNumber { .. } | Kind::NumberTooLarge { .. });
        prop_assert!(parsed.problems.iter().all(|problem| asks_for_quotes(&problem.kind)), "{} {:?}", emitted, parsed.problems);
        prop_assert_eq!(&parsed.value, &value, "{}", emitted);
        check_spans(&parsed, &value, "", &(0..emitted.len()));
    }

    #[test]
    fn json_reads_as_itself(value in tree()) {
        let emitted = serde_json::to_string_pretty(&value).unwrap();
        let parsed = parse(emitted.as_bytes());
        prop_assert_eq!(&parsed.problems, &[], "{}", emitted);
        prop_assert_eq!(&parsed.value, &value, "{}", emitted);
    }

    /// A plain scalar without a problem means the same to both, whatever it looks like.
    #[test]
    fn plain_scalars_mean_the_same_or_are_a_problem(scalar in "[-+0-9._exobinfaINF:]{1,7}") {
        let text = format!("a: {scalar}\n");
        let parsed = parse(text.as_bytes());
        if parsed.problems.is_empty() {
            let theirs: Value = serde_yaml::from_str(&text).unwrap();
            prop_assert_eq!(parsed.value, theirs, "{}", text);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn arbitrary_yaml_like_text_never_panics_and_spans_stay_in_range(
        text in "(a|é|:|: |- |\\n|\\n  |\\[|\\]|\\{|\\}|,|&a |\\*a|!t |'|\"|#| #|\\||>|\\? |---\\n|\\r\\n|0|<<|\\t){0,40}"
    ) {
        let parsed = parse(text.as_bytes());
        for problem in &parsed.problems {
            prop_assert!(text.get(problem.span.clone()).is_some(), "{:?} {:?}", text, problem);
            prop_assert!(problem.related.iter().all(|(span, _)| text.get(span.clone()).is_some()));
            let _ = (problem.to_string(), problem.hint());
        }
        if parsed.problems.is_empty() {
            check_spans(&parsed, &parsed.value, "", &(0..text.len()));
            // At the root of a document, libyaml takes a `#` in a block scalar for a comment.
            let theirs = serde_yaml::from_str::<Value>(&text).ok().filter(|theirs| !theirs.is_string());
            if let Some(theirs) = theirs {
                prop_assert_eq!(&parsed.value, &theirs, "{:?}", text);
            }
        }
    }
}

/// The differences that `docs` records, so that a change in either parser is seen.
#[test]
fn where_the_readings_differ() {
    let theirs = |text: &str| serde_yaml::from_str::<Value>(text).ok();
    for (text, oracle) in [
        ("a: 0b11", Some(json!({"a": 3}))),
        ("a: .inf", Some(json!({"a": null}))),
        ("a: 1\na: 2", Some(json!({"a": 2}))),
        ("a: &x {b: 1}\n<<: *x", Some(json!({"a": {"b": 1}, "<<": {"b": 1}}))),
        ("a: !Foo 1", None),
        ("a: 0123", Some(json!({"a": "0123"}))),
        ("a: 1_000", Some(json!({"a": "1_000"}))),
        ("a: -0x1F", Some(json!({"a": -31}))),
    ] {
        assert_eq!(theirs(text), oracle, "{text}");
        assert_eq!(parse(text.as_bytes()).problems.len(), 1, "{text}");
    }
    for text in ["a: no", "a: off", "a: y", "a: 1:30"] {
        assert_eq!(theirs(text), Some(parse(text.as_bytes()).value), "{text}");
    }
}
