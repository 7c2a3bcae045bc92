//! Invariant 6: what is generated is committed and current. `make bless` rewrites it.

use std::fs;
use std::path::Path;

use lifeboat::docs;
use lifeboat::policy::schema;
use lifeboat::view;

/// Every generated file with its content.
fn files() -> Vec<(&'static str, String)> {
    let mut files = vec![("schema/policy.json", schema::to_text(&schema::policy())), ("schema/repository.json", schema::to_text(&schema::repository()))];
    files.extend(view::schema::all().into_iter().map(|(name, schema)| (name, schema::to_text(&schema))));
    files.extend(docs::pages());
    files
}

#[test]
fn generated_files_are_current() {
    let bless = std::env::var_os("LIFEBOAT_BLESS").is_some();
    let mut stale = Vec::new();
    for (name, wanted) in files() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let found = fs::read_to_string(&path).unwrap_or_default();
        if found == wanted {
            continue;
        }
        if bless {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &wanted).unwrap();
        } else {
            let diff = similar::TextDiff::from_lines(&found, &wanted);
            stale.push(diff.unified_diff().context_radius(2).header(name, "generated").to_string());
        }
    }
    assert!(stale.is_empty(), "run `make bless` and commit:\n{}", stale.join("\n"));
}
