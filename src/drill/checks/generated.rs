//! Check `generated`: stored generated columns hold what their expressions give.

use super::{Check, Judged, Subject, verdict};
use crate::model::units::{count, plural};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "generated",
    proves: "Every stored generated column holds, in every row, what its expression gives: no dump holds these values, so they cannot be compared with it.",
    judge,
};

fn judge(subject: &Subject<'_>) -> Judged {
    let (mut wrong, mut unasked) = (Vec::new(), Vec::new());
    let columns = match &subject.answers.generated {
        Ok(columns) => columns.as_slice(),
        Err(why) => {
            unasked.push(why.clone());
            &[]
        }
    };
    for (column, answer) in columns {
        match answer {
            Ok(found) if found.wrong == 0 => {}
            // Nothing can be held against an expression that contradicts itself: that is the database's own doing.
            Ok(found) if found.unsteady > 0 => {
                unasked.push(format!("{}: its expression does not give the same value twice, although PostgreSQL was told that it does", column.name()));
            }
            Ok(found) => wrong.push(format!("{}: {} not hold what its expression gives", column.name(), rows(found.wrong))),
            Err(why) => unasked.push(format!("{}: {why}", column.name())),
        }
    }
    vec![verdict(CHECK.id, plural(columns.len() as u64, "generated column"), &subject.database.name, &wrong, &unasked)]
}

fn rows(wrong: u64) -> String {
    if wrong == 1 { "1 row does".to_owned() } else { format!("{} rows do", count(wrong)) }
}
