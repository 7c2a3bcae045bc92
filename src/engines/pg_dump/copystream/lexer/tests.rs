use proptest::prelude::*;

use super::{Lexer, Scan};

/// The statements of a script fed in chunks of `size`, with the place each starts at; then whether the lexer is idle.
fn split(script: &[u8], size: usize) -> (Vec<(u64, String)>, bool, usize) {
    let mut lexer = Lexer::new();
    let mut statements = Vec::new();
    let mut trailers = 0;
    for chunk in script.chunks(size.max(1)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let taken = match lexer.scan(rest) {
                Scan::More => rest.len(),
                Scan::Trailer(taken) => {
                    trailers += 1;
                    taken
                }
                Scan::Statement(taken) => {
                    let text = String::from_utf8_lossy(lexer.text()).into_owned();
                    statements.push((lexer.start(), text));
                    lexer.clear();
                    taken
                }
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
    }
    (statements, lexer.is_idle(), trailers)
}

fn texts(script: &str) -> Vec<String> {
    let all = split(script.as_bytes(), 1 << 20);
    for size in 1..9 {
        assert_eq!(split(script.as_bytes(), size), all, "chunks of {size}");
    }
    all.0.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn literals_hide_semicolons() {
    for whole in [
        "a 'x;y' b",
        "a 'it''s;' b",
        "a '\\' b",
        "a E'\\';' b",
        "a e'\\\\' b",
        "a E'x''\\';' b",
        "a E'\\'''' b",
        "a name'\\' b",
        "a \"x;\"\"y\" b",
        "a \"'\" b",
        "a '\"' b",
        "a $$;'$$ b",
        "a $t$;$$;$u$;$t$ b",
        "a $_$ COPY x (a) FROM stdin;\n1\n\\.\n $_$ b",
        "a $é1$;$é1$ b",
        "a x$1 + y$1 b",
        "a $1 b",
        "a (b; c (d;)) e",
        "a - b / c * d",
    ] {
        assert_eq!(texts(&format!("{whole};z;")), [whole, "z"]);
    }
}

#[test]
fn comments_and_psql_commands_are_dropped() {
    assert_eq!(texts("-- a;'\n b -- c;\n d;"), ["b   d"]);
    assert_eq!(texts("/* a; /* ' */ ; **/ b/*/ ; */c;"), ["b c"]);
    assert_eq!(texts("\\restrict a;b'c\nd;\n\\unrestrict x\n"), ["d"]);
    assert_eq!(texts("'--' '/*' \"--\" - '-';"), ["'--' '/*' \"--\" - '-'"]);
}

#[test]
fn statements_know_where_they_start() {
    let (statements, idle, _) = split(b"--x\n ab;\n\ncd;", 2);
    assert_eq!(statements, [(5, "ab".to_owned()), (10, "cd".to_owned())]);
    assert!(idle);
}

#[test]
fn only_an_open_statement_is_not_idle() {
    for idle in ["", "a;\n", "a; -- b", "a;\\x", "a; -- b\n"] {
        assert!(split(idle.as_bytes(), 3).1, "{idle}");
    }
    for open in ["a", "'", "a 'b;", "a;/* b", "\"", "$$;", "$", "E'", "a -- b"] {
        assert!(!split(open.as_bytes(), 3).1, "{open}");
    }
}

#[test]
fn the_trailer_is_a_comment_of_its_own() {
    let count = |script: &str| split(script.as_bytes(), 7).2;
    let trailer = "-- PostgreSQL database dump complete\n";
    assert_eq!(count(&format!("--\n{trailer}--\n")), 1);
    assert_eq!(count(&format!("'\n{trailer}")), 0);
    assert_eq!(count("-- PostgreSQL database dump complete"), 0);
    assert_eq!(count("-- PostgreSQL database dump completed\n"), 0);
    assert_eq!(count("-- PostgreSQL database dump\n"), 0);
}

proptest! {
    #[test]
    fn chunks_do_not_matter(script in "[aE'\"$;\\\\/*\n(){1} -]{0,60}", size in 1_usize..9) {
        prop_assert_eq!(split(script.as_bytes(), size), split(script.as_bytes(), 1000));
    }
}
