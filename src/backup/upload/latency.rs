//! For how long something of a backup was on its way to the bucket. What is under way at once counts once.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::ports::Clock;

/// A count of the time in which requests that store were under way.
#[derive(Debug, Default)]
pub struct Latency(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: u32,
    since: Option<Timestamp>,
    millis: u64,
}

impl Latency {
    /// Counts a request.
    pub(in crate::backup) async fn during<T>(&self, clock: &dyn Clock, request: impl Future<Output = T>) -> T {
        self.change(|state| {
            state.running += 1;
            state.since = state.since.or_else(|| Some(clock.now()));
        });
        let done = request.await;
        self.change(|state| {
            state.running = state.running.saturating_sub(1);
            if let Some(since) = state.since.take_if(|_| state.running == 0) {
                state.millis += u64::try_from(clock.now().as_millisecond() - since.as_millisecond()).unwrap_or(0);
            }
        });
        done
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The time so far, in milliseconds.
    pub fn millis(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).millis
    }
}
