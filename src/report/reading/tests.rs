use super::{Reading, reading};
use crate::catalog::prices::Prices;

const GIB: u64 = 1 << 30;

fn prices() -> Prices {
    let text = r#"{"format":"lifeboat.prices/1","currency":"USD","regions":{"eu-west-1":{"date":"2026-08-01","source":"a test","classes":{
        "STANDARD":{"storage":"1"},"GLACIER_IR":{"storage":"0.3","retrieval":{"instant":{"gb":"0.03"}}},
        "GLACIER":{"storage":"0.25","retrieval":{"expedited":{"gb":"0.3","requests":"1000"},"standard":{"gb":"0.1","requests":"500"}}},
        "DEEP_ARCHIVE":{"storage":"0.1","retrieval":{"standard":{"gb":"0.2"},"bulk":{"gb":"0.02"}}}}}}}"#;
    Prices::parse(text).unwrap()
}

fn of(objects: &[(&str, u64, bool)]) -> Reading {
    reading(
        objects.iter().map(|(class, gib, thaws)| (Some(*class), gib * GIB, *thaws)),
        &prices(),
        ("eu-west-1", None),
        "2026-11-23T12:00:00Z".parse().unwrap(),
    )
}

fn ways(reading: &Reading) -> Vec<(&str, &str, usize)> {
    reading.ways.iter().map(|way| (way.by.as_str(), way.cost.as_str(), way.unpriced.len())).collect()
}

#[test]
fn reading_costs_by_class_and_thawing_by_the_way() {
    let said = of(&[("STANDARD", 100, false)]);
    assert_eq!((ways(&said), said.date.as_deref(), said.old), (vec![("instant", "0.000000", 0)], Some("2026-08-01"), false));
    assert_eq!(ways(&of(&[("GLACIER_IR", 100, false), ("STANDARD", 1, false)])), [("instant", "3.000000", 0)]);
    // Two requests of the thousand besides the bytes; bulk has no price here, and is not free.
    let said = of(&[("GLACIER", 10, true), ("GLACIER", 10, true)]);
    assert_eq!(ways(&said), [("expedited", "8.000000", 0), ("standard", "3.000000", 0), ("bulk", "0.000000", 1)]);
    assert_eq!(said.ways[2].unpriced, ["bulk retrieval from GLACIER"]);
    // Nothing is expedited from DEEP_ARCHIVE, so not all of it can be.
    assert_eq!(ways(&of(&[("DEEP_ARCHIVE", 10, true), ("GLACIER", 10, true)])), [("standard", "3.500000", 1), ("bulk", "0.200000", 2)]);
}

#[test]
fn what_was_thawed_is_not_paid_again() {
    assert_eq!(ways(&of(&[("GLACIER", 10, false), ("DEEP_ARCHIVE", 10, false)])), [("instant", "0.000000", 0)]);
    assert_eq!(
        ways(&of(&[("GLACIER", 10, false), ("GLACIER", 10, true)])),
        [("expedited", "4.000000", 0), ("standard", "1.500000", 0), ("bulk", "0.000000", 1)]
    );
}

#[test]
fn without_prices_nothing_is_said_of_the_cost() {
    let now = "2026-11-23T12:00:00Z".parse().unwrap();
    let said = reading([(Some("STANDARD"), GIB, false)], &prices(), ("eu-south-9", None), now);
    assert_eq!((said.unknown.as_deref(), said.ways.len(), said.date), (Some("the prices of eu-south-9 are not known"), 0, None));
    let said = reading([(None, GIB, false)], &prices(), ("eu-west-1", None), now);
    assert_eq!(ways(&said), [("instant", "0.000000", 1)], "a class that is not known is not free");
}
