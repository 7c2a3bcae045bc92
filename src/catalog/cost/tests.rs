use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Money, Shelf, billed};
use crate::catalog::prices::{Prices, RegionPrices, Retrieval};
use crate::catalog::timeline::Class;
use crate::model::policy::StorageClass;

const GIB: u64 = 1 << 30;
const GLACIER: Class = Class::Lower(StorageClass::Glacier);
const DEEP: Class = Class::Lower(StorageClass::DeepArchive);
const IA: Class = Class::Lower(StorageClass::StandardIa);
const INSTANT: Class = Class::Lower(StorageClass::GlacierIr);

/// Prices that the examples of AWS use.
fn prices() -> RegionPrices {
    let text = r#"{"format":"lifeboat.prices/1","currency":"USD","regions":{"us-east-1":{"date":"2026-08-01","source":"a test","classes":{
        "STANDARD":{"storage":"0.023"},
        "STANDARD_IA":{"storage":"0.0125","transition":"0.01","retrieval":{"instant":{"gb":"0.01"}}},
        "GLACIER_IR":{"storage":"0.004","transition":"0.02","retrieval":{"instant":{"gb":"0.03"}}},
        "GLACIER":{"storage":"0.0036","transition":"0.03",
            "retrieval":{"expedited":{"gb":"0.03","requests":"10"},"standard":{"gb":"0.01","requests":"0.05"},"bulk":{"gb":"0","requests":"0"}}},
        "DEEP_ARCHIVE":{"storage":"0.00099","transition":"0.05","retrieval":{"standard":{"gb":"0.02"},"bulk":{"gb":"0.0025"}}}}}}}"#;
    Prices::parse(text).unwrap().regions.remove("us-east-1").unwrap()
}

fn shelf(class: Class, objects: u64, bytes: u64) -> Shelf {
    let mut out = Shelf::default();
    (0..objects).for_each(|_| out.add(class, bytes));
    out
}

fn day(days: i64) -> Timestamp {
    "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * days)
}

/// User Guide, aws-usage-report-understand, and the FAQ, "How will I be charged": 100 GB are 107,374,182,400 bytes, and the first
/// 51,200 GB of a month cost 1,177.60 dollars.
#[test]
fn a_gb_month_is_2_to_the_30_bytes() {
    assert_eq!(prices().month(&shelf(Class::Standard, 1, 107_374_182_400)).money.decimal(), "2.300000");
    assert_eq!(prices().month(&shelf(Class::Standard, 512, 100 * GIB)).money.decimal(), "1177.600000");
}

/// FAQ, "How is my storage charge calculated for Amazon S3 Glacier": an archived object holds 32 KB more at the price of its class,
/// and 8 KB at that of STANDARD.
#[test]
fn an_archived_object_holds_40_kib_more() {
    let held = billed(GLACIER, GIB);
    assert_eq!((held.own, held.standard), (GIB + 32 * 1024, 8 * 1024));
    // 100,000 empty ones: 3.0517578125 GB at 0.0036 and 0.762939453125 GB at 0.023.
    let cost = prices().month(&shelf(GLACIER, 100_000, 0));
    assert_eq!((cost.money, cost.unpriced.len()), (Money::nanos(10_986_328 + 17_547_607), 0));
}

#[test]
fn a_small_object_costs_as_128_kib_where_it_can_be_read_at_once() {
    for class in [IA, INSTANT, Class::Lower(StorageClass::OnezoneIa)] {
        let sizes = [0, 1, 128 * 1024 - 1, 128 * 1024, 128 * 1024 + 1].map(|bytes| billed(class, bytes).own);
        assert_eq!(sizes, [131_072, 131_072, 131_072, 131_072, 131_073], "{class:?}");
    }
    assert_eq!(billed(Class::Standard, 1).own, 1);
}

/// FAQ: what is deleted 30 days after it was archived in GLACIER is charged 60 days of storage, after 60 days 30.
#[test]
fn leaving_a_class_early_costs_the_days_that_are_left() {
    let fee = |class, stayed| prices().early(class, GIB - 32 * 1024, day(0), day(stayed)).money.decimal();
    assert_eq!([0, 30, 60, 89, 90, 400].map(|days| fee(GLACIER, days)), ["0.010800", "0.007200", "0.003600", "0.000120", "0.000000", "0.000000"]);
    assert_eq!([0, 90, 179, 180].map(|days| fee(DEEP, days)), ["0.005940", "0.002970", "0.000033", "0.000000"]);
    assert_eq!([0, 30].map(|days| prices().early(IA, GIB, day(0), day(days)).money.decimal()), ["0.012500", "0.000000"]);
    assert_eq!(fee(Class::Standard, 0), "0.000000");
}

/// Knowledge centre, s3-manage-data-retrieval: 15,000,000 objects of GLACIER, 102,400 GB, by standard retrieval 1,774 dollars, and
/// 150,000 dollars for the requests alone when they are expedited.
#[test]
fn a_retrieval_costs_bytes_and_requests() {
    let mut archive = Shelf::default();
    archive.add(GLACIER, 102_400 * GIB);
    archive.classes.get_mut(&GLACIER).unwrap().objects = 15_000_000;
    let cost = |by| prices().reading(&archive, by).map(|cost| cost.money.decimal());
    assert_eq!(cost(Retrieval::Standard).as_deref(), Some("1774.000000"));
    assert_eq!(cost(Retrieval::Expedited).as_deref(), Some("153072.000000"));
    assert_eq!(cost(Retrieval::Bulk).as_deref(), Some("0.000000"));
    // What lies beside it is read at once, at its own price.
    archive.add(INSTANT, 100 * GIB);
    archive.add(Class::Standard, 100 * GIB);
    assert_eq!(cost_of(&archive, Retrieval::Standard), "1777.000000");
    // Nothing is expedited from DEEP_ARCHIVE; what has no price is named.
    let deep = shelf(DEEP, 2, GIB);
    assert_eq!(prices().reading(&deep, Retrieval::Expedited), None);
    let cost = prices().reading(&deep, Retrieval::Bulk).unwrap();
    assert_eq!((cost.money.decimal().as_str(), cost.unpriced.first().map(String::as_str)), ("0.005000", Some("requests for bulk retrieval from DEEP_ARCHIVE")));
}

fn cost_of(shelf: &Shelf, by: Retrieval) -> String {
    prices().reading(shelf, by).unwrap().money.decimal()
}

#[test]
fn moves_cost_by_the_thousand() {
    assert_eq!(prices().moving(DEEP, 1500).money.decimal(), "0.075000");
    let unknown = prices().moving(Class::Lower(StorageClass::OnezoneIa), 1);
    assert_eq!(unknown.unpriced.first().map(String::as_str), Some("moves to ONEZONE_IA"));
    assert!(prices().moving(Class::Lower(StorageClass::OnezoneIa), 0).unpriced.is_empty());
}

#[test]
fn what_has_no_price_is_named_and_not_free() {
    let mut mixed = shelf(Class::Standard, 1, 100 * GIB);
    mixed.add(Class::Lower(StorageClass::IntelligentTiering), GIB);
    mixed.add(Class::Other, GIB);
    let cost = prices().month(&mixed);
    let named: Vec<&str> = cost.unpriced.iter().map(String::as_str).collect();
    assert_eq!((cost.money.decimal().as_str(), named), ("2.300000", vec!["storage in INTELLIGENT_TIERING", "storage in other"]));
    assert_eq!(prices().month(&Shelf::default()), super::Cost::default());
}

#[test]
fn money_is_short_for_people() {
    let said = |nanos| Money::nanos(nanos).text("USD");
    let cases = [
        (0, "$0"),
        (1, "less than $0.01"),
        (4_999_999, "less than $0.01"),
        (5_000_000, "$0.01"),
        (3_204_000_000, "$3.20"),
        (9_994_999_999, "$9.99"),
        (9_995_000_000, "$10"),
        (41_499_999_999, "$41"),
        (1_215_000_000_000, "$1,215"),
    ];
    for (nanos, text) in cases {
        assert_eq!(said(nanos), text);
    }
    assert_eq!(Money::nanos(12_000_000_000).text("EUR"), "12 EUR");
}

fn classes() -> impl Strategy<Value = Class> {
    prop::sample::select(vec![Class::Standard, IA, INSTANT, GLACIER, DEEP])
}

proptest! {
    #[test]
    fn more_bytes_never_cost_less(class in classes(), bytes in 0..=1_u64 << 50, more in 0..=1_u64 << 40, days in 0_i64..200) {
        let month = |bytes| prices().month(&shelf(class, 1, bytes)).money;
        prop_assert!(month(bytes) <= month(bytes + more));
        let early = |bytes, days| prices().early(class, bytes, day(0), day(days)).money;
        prop_assert!(early(bytes, days) <= early(bytes + more, days));
        prop_assert!(early(bytes, days + 1) <= early(bytes, days));
    }

    #[test]
    fn two_shelves_cost_as_much_as_their_sum(sizes in prop::collection::vec((classes(), 0..=1_u64 << 45), 0..20)) {
        let mut all = Shelf::default();
        let mut sum = Money::default();
        for (class, bytes) in &sizes {
            all.add(*class, *bytes);
            sum += prices().month(&shelf(*class, 1, *bytes)).money;
        }
        // Each part is rounded by itself, at the most by half a billionth for its class and one for STANDARD.
        let cost = prices().month(&all).money;
        prop_assert!(cost.apart(sum) <= Money::nanos(2 * sizes.len() as u128 + 2), "{cost:?} {sum:?}");
    }
}
