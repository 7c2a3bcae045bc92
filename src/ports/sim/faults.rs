//! What can go wrong between a request and its answer, on demand.

use super::{Op, Sent, State, World, failure};
use crate::model::document::Document;
use crate::ports::{Kind, PortError};

/// A fault, which strikes once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// 403: nothing happened.
    Refused,
    /// It happened, and the caller does not hear of it.
    AnswerLost,
    /// It happened, and then the caller is gone: nothing more arrives until [`World::revive`].
    CrashAfterSend,
    /// It never arrived: the connection was refused.
    Unreachable,
    /// 503 `SlowDown` after all retries. Nothing happened, but a caller cannot know that of a 5xx.
    SlowDown,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Refused, Self::AnswerLost, Self::CrashAfterSend, Self::Unreachable, Self::SlowDown];
}

/// Which request a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// The so many-th request of all since [`World::forget`], from 1.
    Nth(usize),
    /// The so many-th write since [`World::forget`], from 1.
    NthWrite(usize),
    /// The next one that does this to that (`bucket/NAME`, `role/NAME`, `s3://BUCKET/KEY`).
    Op(Op, String),
}

impl World {
    /// Adds a fault to the script.
    pub fn strike(&self, when: When, fault: Fault) {
        self.lock().script.push((when, fault));
    }

    /// How many faults of the script have not struck yet.
    pub fn waiting_faults(&self) -> usize {
        self.lock().script.len()
    }

    /// A new process after a crash. The script goes with the old one.
    pub fn revive(&self) {
        let mut state = self.lock();
        state.dead = false;
        state.script.clear();
    }
}

impl State {
    /// Counts a request and lets the script strike. `Ok(Some(crash))`: do it, and lose the answer.
    pub(super) fn enter(&mut self, op: Op, target: &str, body: Option<&Document>) -> Result<Option<bool>, PortError> {
        if self.dead {
            return Err(failure(op, target, Kind::Unreachable, "the process is gone"));
        }
        self.requests += 1;
        if op.writes() {
            self.sent.push(Sent { op, target: target.to_owned(), body: body.cloned() });
        }
        if self.refused.contains(&(self.caller.clone(), op)) {
            return Err(failure(op, target, Kind::Refused, "AccessDenied: Access Denied"));
        }
        match self.struck(op, target) {
            None => Ok(None),
            Some(Fault::AnswerLost) => Ok(Some(false)),
            Some(Fault::CrashAfterSend) => Ok(Some(true)),
            Some(Fault::Refused) => Err(failure(op, target, Kind::Refused, "AccessDenied: Access Denied")),
            Some(Fault::Unreachable) => Err(failure(op, target, Kind::Unreachable, "connection refused")),
            Some(Fault::SlowDown) => {
                Err(PortError { maybe_done: op.writes(), ..failure(op, target, Kind::Unreachable, "SlowDown: Please reduce your request rate.") })
            }
        }
    }

    fn struck(&mut self, op: Op, target: &str) -> Option<Fault> {
        let (requests, writes) = (self.requests, self.sent.len());
        let at = self.script.iter().position(|(when, _)| match when {
            When::Nth(number) => *number == requests,
            When::NthWrite(number) => op.writes() && *number == writes,
            When::Op(wanted, on) => *wanted == op && on == target,
        })?;
        Some(self.script.remove(at).1)
    }
}
