//! How many questions are under way at once: more while they are answered, half as many when the endpoint asks to slow
//! down (additive increase, multiplicative decrease), none when it has stopped to answer. It counts and never asks.

use jiff::{SignedDuration, Timestamp};

use crate::model::fact::Why;

/// How many are under way at the beginning.
const BEGIN: f64 = 16.0;
/// The most that are under way: what one host answers at once without being asked to slow down.
const MOST: f64 = 64.0;
/// Without a good answer for so long, nothing more is asked.
const SILENCE: SignedDuration = SignedDuration::from_secs(60);
/// So many answers without a good one are no coincidence.
const IN_A_ROW: usize = 8;

/// The pace of the questions to one service.
pub(super) struct Pace {
    limit: f64,
    /// Answers to requests that were under way when the pace was halved: they say nothing about the new pace.
    old: usize,
    bad: usize,
    bad_since: Option<Timestamp>,
    last: Option<Why>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { limit: BEGIN, old: 0, bad: 0, bad_since: None, last: None }
    }

    /// How many may be under way.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 64")]
    pub(super) fn limit(&self) -> usize {
        self.limit as usize
    }

    /// An answer came; `why` it is unknown, if it is.
    pub(super) fn answered(&mut self, why: Option<&Why>, now: Timestamp) {
        if let Some(why @ (Why::Busy(_) | Why::Unreachable(_) | Why::Credentials(_))) = why {
            self.bad += 1;
            self.bad_since.get_or_insert(now);
            self.last = Some(why.clone());
        } else {
            (self.bad, self.bad_since, self.last) = (0, None, None);
        }
        match why {
            Some(Why::Busy(_)) if self.old == 0 => {
                self.old = self.limit();
                self.limit = (self.limit / 2.0).max(1.0);
            }
            Some(Why::Busy(_) | Why::Unreachable(_) | Why::Credentials(_)) => {}
            _ => self.limit = (self.limit + 1.0 / self.limit).min(MOST),
        }
        self.old = self.old.saturating_sub(1);
    }

    /// Why nothing more is to be asked, if so.
    pub(super) fn gives_up(&self, now: Timestamp) -> Option<Why> {
        let for_long = self.bad_since.is_some_and(|since| now.duration_since(since) >= SILENCE);
        match &self.last {
            _ if self.bad < IN_A_ROW => None,
            Some(Why::Credentials(said)) => Some(Why::Credentials(format!("not asked any more after {} refusals; the last one: {said}", self.bad))),
            Some(Why::Busy(said)) if for_long => Some(Why::Busy(format!("not asked any more after a minute without an answer; the last one: {said}"))),
            Some(Why::Unreachable(said)) if for_long => {
                Some(Why::Unreachable(format!("not asked any more after a minute without an answer; the last one: {said}")))
            }
            _ => None,
        }
    }
}
