//! What `pg_dump`, `pg_dumpall` and `pg_restore` say on standard error, judged line by line: harmless, doubtful, or an error.
//!
//! Exit codes alone do not tell: a dump that lost a table, or a restore that left a grant out, ends with 0. What is not known and
//! comes from a program is a doubt; what comes from the server while a function runs is anybody's word, and is let pass.

/// How much a line weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It is said of healthy databases too.
    Harmless,
    /// Something may be missing: a drill is unproven by it, a backup shows it.
    Doubt,
    /// Something failed, whatever the exit code is.
    Error,
    /// Something failed because this machine lacks something: it says nothing about the backup.
    Machine,
    /// Something failed because the role may not do it.
    Rights,
}

impl Class {
    /// In a word, for the documentation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Harmless => "harmless",
            Self::Doubt => "doubt",
            Self::Error => "error",
            Self::Machine => "error of this machine",
            Self::Rights => "error of rights",
        }
    }
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// `pg_dump: …`, `pg_dumpall: …`, `pg_restore: …`.
    Program,
    /// The server: `WARNING:  …`, `NOTICE:  …`.
    Server,
    /// Either of them, after an error.
    Either,
}

/// One saying that is known.
#[derive(Debug)]
pub struct Saying {
    /// Who says it.
    pub by: By,
    /// A part of it.
    pub words: &'static str,
    /// What it weighs.
    pub class: Class,
    /// Why.
    pub reason: &'static str,
}

const fn saying(by: By, words: &'static str, class: Class, reason: &'static str) -> Saying {
    Saying { by, words, class, reason }
}

/// The sayings that are known; the first that fits counts. Words as in the sources of PostgreSQL 14 to 18.
pub static SAYINGS: &[Saying] = &[
    saying(By::Either, "No space left on device", Class::Machine, "a full disk, here or at the server"),
    saying(By::Either, "Disk quota exceeded", Class::Machine, "a full disk by another name"),
    saying(By::Either, "out of memory", Class::Machine, "memory, or the limit that `pg_restore` runs under"),
    saying(By::Either, "Cannot allocate memory", Class::Machine, "the same, in the words of the operating system"),
    saying(By::Either, "permission denied", Class::Rights, "the role lacks a right"),
    saying(By::Either, "must be owner", Class::Rights, "only an owner may do it"),
    saying(By::Either, "must be superuser", Class::Rights, "event triggers, some extensions and languages"),
    saying(By::Either, "must be a superuser", Class::Rights, "the same, in other words"),
    saying(By::Program, "errors ignored on restore", Class::Error, "statements failed, and what they would have made is missing"),
    saying(
        By::Program,
        "warning: there are circular foreign-key constraints",
        Class::Harmless,
        "a restore makes constraints after the rows; only a restore of data alone would need more",
    ),
    saying(
        By::Program,
        "warning: subscriptions not dumped because current user is not a superuser",
        Class::Harmless,
        "subscriptions are never restored: a copy must not begin to follow a publisher",
    ),
    saying(By::Program, "warning: ", Class::Doubt, "a program warns when something may be missing; what is not named here is not known to be harmless"),
    saying(By::Program, "error: ", Class::Error, "a statement failed, even if the program goes on or ends with 0"),
    saying(By::Program, "fatal: ", Class::Error, "the program gave up"),
    saying(By::Server, "WARNING:  no privileges", Class::Doubt, "a grant did not come back: whoever restores may not give it, or its giver is missing"),
    saying(By::Server, "WARNING:  not all privileges", Class::Doubt, "a part of a grant did not come back"),
    saying(By::Server, "WARNING:  page verification failed", Class::Doubt, "a page of the server's disk is damaged"),
    saying(By::Server, "is insufficient to publish logical changes", Class::Harmless, "a publication came back, and the throw-away server publishes nothing"),
    saying(
        By::Server,
        "collation version",
        Class::Harmless,
        "the sort order of that machine changed: its indexes are in doubt, rows are not, and a restore builds indexes anew",
    ),
    saying(By::Server, "WARNING:  ", Class::Harmless, "functions and triggers warn of what they like while rows are loaded and views refreshed"),
    saying(By::Server, "NOTICE:  ", Class::Harmless, "the same, more quietly"),
];

/// The class of a line; none for one that belongs to the line before it (`DETAIL:`, `HINT:`, `CONTEXT:`) or is not known at all.
pub fn classify(line: &str) -> Option<Class> {
    let program = ["pg_dump: ", "pg_dumpall: ", "pg_restore: "].iter().any(|name| line.starts_with(name));
    let server = ["WARNING:  ", "NOTICE:  "].iter().any(|level| line.starts_with(level));
    let failed = program && ["error: ", "fatal: "].iter().any(|word| line.contains(word));
    let fits = |saying: &&Saying| match saying.by {
        By::Program => program && line.contains(saying.words),
        By::Server => server && line.contains(saying.words),
        // A table may be called "out of memory": only an error says it about the machine.
        By::Either => failed && line.contains(saying.words),
    };
    SAYINGS.iter().find(fits).map(|saying| saying.class)
}

/// Whether a line is worth keeping however long ago it was said.
pub fn is_of_weight(line: &str) -> bool {
    classify(line).is_some_and(|class| class != Class::Harmless)
}

/// Why a program failed, by all that it said then: the machine, rights, or the rest.
pub fn failure(text: &str) -> Class {
    let known = SAYINGS.iter().find(|saying| saying.by == By::Either && text.contains(saying.words));
    known.map_or(Class::Error, |saying| saying.class)
}

#[cfg(test)]
mod tests {
    use super::{By, Class, SAYINGS, classify, failure, is_of_weight};

    #[test]
    fn lines_are_weighed() {
        for (line, class) in [
            ("pg_dump: warning: there are circular foreign-key constraints on this table:", Some(Class::Harmless)),
            ("pg_dump: detail: parent", None),
            ("pg_dump: warning: could not resolve dependency loop among these items:", Some(Class::Doubt)),
            ("pg_restore: warning: errors ignored on restore: 3", Some(Class::Error)),
            ("pg_restore: error: could not execute query: ERROR:  relation \"one\" already exists", Some(Class::Error)),
            ("pg_restore: error: could not write to file: No space left on device", Some(Class::Machine)),
            ("pg_restore: error: could not execute query: ERROR:  must be superuser to create an event trigger", Some(Class::Rights)),
            ("pg_restore: warning: line ignored: 1 out of memory", Some(Class::Doubt)),
            ("pg_restore: warning: line ignored: permission denied", Some(Class::Doubt)),
            ("WARNING:  no privileges were granted for \"secret\"", Some(Class::Doubt)),
            ("WARNING:  \"wal_level\" is insufficient to publish logical changes", Some(Class::Harmless)),
            ("WARNING:  row 7 pg_restore: error: nonsense", Some(Class::Harmless)),
            ("NOTICE:  hello", Some(Class::Harmless)),
            ("HINT:  pg_restore: error: x", None),
            ("x pg_dump: error: y", None),
            ("", None),
        ] {
            assert_eq!(classify(line), class, "{line}");
        }
        assert_eq!(["NOTICE:  x", "pg_restore: warning: y", "nonsense"].map(is_of_weight), [false, true, false]);
        assert_eq!(failure("pg_restore: error: x · out of memory"), Class::Machine);
        assert_eq!(failure("nobody knows"), Class::Error);
    }

    #[test]
    fn every_saying_can_be_reached() {
        for saying in SAYINGS {
            let line = match saying.by {
                By::Program => format!("pg_restore: {}", saying.words),
                By::Server if saying.words.contains(":  ") => saying.words.to_owned(),
                By::Server => format!("WARNING:  {}", saying.words),
                By::Either => format!("pg_restore: error: {}", saying.words),
            };
            let first = SAYINGS.iter().find(|other| line.contains(other.words) && (other.by != By::Either || saying.by == By::Either));
            assert_eq!(classify(&line), Some(saying.class), "{line}");
            assert!(std::ptr::eq(first.unwrap(), saying), "an earlier saying hides `{}`", saying.words);
        }
    }
}
