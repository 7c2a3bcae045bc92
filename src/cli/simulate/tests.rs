use super::size;

#[test]
fn a_size_is_a_number_and_a_unit() {
    assert_eq!((size("800MiB"), size("2TiB")), (Ok(800 << 20), Ok(2 << 40)));
    for (text, said) in [("40", "is not a size"), ("GiB", "is not a size"), ("1.5GiB", "is not a size"), ("0KiB", "is outside"), ("9999999TiB", "is outside")] {
        let error = size(text).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}
