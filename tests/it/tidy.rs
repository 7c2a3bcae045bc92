//! Budgets and habits: they ratchet down, never up.

use std::fs;
use std::path::{Path, PathBuf};

use crate::floors::{is_test, sources};

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
        let is_test = is_test(&path);
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

/// Every Markdown file that a reader is sent to.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut out = Vec::new();
    for folder in [root.to_owned(), root.join("docs"), root.join("policies")] {
        let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        out.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    out.sort();
    out
}

/// The targets of the inline links of a page, outside of code.
fn links(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if in_code {
            continue;
        }
        // A link's text may be code; what is only code is no link.
        for part in line.split("](").skip(1) {
            out.extend(part.split_once(')').map(|(target, _)| target.to_owned()));
        }
    }
    out
}

/// The anchors of a page's headings, as forges make them.
fn anchors(text: &str) -> Vec<String> {
    let mut in_code = false;
    let headings = text.lines().filter(|line| {
        in_code ^= line.trim_start().starts_with("```");
        !in_code && line.starts_with('#')
    });
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            seen += 1;
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            if !target.exists() {
                wrong.push(format!("{}: {link}: there is no such file", page.display()));
            } else if anchor.is_some_and(|anchor| !anchors(&fs::read_to_string(&target).unwrap_or_default()).iter().any(|known| known == anchor)) {
                wrong.push(format!("{}: {link}: there is no such heading", page.display()));
            }
        }
    }
    assert!(wrong.is_empty() && seen > 20, "{seen} links, wrong:\n{}", wrong.join("\n"));
}

/// `docs/architecture.md` names a test for each invariant: it must exist.
#[test]
fn every_test_that_the_architecture_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let mut sources: Vec<PathBuf> = sources();
    for folder in ["tests/it", "tests/it/aws", "tests/it/converge", "tests/it/formats", "tests/it/servers"].map(|folder| root.join(folder)) {
        sources.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    }
    let code: String = sources.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let named: Vec<&str> = text.split("test `").skip(1).filter_map(|rest| rest.split('`').next()).collect();
    let wrong: Vec<&&str> = named.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(wrong.is_empty() && named.len() >= 10, "{} named, not there: {wrong:?}", named.len());
}

#[test]
fn workflows_pin_every_action_and_grant_nothing_at_the_top() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        if !text.contains("\npermissions: {}\n") {
            wrong.push(format!("{}: no `permissions: {{}}` at the top", path.display()));
        }
        for uses in text.lines().filter_map(|line| line.split_once("uses: ").map(|(_, uses)| uses)) {
            let pinned = uses
                .split_once('@')
                .and_then(|(_, rest)| rest.split_once(" # v"))
                .is_some_and(|(digest, _)| digest.len() == 40 && digest.chars().all(|c| c.is_ascii_hexdigit()));
            if !pinned {
                wrong.push(format!("{}: {uses}: write the full digest, then `# v` and its version", path.display()));
            }
        }
        if text.matches("actions/checkout@").count() != text.matches("persist-credentials: false").count() {
            wrong.push(format!("{}: a checkout keeps its credentials", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every `lifeboat.<kind>/<n>` of the sources is described.
#[test]
fn every_format_is_described() {
    let described = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md")).unwrap();
    let mut missing = Vec::new();
    let mut seen = 0;
    for path in sources().into_iter().filter(|path| !is_test(path)) {
        let text = fs::read_to_string(&path).unwrap();
        for found in text.split("\"lifeboat.").skip(1).filter_map(|rest| rest.split('"').next()) {
            let is_format = found.split_once('/').is_some_and(|(kind, number)| kind.chars().all(char::is_alphabetic) && number.parse::<u32>().is_ok());
            if is_format {
                seen += 1;
                if !described.contains(&format!("`lifeboat.{found}`")) {
                    missing.push(format!("{}: lifeboat.{found}", path.display()));
                }
            }
        }
    }
    assert!(missing.is_empty() && seen > 5, "{seen} formats, not in docs/formats.md:\n{}", missing.join("\n"));
}

/// What a shell says of a script without running it.
fn shell_says(script: &str) -> String {
    let mut child = std::process::Command::new("bash").arg("-n").stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap()
}

#[test]
fn the_gitlab_example_is_yaml_and_its_scripts_are_bash() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gitlab/.gitlab-ci.yml")).unwrap();
    let pipeline: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    let stages: Vec<&str> = pipeline["stages"].as_array().unwrap().iter().filter_map(|stage| stage.as_str()).collect();
    let mut scripts = 0;
    for (name, job) in pipeline.as_object().unwrap() {
        for part in ["before_script", "script"] {
            let Some(lines) = job.get(part).and_then(serde_json::Value::as_array) else { continue };
            let lines: Vec<&str> = lines.iter().map(|line| line.as_str().unwrap_or_else(|| panic!("{name}: {line} is no text"))).collect();
            assert_eq!(shell_says(&lines.join("\n")), "", "{name}: {part}");
            scripts += 1;
        }
        if let Some(stage) = job.get("stage") {
            assert!(stages.contains(&stage.as_str().unwrap()), "{name}: {stage}");
        }
    }
    assert_eq!(scripts, 5);
    assert_ne!(shell_says("case x in"), "");
    let apply = &pipeline["apply"];
    assert_eq!((&apply["environment"]["name"], &apply["rules"][0]["when"]), (&"dr-prod".into(), &"manual".into()));
}
