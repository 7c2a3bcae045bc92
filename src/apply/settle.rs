//! How long apply waits for what it wrote to be true everywhere. Nothing here sends; a wait goes through the clock port.
//!
//! S3 may show the old settings of a bucket for minutes after a write (terraform-provider-aws 41268; Terraform allows 3
//! minutes), and IAM does not know a role everywhere for seconds after it was made (IAM user guide, "Changes that I make are
//! not always immediately visible").

use std::time::Duration;

use jiff::Timestamp;

use crate::ports::{Clock, Kind, PortError};

/// How long apply waits for a write to be seen, at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settle(pub Duration);

impl Default for Settle {
    fn default() -> Self {
        Self(Duration::from_mins(3))
    }
}

/// A refused request is sent again for so long: a role is known everywhere after half a minute, and what is still refused
/// then is wrong in the policy.
const SEND: Duration = Duration::from_mins(1);
/// What may never have been written is looked for so long.
const DOUBT: Duration = Duration::from_secs(15);
/// After a stale answer so many equal ones in a row are believed: servers behind one name take turns.
const IN_A_ROW: usize = 3;
/// Waits grow like this, and then stay.
const PAUSES: [Duration; 6] =
    [Duration::from_millis(200), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(3), Duration::from_secs(5)];

impl Settle {
    /// For requests that are refused while what they rest on is not known everywhere.
    pub(super) fn of_sending(self, clock: &dyn Clock) -> Patience<'_> {
        Patience::new(clock, self.0.min(SEND))
    }

    /// For reading back what was accepted.
    pub(super) fn of_reading(self, clock: &dyn Clock) -> Patience<'_> {
        Patience::new(clock, self.0)
    }

    /// For reading back what may not have happened, and for answers that do not change by waiting.
    pub(super) fn of_doubt(self, clock: &dyn Clock) -> Patience<'_> {
        Patience::new(clock, self.0.min(DOUBT))
    }
}

/// Waits that grow and end: by their sum, so that a clock that jumps cannot make them endless, and by the clock, so that
/// slow answers count too.
pub(super) struct Patience<'a> {
    clock: &'a dyn Clock,
    since: Timestamp,
    bound: Duration,
    waited: Duration,
    next: usize,
}

impl<'a> Patience<'a> {
    fn new(clock: &'a dyn Clock, bound: Duration) -> Self {
        Self { clock, since: clock.now(), bound, waited: Duration::ZERO, next: 0 }
    }

    /// Waits; false when it is used up, and then nothing was waited.
    pub(super) async fn wait(&mut self) -> bool {
        let passed = Duration::try_from(self.clock.now().duration_since(self.since)).unwrap_or(Duration::ZERO);
        let pause = PAUSES.get(self.next).or(PAUSES.last()).copied().unwrap_or(DOUBT);
        let left = self.bound.saturating_sub(self.waited.max(passed));
        if left.is_zero() {
            return false;
        }
        let pause = pause.min(left);
        self.clock.sleep(pause).await;
        self.waited += pause;
        self.next += 1;
        true
    }
}

/// Equal answers in a row, after which a state is believed.
pub(super) struct Streak {
    needed: usize,
    seen: usize,
}

impl Streak {
    pub(super) fn new() -> Self {
        Self { needed: 1, seen: 0 }
    }

    /// Takes an answer; true when the goal is believed to be reached.
    pub(super) fn takes(&mut self, reached: bool) -> bool {
        if reached {
            self.seen += 1;
        } else {
            (self.needed, self.seen) = (IN_A_ROW, 0);
        }
        self.seen >= self.needed
    }
}

/// Whether the same request may be accepted a little later although nothing changes: nothing was done, or the endpoint was
/// too busy. `made` = this apply made the resource a moment ago.
pub(super) fn passes(error: &PortError, made: bool) -> bool {
    match error.kind {
        Kind::Busy | Kind::Unsettled | Kind::NoPrincipal => true,
        Kind::Missing => made,
        _ => false,
    }
}
