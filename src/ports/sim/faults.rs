//! What can go wrong between a request and its answer, on demand.

use std::collections::BTreeMap;

use super::{Op, Sent, State, World, failure};
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::request::{Read, ReadOp};
use crate::ports::{Kind, PortError};
use crate::settings;

/// A fault, which strikes once, and some of them for a while.
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
    /// 503 `SlowDown` after all retries, for so many requests. Nothing happened, but a caller cannot know that of a 5xx.
    SlowDown(usize),
    /// It happened, and the answer breaks off in its middle.
    Truncated,
    /// It happened, and the next so many reads of that resource show each setting as it was before.
    Stale(usize),
    /// It happened, and the next so many requests about that resource do not find it.
    NotYet(usize),
    /// Refused because another change is under way (409), so many times; nothing happened.
    Conflict(usize),
    /// Refused because a principal in it is not known yet, so many times; nothing happened.
    NoPrincipal(usize),
    /// The credentials expire: this request and all behind it are refused until [`World::revive`].
    Expired,
    /// The clock is too far off for this request and all behind it, until [`World::revive`].
    Skewed,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Refused,
        Self::AnswerLost,
        Self::CrashAfterSend,
        Self::Unreachable,
        Self::SlowDown(1),
        Self::SlowDown(40),
        Self::Truncated,
        Self::Stale(5),
        Self::Stale(500),
        Self::NotYet(5),
        Self::Conflict(3),
        Self::NoPrincipal(3),
        Self::Expired,
        Self::Skewed,
    ];
}

/// What becomes of a request that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is done and answered.
    Good,
    /// It is done, and then the fault goes on.
    Then(Fault),
}

/// What is wrong for a while.
#[derive(Clone, Debug, Default)]
pub(super) struct Lasting {
    /// The process is gone, the credentials are expired, or the clock is off.
    ended: Option<Fault>,
    /// Requests that are refused in the same way: all, or the writes to one target.
    refused: Vec<(Fault, Option<String>, usize)>,
    /// Targets that are not found for so many requests.
    hidden: BTreeMap<String, usize>,
    /// Old answers by question, and how often they are given.
    stale: BTreeMap<(ResourceId, ReadOp), (Fact<Document>, usize)>,
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
        state.lasting = Lasting::default();
        state.script.clear();
    }
}

impl State {
    /// Counts a request and lets the script strike.
    pub(super) fn enter(&mut self, op: Op, target: &str, body: Option<&Document>) -> Result<Fate, PortError> {
        if self.lasting.ended == Some(Fault::CrashAfterSend) {
            return Err(failure(op, target, Kind::Unreachable, "the process is gone"));
        }
        self.requests += 1;
        if op.writes() {
            self.sent.push(Sent { op, target: target.to_owned(), body: body.cloned() });
        }
        if self.refused.contains(&(self.caller.clone(), op)) {
            return Err(failure(op, target, Kind::Refused, "AccessDenied: Access Denied"));
        }
        if let Some(fault) = self.lasting.ended.or_else(|| self.lasting.refusal(op, target)) {
            return Err(refusal(fault, op, target));
        }
        if self.lasting.hides(target) {
            return Err(failure(op, target, Kind::Missing, "NoSuchEntity: not known everywhere yet"));
        }
        let Some(fault) = self.struck(op, target) else { return Ok(Fate::Good) };
        match fault {
            Fault::AnswerLost | Fault::CrashAfterSend | Fault::Truncated | Fault::Stale(_) | Fault::NotYet(_) => return Ok(Fate::Then(fault)),
            Fault::Expired | Fault::Skewed => self.lasting.ended = Some(fault),
            Fault::SlowDown(times) => self.lasting.refused.push((fault, None, times.saturating_sub(1))),
            Fault::Conflict(times) | Fault::NoPrincipal(times) => {
                self.lasting.refused.push((fault, Some(target.to_owned()), times.saturating_sub(1)));
            }
            Fault::Refused | Fault::Unreachable => {}
        }
        Err(refusal(fault, op, target))
    }

    /// How everything about a target reads now, if the fault will need that later.
    pub(super) fn before(&mut self, fate: Fate, target: &str) -> Vec<(Read, Fact<Document>)> {
        let Fate::Then(Fault::Stale(_)) = fate else { return Vec::new() };
        let Ok(id) = target.parse::<ResourceId>() else { return Vec::new() };
        let reads = settings::of_kind(id.kind()).map(|setting| Read { op: setting.read, target: id.clone() });
        reads.map(|read| (read.clone(), self.read(&read).unwrap_or(Fact::Absent))).collect()
    }

    /// What the caller hears of a request that was done.
    pub(super) fn after<T>(
        &mut self,
        fate: Fate,
        op: Op,
        target: &str,
        before: Vec<(Read, Fact<Document>)>,
        answer: Result<T, PortError>,
    ) -> Result<T, PortError> {
        let Fate::Then(fault) = fate else { return answer };
        let lost = |kind, message| Err(PortError { maybe_done: op.writes(), ..failure(op, target, kind, message) });
        match fault {
            Fault::CrashAfterSend => self.lasting.ended = Some(fault),
            Fault::Truncated => return lost(Kind::Unreachable, "the answer breaks off"),
            Fault::Stale(times) => {
                self.lasting.stale.extend(before.into_iter().map(|(read, fact)| ((read.target, read.op), (fact, times))));
                return answer;
            }
            Fault::NotYet(times) => {
                self.lasting.hidden.insert(target.to_owned(), times);
                return answer;
            }
            _ => {}
        }
        lost(Kind::Unreachable, "the connection broke before the answer")
    }

    /// An old answer to a question, if one is still given.
    pub(super) fn stale(&mut self, read: &Read) -> Option<Fact<Document>> {
        let (fact, times) = self.lasting.stale.get_mut(&(read.target.clone(), read.op)).filter(|(_, times)| *times > 0)?;
        *times -= 1;
        Some(fact.clone())
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

impl Lasting {
    /// A refusal that lasts, and counts down.
    fn refusal(&mut self, op: Op, target: &str) -> Option<Fault> {
        let meets = |of: &Option<String>| of.as_deref().is_none_or(|of| of == target && op.writes());
        let (fault, _, left) = self.refused.iter_mut().find(|(_, of, left)| *left > 0 && meets(of))?;
        *left -= 1;
        Some(*fault)
    }

    fn hides(&mut self, target: &str) -> bool {
        let Some(left) = self.hidden.get_mut(target).filter(|left| **left > 0) else { return false };
        *left -= 1;
        true
    }
}

/// How a request is refused that was not done.
fn refusal(fault: Fault, op: Op, target: &str) -> PortError {
    let refused = |kind, message| failure(op, target, kind, message);
    match fault {
        Fault::SlowDown(_) => PortError { maybe_done: op.writes(), ..refused(Kind::Busy, "SlowDown: Please reduce your request rate.") },
        Fault::Conflict(_) => refused(Kind::Unsettled, "OperationAborted: A conflicting conditional operation is currently in progress against this resource."),
        Fault::NoPrincipal(_) => refused(Kind::NoPrincipal, "MalformedPolicyDocument: Invalid principal in policy"),
        Fault::Expired => refused(Kind::Credentials, "ExpiredToken: The provided token has expired."),
        Fault::Skewed => refused(Kind::Clock, "RequestTimeTooSkewed: The difference between the request time and the current time is too large."),
        Fault::Refused => refused(Kind::Refused, "AccessDenied: Access Denied"),
        _ => refused(Kind::Unreachable, "connection refused"),
    }
}
