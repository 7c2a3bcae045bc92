//! The example gate on the committed sample plans. It needs jq, which the sandbox brings where the machine has none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lifeboat::settings;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sample(name: &str) -> PathBuf {
    root().join("tests/data/plans").join(format!("{name}.json"))
}

fn gate(plan: &Path, free: Option<&str>) -> (i32, String) {
    let mut command = Command::new(root().join("examples/gate/gate.sh"));
    command.arg(plan).env_remove("GATE_FREE").envs(free.map(|free| ("GATE_FREE", free)));
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(!text.contains("gate.sh needs jq"), "no jq in PATH: run this test through `scripts/sandbox run`, which has one");
    (status.code().unwrap_or(-1), text)
}

#[test]
fn the_gate_lets_through_what_needs_no_person() {
    for name in ["settled", "tags"] {
        assert_eq!(gate(&sample(name), None), (0, "nothing in this plan needs a person\n".to_owned()), "{name}");
    }
    let every_setting: Vec<&str> = settings::SETTINGS.iter().map(|setting| setting.id).collect();
    assert_eq!(gate(&sample("new"), Some(&every_setting.join(","))).0, 0);
}

#[test]
fn the_gate_stops_what_needs_a_person_and_says_why() {
    for (name, reasons) in [
        ("tags", &["change: bucket shop-dr-orders · tags"][..]),
        ("new", &["add: role shop-keeper · permissions"]),
        ("held", &["held: bucket shop-dr-orders · lifecycle: "]),
        ("unread", &["unknown: bucket shop-dr-orders · lifecycle: access denied"]),
        ("allowed", &["released: bucket shop-dr-orders · lifecycle: --allow shortens-retention@bucket/shop-dr-orders"]),
        ("lost", &["restore points of orders would go: 12, the first on 2026-11-"]),
    ] {
        let (code, said) = gate(&sample(name), if name == "tags" { Some("") } else { None });
        assert_eq!(code, 1, "{name}: {said}");
        for reason in reasons {
            assert!(said.contains(reason), "{name}: {said}");
        }
    }
}

#[test]
fn the_gate_stops_what_is_approved_and_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan: serde_json::Value = serde_json::from_slice(&fs::read(sample("tags")).unwrap()).unwrap();
    plan["groups"] = serde_json::json!([]);
    let path = folder.path().join("emptied.json");
    fs::write(&path, plan.to_string()).unwrap();
    let (code, said) = gate(&path, None);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("approved, and not told: "), "{said}");
}

#[test]
fn the_gate_refuses_what_is_no_plan() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, code) in [("cut.json", "{\"format\": \"lifeboat.plan/1\", ", 2), ("newer.json", "{\"format\": \"lifeboat.plan/2\", \"groups\": []}", 1)] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let (found, said) = gate(&path, None);
        assert_eq!(found, code, "{name}: {said}");
    }
    assert_eq!(gate(&folder.path().join("absent.json"), None).0, 2);
}
