//! Each kind of mistake in a file, against a schema made by `schemars` from types like those of a policy.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{SchemaChecker, SchemaProblem};
use crate::policy::yaml;

/// A policy.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a policy")]
#[expect(dead_code, reason = "only its schema is used")]
struct Policy {
    api_version: Version,
    /// Who owns it.
    owner: Option<String>,
    spec: Spec,
}

#[derive(Deserialize, JsonSchema)]
enum Version {
    #[serde(rename = "lifeboat.dev/v1")]
    V1,
}

/// Nobody sees this sentence.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the spec of a policy")]
#[expect(dead_code, reason = "only its schema is used")]
struct Spec {
    #[schemars(regex(pattern = "^[0-9]{12}$"), description = "an account id: 12 digits, in quotes")]
    account: Option<String>,
    rpo: Option<Duration>,
    /// Where it is.
    #[schemars(regex(pattern = "^eu-"))]
    region: Option<String>,
    backups: BTreeMap<Name, Set>,
    extends: Option<Vec<Name>>,
    connection: Option<Secret>,
    #[schemars(length(min = 1))]
    labels: Option<Vec<String>>,
    runtime: Option<Runtime>,
    expect: Option<Expectation>,
    drill: Option<Drill>,
}

#[derive(Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(extend("pattern" = "^[a-z][a-z0-9-]{0,39}$"), description = "lower-case letters, digits and hyphens")]
struct Name(String);

#[derive(Deserialize, JsonSchema)]
#[schemars(extend("pattern" = "^[0-9]+[smhd]$", "minLength" = 2, "x-form" = "a duration such as 15m or 24h"))]
#[expect(dead_code, reason = "only its schema is used")]
struct Duration(String);

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a backup set")]
#[expect(dead_code, reason = "only its schema is used")]
struct Set {
    engine: Engine,
    retention: Retention,
    max_duration: Option<Duration>,
    mode: Option<Mode>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a retention")]
#[expect(dead_code, reason = "only its schema is used")]
struct Retention {
    #[schemars(range(min = 1, max = 3660))]
    daily: Option<u32>,
    keep_last: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
enum Engine {
    #[serde(rename = "pg_dump")]
    PgDump,
    #[serde(rename = "pgbackrest")]
    PgBackrest,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// One stream.
    Stream,
    /// Many jobs.
    Parallel,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "the place of a secret", description = "{env: NAME} or {file: PATH}")]
#[expect(dead_code, reason = "only its schema is used")]
enum Secret {
    Env(String),
    File(String),
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Runtime {
    /// Here.
    Local,
    Docker {
        image: String,
    },
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "an expectation")]
#[expect(dead_code, reason = "only its schema is used")]
enum Expectation {
    AtLeast(AtLeast),
    Equals(Equals),
    Text(String),
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct AtLeast {
    at_least: u64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Equals {
    equals: String,
    ignore_case: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "a drill")]
#[expect(dead_code, reason = "only its schema is used")]
enum Drill {
    Latest { count: u32 },
    Random { seed: u64 },
}

fn checker() -> SchemaChecker {
    let mut schema = schemars::schema_for!(Policy).to_value();
    // As in production: an identifier makes locations absolute.
    schema["$id"] = json!("https://lifeboat.dev/schema/v1/policy.json");
    SchemaChecker::new(&schema).unwrap()
}

fn check(text: &str) -> Vec<SchemaProblem> {
    checker().check(&yaml::parse(text.as_bytes()))
}

/// Problems as `message @ bytes: label`.
fn told(text: &str) -> Vec<String> {
    let told = |problem: &SchemaProblem| format!("{} @ {}: {}", problem.message, &text[problem.span.clone()], problem.label);
    check(text).iter().map(told).collect()
}

/// A sound policy with one line of `spec` more.
fn with(line: &str) -> String {
    format!("apiVersion: lifeboat.dev/v1\nspec:\n  backups: {{nightly: {{engine: pg_dump, retention: {{daily: 14}}}}}}\n  {line}\n")
}

/// A sound policy with one more field in its backup set.
fn with_set(fields: &str) -> String {
    format!("apiVersion: lifeboat.dev/v1\nspec:\n  backups:\n    nightly: {{{fields}}}\n")
}

#[test]
fn a_sound_policy_has_no_problems() {
    for line in [
        "",
        "connection: {env: URL}",
        "rpo: 24h",
        "rpo:",
        "account: '111122223333'",
        "runtime: local",
        "runtime: {docker: {image: x}}",
        "expect: {atLeast: 1}",
        "expect: {equals: x, ignoreCase: true}",
        "drill: {kind: random, seed: 4}",
    ] {
        assert_eq!(told(&with(line)), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn unknown_fields_stand_at_their_keys() {
    let text = with_set("engine: pg_dump, retention: {dayly: 3}, max_duration: 3h, color: red");
    assert_eq!(
        told(&text),
        [
            "unknown field `dayly` in a retention @ dayly: did you mean `daily`?",
            "unknown field `max_duration` in a backup set @ max_duration: did you mean `maxDuration`?",
            "unknown field `color` in a backup set @ color: no such field",
        ]
    );
    let problems = check(&text);
    assert_eq!(problems[1].pointer, "/spec/backups/nightly/max_duration");
    assert_eq!(problems[2].help.as_deref(), Some("fields here: `engine`, `maxDuration`, `mode`, `retention`"));
    assert_eq!(problems[0].help.as_deref(), Some("fields here: `daily`, `keepLast`"));
}

#[test]
fn suggestions() {
    use super::words::suggestion;
    let among = |word: &str| suggestion(word, ["abcd", "a_b_c_x", "bucketKey", "keepLast"].into_iter());
    assert_eq!(among("a_b_c_d"), Some("abcd"), "another way to join words is no other word");
    assert_eq!(among("BUCKET-KEY"), Some("bucketKey"));
    assert_eq!(among("keeplst"), Some("keepLast"));
    assert_eq!(among("zzz"), None);
    assert_eq!(among(""), None);
    assert_eq!(among(&"keepLast".repeat(9)), None);
}

#[test]
fn a_mistyped_field_is_not_missing_as_well() {
    assert_eq!(told(&with_set("engine: pg_dump, retenton: {daily: 3}")), ["unknown field `retenton` in a backup set @ retenton: did you mean `retention`?"]);
    // The field is there already: the other one is not a typo of it.
    assert_eq!(told(&with_set("engine: pg_dump, retention: {}, retenton: {}")), ["unknown field `retenton` in a backup set @ retenton: no such field"]);
}

#[test]
fn missing_fields_stand_at_the_key_of_what_lacks_them() {
    assert_eq!(told(&with_set("mode: stream")), ["missing fields `engine` and `retention` in a backup set @ nightly: add `engine` and `retention`"]);
    assert_eq!(told(&with_set("retention: {}")), ["missing field `engine` in a backup set @ nightly: add `engine`"]);
    let text = "# head\nowner: x\n";
    assert_eq!(told(text), ["missing fields `apiVersion` and `spec` in a policy @ owner: add `apiVersion` and `spec`"]);
    assert_eq!(told("{}"), ["missing fields `apiVersion` and `spec` in a policy @ {}: add `apiVersion` and `spec`"]);
}

#[test]
fn words_that_are_not_in_an_enum() {
    assert_eq!(
        told(&with_set("engine: pgdump, retention: {}, mode: streem")),
        [
            "`engine` is `pgdump`, expected `pg_dump` or `pgbackrest` @ pgdump: did you mean `pg_dump`?",
            "`mode` is `streem`, expected `stream` or `parallel` @ streem: did you mean `stream`?",
        ]
    );
    assert_eq!(
        told(&with_set("engine: barman, retention: {}, mode: 3")),
        [
            "`engine` is `barman`, expected `pg_dump` or `pgbackrest` @ barman: not one of them",
            "`mode` is 3, expected `stream` or `parallel` @ 3: not one of them",
        ]
    );
    let text = with("").replace("lifeboat.dev/v1", "lifeboat.dev/v2");
    assert_eq!(told(&text), ["`apiVersion` is `lifeboat.dev/v2`, expected `lifeboat.dev/v1` @ lifeboat.dev/v2: did you mean `lifeboat.dev/v1`?"]);
}

#[test]
fn values_of_the_wrong_type() {
    assert_eq!(told(&with("labels: red")), ["`labels` is a string, expected a list @ red: expected a list"]);
    assert_eq!(told(&with("labels: [a, 2]")), ["item 2 of `labels` is the number 2, expected a string @ 2: expected a string"]);
    assert_eq!(check(&with("labels: [a, 2]"))[0].help.as_deref(), Some("quote it: `\"2\"`"));
    assert_eq!(
        told(&with("account: 111122223333")),
        ["`account` is the number 111122223333, expected an account id: 12 digits, in quotes @ 111122223333: expected an account id: 12 digits, in quotes"]
    );
    assert_eq!(check(&with("expect: {equals: x, ignoreCase: no}"))[0].help.as_deref(), Some("write `false`, without quotes"));
    assert_eq!(told(&with_set("engine: pg_dump, retention:")), ["`retention` is empty, expected a mapping @ retention: expected a mapping"]);
    assert_eq!(told(&with("rpo: {a: 1}")), ["`rpo` is a mapping, expected a duration such as 15m or 24h @ {a: 1}: expected a duration such as 15m or 24h"]);
    assert_eq!(told("- a\n- b\n"), ["the document is a list, expected a mapping @ - a\n- b: expected a mapping"]);
}

#[test]
fn patterns_are_told_in_words() {
    assert_eq!(told(&with("rpo: 5 minutes")), ["`rpo` is `5 minutes`, expected a duration such as 15m or 24h @ 5 minutes: not of this form"]);
    assert_eq!(told(&with("account: '123'")), ["`account` is `123`, expected an account id: 12 digits, in quotes @ '123': not of this form"]);
    let text = with("").replace("nightly", "Nightly_1");
    assert_eq!(told(&text), ["`Nightly_1` cannot be a key in `spec.backups`, expected lower-case letters, digits and hyphens @ Nightly_1: not of this form"]);
}

#[test]
fn a_doc_comment_is_not_a_form() {
    assert_eq!(told(&with("region: us")), ["`region` is `us`, expected text that matches `^eu-` @ us: not of this form"]);
}

#[test]
fn a_value_that_is_wrong_twice_is_told_once() {
    assert_eq!(told(&with("rpo: x")), ["`rpo` is `x`, expected a duration such as 15m or 24h @ x: not of this form"]);
}

#[test]
fn limits() {
    assert_eq!(told(&with_set("engine: pg_dump, retention: {daily: 0}")), ["`daily` is 0, expected at least 1 @ 0: at least 1"]);
    assert_eq!(told(&with_set("engine: pg_dump, retention: {daily: 9999}")), ["`daily` is 9999, expected at most 3660 @ 9999: at most 3660"]);
    assert_eq!(told(&with("labels: []")), ["`labels` has no items, expected at least 1 @ []: at least 1"]);
}

#[test]
fn unions_of_mappings_speak_as_the_branch_that_was_meant() {
    for (line, expected) in [
        ("connection: {evn: X}", "unknown field `evn` in the place of a secret @ evn: did you mean `env`?"),
        ("connection: {env: 3}", "`env` is the number 3, expected a string @ 3: expected a string"),
        ("connection: {}", "the place of a secret is empty, expected `env` or `file` @ {}: add `env` or `file`"),
        ("connection: {env: A, file: B}", "`env` and `file` cannot stand together in the place of a secret @ file: keep this or `env`"),
        ("connection: URL", "`connection` is a string, expected {env: NAME} or {file: PATH} @ URL: expected {env: NAME} or {file: PATH}"),
        ("connection:\n    env:", "`env` is empty, expected a string @ env: expected a string"),
        ("runtime: locl", "`runtime` is `locl`, expected `local` @ locl: did you mean `local`?"),
        ("runtime: {docker: {imag: x}}", "missing field `image` in `spec.runtime.docker` @ docker: add `image`"),
        ("runtime: 3", "`runtime` is the number 3, expected a string or a mapping @ 3: expected a string or a mapping"),
        ("expect: {atLeast: x}", "`atLeast` is a string, expected a whole number @ x: expected a whole number"),
        ("expect: {atleast: 1}", "unknown field `atleast` in an expectation @ atleast: did you mean `atLeast`?"),
        ("expect: {equals: x, ignoreCase: 1}", "`ignoreCase` is the number 1, expected true or false @ 1: expected true or false"),
        ("expect: {ignoreCase: true}", "missing field `equals` in `spec.expect` @ expect: add `equals`"),
        ("expect: 3", "`expect` is the number 3, expected a mapping or a string @ 3: expected a mapping or a string"),
        ("drill: {kind: ltest, count: 1}", "`kind` is `ltest`, expected `latest` or `random` @ ltest: did you mean `latest`?"),
        ("drill: {count: 1}", "missing field `kind` in a drill @ drill: add `kind`"),
        ("drill: {kind: latest}", "missing field `count` in `spec.drill` @ drill: add `count`"),
        ("drill: {kind: latest, seed: 1, count: 2}", "unknown field `seed` in `spec.drill` @ seed: no such field"),
    ] {
        assert_eq!(told(&with(line)), [expected], "{line}");
    }
}

#[test]
fn all_mistakes_come_at_once_in_the_order_of_the_file() {
    let text = "apiVersion: lifeboat.dev/v1\nownr: x\nspec:\n  backups:\n    nightly: {engine: barman}\n  rpo: soon\n  labels: [1]\n";
    let problems = check(text);
    assert_eq!(problems.len(), 5, "{problems:#?}");
    assert!(problems.windows(2).all(|pair| pair[0].span.start <= pair[1].span.start));
}

#[test]
fn what_the_reader_has_reported_is_not_reported_again() {
    let text = with("account: !Foo 3").replace("daily: 14", "daily: 0123");
    let parsed = yaml::parse(text.as_bytes());
    assert_eq!(parsed.problems.len(), 2);
    let problems = checker().check(&parsed);
    assert!(problems.iter().all(|problem| !problem.message.contains("daily")), "{problems:?}");
    let merged = "apiVersion: lifeboat.dev/v1\nspec:\n  <<: {backups: {}}\n";
    assert_eq!(told(merged), Vec::<String>::new());
    assert_eq!(told("a: [\n"), Vec::<String>::new());
    assert_eq!(told(""), Vec::<String>::new());
}

#[test]
fn no_message_prints_a_password_a_terminal_escape_or_a_megabyte() {
    let long = "x".repeat(900_000);
    for line in ["rpo: postgres://me:secret@host/db".to_owned(), format!("rpo: {long}"), format!("? {long}\n  : 1")] {
        for problem in check(&with(&line)) {
            let all = format!("{problem:?}");
            assert!(!all.contains("secret") && problem.message.len() < 300, "{}", &all[..300.min(all.len())]);
        }
    }
    assert_eq!(told(&with("rpo: 5\u{9}m"))[0].split(" @ ").next(), Some("`rpo` is `5\u{fffd}m`, expected a duration such as 15m or 24h"));
}

#[test]
fn hostile_files_are_checked_in_bounded_time() {
    use std::fmt::Write as _;
    let mut text = "spec:\n  backups:\n".to_owned();
    for n in 0..30_000 {
        let _ = writeln!(text, "    set{n}: {{a{n}: 1}}");
    }
    let start = std::time::Instant::now();
    let problems = check(&text);
    let took = start.elapsed();
    assert_eq!(problems.len(), 100);
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
}

#[test]
fn schemas_that_cannot_be_used() {
    assert!(SchemaChecker::new(&json!({"type": "nonsense"})).is_err());
    assert!(SchemaChecker::new(&json!({"$ref": "https://example.com/other.json"})).is_err());
    assert!(SchemaChecker::new(&json!({"pattern": "(a)\\1"})).is_err(), "a backreference is not linear");
    assert!(SchemaChecker::new(&Value::Bool(true)).unwrap().check(&yaml::parse(b"a: 1")).is_empty());
}

#[test]
fn a_merged_value_may_have_parts_without_a_place() {
    let mut parsed = yaml::parse(with("").as_bytes());
    parsed.value["spec"]["connection"] = json!({"evn": "X"});
    let problems = checker().check(&parsed);
    assert_eq!(problems[0].message, "unknown field `evn` in the place of a secret");
    assert_eq!(&with("")[problems[0].span.clone()], "spec");
}
