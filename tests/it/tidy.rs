//! Budgets and habits: they ratchet down, never up.

use std::fs;

use crate::floors::sources;

/// Code lines of a file at the most.
const FILE_LINES: usize = 400;

#[test]
fn files_are_within_budget_and_open_with_what_they_are_for() {
    let mut wrong = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//")).count();
        if code > FILE_LINES {
            wrong.push(format!("{}: {code} code lines, at most {FILE_LINES}", path.display()));
        }
        let is_test = path.to_string_lossy().contains("tests");
        if !is_test && !text.starts_with("//!") {
            wrong.push(format!("{}: does not open with //! on what it is for", path.display()));
        }
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.contains("TODO") || line.contains("FIXME") || line.contains("XXX") {
                wrong.push(format!("{}:{}: unfinished mark", path.display(), number + 1));
            }
            if line.starts_with("#[allow") || line.starts_with("#![allow") {
                wrong.push(format!("{}:{}: #[expect(…, reason)] instead of #[allow]", path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_test_file_is_mounted() {
    let mut wrong = Vec::new();
    for path in sources().into_iter().filter(|path| path.file_stem().is_some_and(|stem| stem == "tests")) {
        let folder = path.parent().unwrap();
        let owner = if folder.join("mod.rs").exists() { folder.join("mod.rs") } else { folder.with_extension("rs") };
        let text = fs::read_to_string(&owner).unwrap_or_default();
        if !text.contains("mod tests;") {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "not mounted: {}", wrong.join(", "));
}
