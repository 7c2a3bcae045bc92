//! Invariant 1: a floor only looks down.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors, from the ground up. A module uses modules of its own floor or below.
const FLOORS: &[(&str, u32)] = &[
    ("model", 0),
    ("policy", 1),
    ("engines", 1),
    ("catalog", 2),
    ("settings", 3),
    ("compile", 3),
    ("ports", 3),
    ("journal", 3),
    ("source", 4),
    ("observe", 4),
    ("plan", 4),
    ("rules", 5),
    ("apply", 5),
    ("import", 5),
    ("backup", 5),
    ("restore", 5),
    ("drill", 6),
    ("evidence", 7),
    ("report", 8),
    ("view", 9),
    ("formats", 10),
    ("ops", 11),
    ("cli", 12),
    ("docs", 12),
];

/// Every Rust file below `src`.
pub(crate) fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                out.push(path);
            }
        }
    }
    let mut out = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut out);
    out.sort();
    out
}

/// Whether a source holds tests only; where the checkout lies does not matter.
pub(crate) fn is_test(path: &Path) -> bool {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_string_lossy().contains("tests")
}

/// The module of the crate's root that a file belongs to.
fn module(path: &Path) -> String {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn a_floor_only_looks_down() {
    let floors: BTreeMap<&str, u32> = FLOORS.iter().copied().collect();
    let mut wrong = Vec::new();
    for path in sources() {
        let module = module(&path);
        if module == "lib" || module == "main" {
            continue;
        }
        let floor = *floors.get(module.as_str()).unwrap_or_else(|| panic!("`{module}` has no floor: add it to FLOORS"));
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                for name in used_modules(used) {
                    if floors.get(name).is_some_and(|other| *other > floor) {
                        wrong.push(format!("{}:{}: {module} (floor {floor}) uses {name}", path.display(), number + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "a floor looks up:\n{}", wrong.join("\n"));
}

/// `model::x` → model; `{apply, observe}` → both.
fn used_modules(text: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    if let Some(group) = text.strip_prefix('{') {
        let group = group.split('}').next().unwrap_or("");
        return group.split(',').map(|part| part.trim().split(|c| !is_name(c)).next().unwrap_or("")).collect();
    }
    vec![text.split(|c| !is_name(c)).next().unwrap_or("")]
}

#[test]
fn pure_floors_call_nothing_of_the_outside() {
    let pure = ["model", "policy", "engines", "catalog", "settings", "compile", "plan", "rules", "view", "formats", "report"];
    let outside = ["std::fs", "std::env", "std::process", "std::net", "tokio::", "SystemTime", "Instant::now", "aws_sdk", "tokio_postgres"];
    let mut wrong = Vec::new();
    for path in sources().into_iter().filter(|path| pure.contains(&module(path).as_str()) && !is_test(path)) {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            wrong.extend(outside.iter().filter(|word| line.contains(*word)).map(|word| format!("{}:{}: {word}", path.display(), number + 1)));
        }
    }
    assert!(wrong.is_empty(), "a pure floor reaches outside:\n{}", wrong.join("\n"));
}

#[test]
fn every_leave_that_the_code_can_ask_for_is_in_the_list_of_leaves() {
    let mut found = std::collections::BTreeSet::new();
    for path in sources().into_iter().filter(|path| !is_test(path)) {
        let text = fs::read_to_string(&path).unwrap();
        for after in text.split("Weakening {").skip(1) {
            let id = after.trim_start().strip_prefix("id: \"").and_then(|rest| rest.split('"').next());
            found.extend(id.map(str::to_owned));
        }
        if path.ends_with("src/settings/mod.rs") {
            let names = text.split("fn removes_foreign").nth(1).unwrap().split("\n    }\n").next().unwrap();
            found.extend(names.split('"').filter(|word| word.starts_with("removes-")).map(str::to_owned));
        }
    }
    let listed: Vec<&str> = lifeboat::settings::LEAVES.iter().map(|(id, _)| *id).collect();
    assert!(listed.is_sorted() && found.len() > 15, "{found:?}");
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), listed);
}
