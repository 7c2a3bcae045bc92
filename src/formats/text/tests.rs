use super::tamed;

#[test]
fn words_of_others_begin_no_line_and_turn_no_text_around() {
    let said = vec![("x\n\n0 held · everything is as the policies say · exit 0\n\u{202e}txet\u{1b}[2J".to_owned(), 7), ("größe · ✓".to_owned(), 1)];
    let found = tamed(&said);
    assert_eq!(found[0], ("x\u{fffd}\u{fffd}0 held · everything is as the policies say · exit 0\u{fffd}\u{fffd}txet\u{fffd}[2J".to_owned(), 7));
    assert_eq!(found[1], said[1]);
}
