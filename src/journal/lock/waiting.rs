//! Waiting for a lock that somebody holds: for how long, and what is told of it meanwhile, in sentences for people. It neither reads
//! nor writes the lock, and never says that a lease is over before S3's clock does.

use std::time::Duration;

use jiff::SignedDuration;

use super::Holder;
use crate::model::units;

/// For how long a lock is waited for, and who is told.
#[derive(Clone, Copy, Default)]
pub struct Waiting<'a> {
    /// The longest time.
    pub at_most: Duration,
    /// Is told each time the lock was looked at, and how the waiting ended.
    pub told: Option<&'a (dyn Fn(&News) + Send + Sync)>,
}

impl std::fmt::Debug for Waiting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Waiting({:?})", self.at_most)
    }
}

impl Waiting<'_> {
    /// For so long, and nobody is told.
    pub const fn at_most(at_most: Duration) -> Self {
        Self { at_most, told: None }
    }

    pub(super) fn tell(&self, news: &News) {
        if let Some(told) = self.told.filter(|_| !self.at_most.is_zero()) {
            told(news);
        }
    }
}

/// What there is to tell of a lock that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Who holds it, or was the last to hold it.
    pub holder: Holder,
    /// For how long we have waited.
    pub waited: SignedDuration,
    /// How it stands.
    pub now: Now,
}

/// How it stands with a lock that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Now {
    /// It is held, and we wait on, so long at most in all.
    Held(Duration),
    /// It is ours: its holder gave it back.
    GivenBack,
    /// It is ours: its holder broke off, and its lease was over.
    TakenOver,
    /// It is held, and we do not wait any longer.
    GivenUp,
}

impl News {
    /// In one line.
    pub fn sentence(&self) -> String {
        let (holder, run, waited) = (&self.holder, &self.holder.run, spell(self.waited.as_millis()));
        match self.now {
            Now::Held(at_most) => format!(
                "{}; its lease runs until {} by S3's clock, longer if it is renewed; waiting for {waited} of at most {}",
                holder.sentence(),
                holder.until.strftime("%Y-%m-%dT%H:%M:%SZ"),
                spell(i128::try_from(at_most.as_millis()).unwrap_or(i128::MAX)),
            ),
            Now::GivenBack => {
                format!("the lock is ours after {waited}: run {run} of `{}` has ended; this apply plans upon what that one left", holder.identity)
            }
            Now::TakenOver => format!(
                "the lock was taken over after {waited}: run {run} of `{}` broke off and its lease is over; this apply closes its journal and plans anew, and `lifeboat plan` then says what is left",
                holder.identity
            ),
            Now::GivenUp => format!(
                "given up after {waited}: run {run} of `{}` still holds the lock; `lifeboat plan` says who holds it, `lifeboat apply --wait` waits again",
                holder.identity
            ),
        }
    }

    /// Whether the waiting is over.
    pub const fn is_last(&self) -> bool {
        !matches!(self.now, Now::Held(_))
    }
}

fn spell(milliseconds: i128) -> String {
    // Whole seconds: the lock is looked at every two.
    let seconds = u64::try_from(milliseconds / 1000).unwrap_or_default();
    if seconds < 60 { format!("{seconds} s") } else { units::elapsed(seconds.saturating_mul(1000)) }
}
