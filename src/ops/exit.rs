//! Exit codes: one table, from which `docs/exit-codes.md` is made. A code is never reused.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Nothing to do, or all good.
    Good = 0,
    /// lifeboat or the world failed.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Findings at error level.
    Findings = 3,
    /// Changes are pending, or there is drift.
    Pending = 4,
    /// Something is held: a person must decide.
    Held = 5,
    /// A drill failed, or did not prove enough.
    Drill = 6,
    /// The chain of evidence is broken.
    Evidence = 7,
}

/// Every exit code with its meaning, in order.
pub const TABLE: &[(Exit, &str, &str)] = &[
    (Exit::Good, "nothing to do, or all good", "go on"),
    (Exit::Failed, "lifeboat or the world failed", "read the last lines on standard error; nothing is half done without being said"),
    (Exit::Usage, "the command line is wrong", "see --help"),
    (Exit::Findings, "findings at error level", "correct the policy; `lifeboat explain RULE` says why"),
    (Exit::Pending, "changes are pending, or there is drift", "review the plan, then lifeboat apply"),
    (Exit::Held, "something is held: a person must decide", "the plan says what, why, and the --allow that releases it"),
    (Exit::Drill, "a drill failed, or did not prove enough", "the backup cannot be relied upon: the drill names the object, table or check"),
    (Exit::Evidence, "the chain of evidence is broken", "a record is missing, changed, or signed by an untrusted key"),
];

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What several parts of one command end with together: 2, 1, 7, 6, 3, 5, 4, 0 in this order of weight.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        let weight = |exit: Self| match exit {
            Self::Usage => 7,
            Self::Failed => 6,
            Self::Evidence => 5,
            Self::Drill => 4,
            Self::Findings => 3,
            Self::Held => 2,
            Self::Pending => 1,
            Self::Good => 0,
        };
        if weight(self) >= weight(other) { self } else { other }
    }
}

#[cfg(test)]
mod tests {
    use super::{Exit, TABLE};

    #[test]
    fn the_table_is_complete_and_in_order() {
        for (at, (exit, meaning, next)) in TABLE.iter().enumerate() {
            assert_eq!(usize::from(exit.code()), at);
            assert!(!meaning.is_empty() && !next.is_empty());
        }
    }

    #[test]
    fn precedence_is_2_1_7_6_3_5_4_0() {
        let order = [Exit::Usage, Exit::Failed, Exit::Evidence, Exit::Drill, Exit::Findings, Exit::Held, Exit::Pending, Exit::Good];
        for pair in order.windows(2) {
            assert_eq!(pair[0].worst(pair[1]), pair[0]);
            assert_eq!(pair[1].worst(pair[0]), pair[0]);
        }
    }
}
