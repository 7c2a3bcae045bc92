use super::*;

fn object(key: &str) -> ObjectInfo {
    ObjectInfo { key: key.to_owned(), bytes: 1, modified: Timestamp::UNIX_EPOCH, etag: String::new(), class: None }
}

fn bounds(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

/// What all parts together list, however long a page is.
fn listed(all: &[&str], parts: &[Part], length: usize) -> Vec<String> {
    let mut out = Vec::new();
    for part in parts {
        let mut from = all.iter().position(|key| part.after.as_ref().is_none_or(|after| *key > after.as_str())).unwrap_or(all.len());
        loop {
            let mut page: Vec<ObjectInfo> = all[from..].iter().take(length).map(|key| object(key)).collect();
            from = (from + length).min(all.len());
            let cut = cut(part, &mut page).unwrap();
            out.extend(page.into_iter().map(|object| object.key));
            if cut || from == all.len() {
                break;
            }
        }
    }
    out
}

#[test]
fn parts_list_every_key_once_wherever_the_bounds_are() {
    let all = ["a", "a/1", "a/2", "b", "b/1", "b/10", "b/2", "b/3", "c", "d/1"];
    for cuts in [&[][..], &["a"], &["b/"], &["b/1"], &["a/", "b/", "c/"], &["b/1", "b/10", "b/2"], &["zz"], &["a/1", "zz"]] {
        for length in 1..12 {
            let parts = parts(&Part::default(), "", &bounds(cuts));
            assert_eq!(parts.len(), cuts.len() + 1);
            assert_eq!(listed(&all, &parts, length), all, "{cuts:?}, pages of {length}");
        }
    }
}

#[test]
fn what_was_listed_already_is_cut_no_more_and_parts_are_few() {
    let rest = Part { token: Some("t".to_owned()), ..Part::default() };
    let found = parts(&rest, "b/2", &bounds(&["a", "b/2", "c"]));
    assert_eq!(found, [Part { until: Some("c".to_owned()), ..rest.clone() }, Part { after: Some("c".to_owned()), ..Part::default() }]);
    let many: Vec<String> = (0..10_000).map(|number| format!("{number:05}")).collect();
    let found = parts(&rest, "", &many);
    assert!(found.len() <= PARTS + 1 && found.windows(2).all(|pair| pair[0].until == pair[1].after), "{}", found.len());
}

#[test]
fn a_page_that_is_out_of_order_ends_no_part() {
    let part = Part { after: Some("b".to_owned()), until: Some("d".to_owned()), token: None };
    let of = |keys: &[&str]| cut(&part, &mut keys.iter().map(|key| object(key)).collect());
    assert_eq!(of(&["c", "c1"]), Ok(false));
    assert_eq!(of(&["c", "d1"]), Ok(true));
    for wrong in [&["c", "e", "c1"][..], &["a", "c"], &["b", "c"], &["c", "c"]] {
        assert!(of(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn encoded_keys_are_read_as_their_server_means_them() {
    let url = Some(&EncodingType::Url);
    let read = |keys: &[&str], encoding| keys.iter().map(|key| Keys::of(encoding, keys.iter().copied()).read(key)).collect::<Vec<_>>();
    assert_eq!(read(&["a%1Bb+c%2Bd", "%C3%BC/x"], url), ["a\u{1b}b c+d", "ü/x"], "AWS writes a space as a plus");
    assert_eq!(read(&["a%1Bb%20c+d"], url), ["a\u{1b}b c+d"]);
    assert_eq!(read(&["a%20b+c"], None), ["a%20b+c"], "a key may look encoded");
}
