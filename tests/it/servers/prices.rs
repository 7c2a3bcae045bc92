//! The example that makes a price list of AWS's offer files. It needs jq, which the sandbox brings where the machine has none.

use std::path::Path;
use std::process::Command;

use lifeboat::catalog::prices::Prices;

#[test]
fn a_price_list_is_made_of_an_offer_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("jq");
    command.arg("--slurp").arg("--from-file").arg(root.join("examples/prices/aws.jq")).arg(root.join("tests/data/prices/offer.json"));
    let out = command.output().expect("no jq in PATH: run this test through `scripts/sandbox run`, which has one");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let prices = Prices::parse(&String::from_utf8(out.stdout).unwrap()).unwrap();
    let region = prices.of("xx-central-1", None).unwrap();
    assert_eq!((region.date.as_str(), region.classes.len()), ("2026-09-28", 5));
    let said = serde_json::to_value(&region.classes).unwrap();
    let expected = serde_json::json!({
        "STANDARD": {"storage": "0.0245"},
        "STANDARD_IA": {"storage": "0.0135", "transition": "0.01", "retrieval": {"instant": {"gb": "0.01"}}},
        "GLACIER_IR": {"storage": "0.005", "transition": "0.02", "retrieval": {"instant": {"gb": "0.03"}}},
        "GLACIER": {"storage": "0.00405", "transition": "0.036", "retrieval": {
            "expedited": {"gb": "0.036", "requests": "12"},
            "standard": {"gb": "0.012", "requests": "0.06"},
            "bulk": {"gb": "0", "requests": "0"},
        }},
        // The staging of an archive has a price too, and is not its storage.
        "DEEP_ARCHIVE": {"storage": "0.0018", "transition": "0.0605", "retrieval": {"standard": {"gb": "0.024"}}},
    });
    assert_eq!(said, expected);
}
