use jiff::Timestamp;

use super::{Price, Prices, Retrieval};
use crate::catalog::timeline::Class;
use crate::model::policy::StorageClass;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn what_is_shipped_is_sound_and_names_its_sources() {
    let prices = Prices::parse(super::SHIPPED).unwrap();
    assert_eq!(Prices { only_aws: true, ..prices.clone() }, Prices::shipped());
    assert!(prices.regions.len() >= 3 && prices.currency == "USD");
    for (name, region) in &prices.regions {
        assert!(region.source.contains("AWS price list"), "{name}");
        assert!(region.date.as_str() >= "2025-10-01", "{name}");
        let storage = |class| region.class(class).map(|prices| prices.storage);
        let lower = |class| storage(Class::Lower(class));
        // Whatever the region, a slower class costs less: a slip of the pen shows here.
        let falling = [
            storage(Class::Standard),
            lower(StorageClass::StandardIa),
            lower(StorageClass::OnezoneIa),
            lower(StorageClass::GlacierIr),
            lower(StorageClass::Glacier),
            lower(StorageClass::DeepArchive),
        ];
        let known: Vec<Price> = falling.into_iter().flatten().collect();
        assert!(known.len() >= 5 && known.windows(2).all(|pair| pair[0] > pair[1]), "{name}: {known:?}");
        let thaw = |class, by| region.class(Class::Lower(class)).and_then(|prices| prices.retrieval.get(&by)).map(|price| price.gb);
        assert!(thaw(StorageClass::Glacier, Retrieval::Standard) < thaw(StorageClass::DeepArchive, Retrieval::Standard), "{name}");
        assert!(region.class(Class::Lower(StorageClass::IntelligentTiering)).is_none(), "{name}: what it costs depends on what is read");
    }
}

#[test]
fn a_price_is_exact_and_is_written_as_it_was_read() {
    for (text, nanos) in [("0.023", 23_000_000), ("0.00099", 990_000), ("0", 0), ("10", 10_000_000_000), ("0.000000001", 1), ("999999.5", 999_999_500_000_000)]
    {
        let price = Price::try_from(text.to_owned()).unwrap();
        assert_eq!((price.nanos(), price.to_string().as_str()), (nanos, text));
    }
    for text in ["", ".", "1.", ".5", "-1", "1e-3", "0,023", "$1", "0.0000000001", "1000000", "0.023 "] {
        let said = Price::try_from(text.to_owned()).unwrap_err();
        assert!(said.contains("is not a price"), "{said}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let good = r#"{"format":"lifeboat.prices/1","currency":"USD","regions":{"eu-west-1":{"date":"2026-08-01","source":"a bill","classes":{"STANDARD":{"storage":"0.023"}}}}}"#;
    assert!(Prices::parse(good).is_ok());
    let cases = [
        ("prices/1", "prices/2", "format `lifeboat.prices/2` is not known: this version reads lifeboat.prices/1"),
        ("USD", "$", "currency `$` is none: write three capital letters, as in USD"),
        ("2026-08-01", "August", "region eu-west-1: date `August` is none: write it as 2026-08-01"),
        ("a bill", " ", "region eu-west-1: source is empty: say where the prices are from"),
        ("STANDARD", "COLD", "region eu-west-1: `COLD` is not a storage class: write S3's name, as in STANDARD or GLACIER_IR"),
        ("\"0.023\"", "0.023", "invalid type: floating point `0.023`, expected a string"),
        ("0.023", "-1", "`-1` is not a price: write a decimal number of at most 9 decimals in quotes"),
        ("storage", "stored", "unknown field `stored`, expected one of `storage`, `transition`, `retrieval`"),
    ];
    for (from, to, said) in cases {
        let error = Prices::parse(&good.replace(from, to)).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn prices_are_old_after_a_year() {
    let mut prices = Prices::shipped();
    let region = prices.regions.get_mut("eu-west-1").unwrap();
    region.date = "2025-11-23".to_owned();
    assert!(!region.is_old(at("2026-11-23T23:00:00Z")));
    assert!(region.is_old(at("2026-11-24T00:00:00Z")));
}

#[test]
fn no_other_region_and_no_other_endpoint_lends_a_price() {
    let shipped = Prices::shipped();
    let of = |prices: &Prices, region: &str, url: Option<&str>| prices.of(region, url).map(|prices| prices.date.clone());
    assert!(of(&shipped, "eu-west-1", None).is_ok());
    assert!(of(&shipped, "eu-west-1", Some("https://s3.dualstack.eu-west-1.amazonaws.com")).is_ok());
    assert_eq!(of(&shipped, "mars-north-1", None), Err("the prices of mars-north-1 are not known".to_owned()));
    for url in ["https://minio.example:9000", "https://amazonaws.com.example/", "http://example/s3.amazonaws.com"] {
        assert_eq!(of(&shipped, "eu-west-1", Some(url)), Err(format!("the prices of {url} are not known")));
    }
    let own = Prices { only_aws: false, ..shipped };
    assert!(of(&own, "eu-west-1", Some("https://minio.example:9000")).is_ok(), "whoever names prices means them");
}
