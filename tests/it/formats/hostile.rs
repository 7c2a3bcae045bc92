//! Views in which every text is replaced, by its place in the JSON.

use lifeboat::view::check::CheckView;
use lifeboat::view::plan::PlanView;
use serde_json::{Value, json};

/// Fields that decide what is written, and are words of lifeboat's own.
const WORDS: &[&str] = &["format", "groups[].steps[].kind", "findings[].level", "releases[].steps[].drift"];
/// Fields that hold a time.
const TIMES: &[&str] = &[
    "observedAt",
    "approved[].first",
    "groups[].steps[].effects[].first",
    "groups[].steps[].effects[].oldest",
    "groups[].steps[].effects[].oldestLeft",
    "releases[].effects[].first",
];

/// A plan with one step of each kind in which every field says something.
pub(crate) fn full_plan() -> Value {
    let step = |kind: &str| {
        json!({
            "id": "role-permissions@role/x", "kind": kind, "resource": "role/x", "title": "role x · permissions", "reason": "differs", "lines": ["a", "b"],
            "effects": [{"policy": "orders", "points": 7, "bytes": 10, "first": "2026-12-03T00:00:00Z", "sentence": "s", "oldest": "2026-01-03T00:00:00Z",
                         "oldestLeft": "2026-11-03T00:00:00Z", "undo": "u"},
                        {"policy": "orders", "points": 0, "bytes": 0, "first": null, "sentence": "s", "oldest": null, "oldestLeft": null, "undo": null}],
            "hold": if matches!(kind, "add" | "change") { Value::Null } else { json!({"id": "h", "sentence": "s", "allow": "a", "advice": "n"}) },
            "allowed": "l", "digest": "d", "from": {"Principal": "p"}, "to": {"Principal": "p"}, "requests": [{"op": "o", "body": {"x": "y"}}]
        })
    };
    let steps: Vec<Value> = ["add", "change", "held", "unknown", "waits"].into_iter().map(step).collect();
    json!({
        "format": "lifeboat.plan/1", "tool": "0.1.0", "revision": "r", "policyDigest": "0123456789abcdef", "observedAt": "2026-11-22T10:00:00Z",
        "identity": {"account": "a", "arn": "b", "name": "c"}, "policies": 1, "settings": 9, "requests": 9, "unasked": 2,
        "selected": {"outOf": 3, "policies": ["o*"], "shard": "1/2", "shared": [{"bucket": "x", "others": ["carts"]}]},
        "groups": [{"policies": ["orders"], "files": ["policies/orders.yaml"], "settled": 1, "settledIds": ["bucket-tags@bucket/x"], "steps": steps}],
        "counts": {"add": 1, "change": 1, "held": 1, "unknown": 1}, "unusedLeaves": ["x@bucket/y"], "notEnforced": ["n"],
        "leftovers": [{"resource": "bucket/x", "name": "rule y", "sentence": "s", "removable": true}], "voidApprovals": ["v"], "digest": "0123456789abcdef",
        "releases": releases(),
        "inventory": {"requests": 10, "bare": 1, "resources": [{"resource": "bucket/x", "parts": [{"kind": "tag", "title": "tag", "name": "n", "words": "w"}],
                      "unknown": [{"title": "t", "why": "y", "said": "server said"}]}]},
        "approved": [{"id": "i", "digest": "d", "points": 7, "first": "2026-12-03T00:00:00Z"}]
    })
}

/// A set with a step, and one of which nothing is known.
fn releases() -> Value {
    json!([
            {"policy": "orders", "set": "nightly", "by": "lifeboat keep", "backups": 9, "left": {"r": 1}, "anomaly": true, "unknown": null,
             "effects": [{"policy": "orders", "points": 2, "bytes": 10, "first": "2026-12-03T00:00:00Z", "sentence": "s", "undo": "u", "named": ["n"]}],
             "steps": [{"id": "backup-release@orders/nightly/1", "drift": "missing", "from": "f", "to": "t:daily", "reason": "r", "bytes": 1, "objects": 2,
                        "until": "u", "instead": "i", "promised": "p", "held": "h", "leave": null}]},
            {"policy": "orders", "set": "hourly", "by": "lifeboat keep", "backups": null, "steps": [], "effects": [], "left": {}, "anomaly": false, "unknown": "w"}])
}

/// Findings in which every field says something.
pub(crate) fn full_findings() -> Value {
    let place = json!({"file": "policies/orders.yaml", "line": 3, "column": 4, "endLine": 3, "endColumn": 9, "label": "here"});
    let finding = |level: &str| json!({"rule": "never-drilled", "level": level, "title": "t", "places": [place, place], "why": "w", "instead": "i"});
    json!({"format": "lifeboat.check/1", "revision": "r", "policies": 1, "errors": 1, "warnings": 1, "findings": [finding("error"), finding("warning")]})
}

/// Replaces every text by what `new` says for its path; [`WORDS`] stay.
pub(crate) fn replace(node: &mut Value, path: &str, new: &mut dyn FnMut(&str) -> Option<String>) {
    match node {
        Value::String(text) if !WORDS.contains(&path) => {
            if let Some(other) = new(path).filter(|_| path != "approved[].first") {
                *text = other;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, &format!("{path}[]"), new)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                replace(value, &path, new);
            }
        }
        _ => {}
    }
}

/// Whether a field holds a time, which only lifeboat writes.
pub(crate) fn is_time(path: &str) -> bool {
    TIMES.contains(&path)
}

/// Fields that hold digests, and names that AWS keeps simple.
const OWN: &[&str] = &["digest", "policyDigest", "groups[].steps[].resource"];

/// The full views with one text everywhere but there.
pub(crate) fn filled(text: &str) -> (PlanView, CheckView) {
    let (mut plan, mut findings) = (full_plan(), full_findings());
    let mut new = |path: &str| (!is_time(path) && !OWN.contains(&path)).then(|| text.to_owned());
    replace(&mut plan, "", &mut new);
    replace(&mut findings, "", &mut new);
    (serde_json::from_value(plan).unwrap(), serde_json::from_value(findings).unwrap())
}

/// Text that means something to a forge, a terminal, a runner or a parser, in any order.
pub(crate) const PIECES: &[&str] = &[
    "</details>",
    "</summary>",
    "<script>",
    "<img src=x>",
    "```",
    "````````",
    "~~~",
    "`",
    "|",
    "\\|",
    "\n",
    "\r\n",
    "\n\n",
    "\n/close\n",
    "@octocat",
    "@org/team",
    "#12",
    "GH-12",
    "owner/repo#1",
    "!5",
    "~bug",
    "%1",
    "$2",
    "&3",
    "![x](http://e.example/x.png)",
    "[x](javascript:alert(1))",
    "[ref]: http://e.example",
    "<!-- ",
    "-->",
    "&lt;/details&gt;",
    "&#60;",
    "\u{202e}",
    "\u{200b}",
    "\u{1b}[31m",
    "\0",
    ":tada:",
    "http://e.example",
    "www.e.example",
    "e@e.example",
    "***",
    "___",
    "# heading",
    "- item",
    "1. item",
    "    code",
    "\t",
    "$$x$$",
    "]]>",
    "::error::",
    "\n::set-output name=a::b",
    "##[add-mask]a",
    "%0A",
    ",file=b",
    "\"",
    "'",
    "word",
    "4711",
    "123456789012",
    "ÄÖ",
    "漢字",
    " ",
];
