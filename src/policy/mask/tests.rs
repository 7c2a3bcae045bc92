use super::passwords;

#[test]
fn a_password_is_blanked_and_nothing_moves() {
    for (text, wanted) in [
        ("a: postgresql://u:secret@host/db", "a: postgresql://u:******@host/db"),
        ("# postgres://u:p@w@h:5432/x\nb: 1", "# postgres://u:***@h:5432/x\nb: 1"),
        ("{c: \"https://u:geheimü@h\"}", "{c: \"https://u:********@h\"}"),
        ("x://a:1@b y://c:2@d", "x://a:*@b y://c:*@d"),
    ] {
        let (shown, found) = passwords(text);
        assert_eq!(shown, wanted);
        assert_eq!(shown.len(), text.len());
        assert!(!found.is_empty());
    }
}

#[test]
fn what_is_no_password_stays() {
    for text in ["postgresql://host:5432/db", "postgresql://user@host/db", "http://127.0.0.1:9000", "mail: a:b@c", "u://x:@h", "see a://b, c:d@e"] {
        assert_eq!(passwords(text), (text.to_owned(), vec![]), "{text}");
    }
}
