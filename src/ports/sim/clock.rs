//! Time and chance of the simulator: both stand still until they are moved.

use jiff::{SignedDuration, Timestamp};

use super::World;
use crate::model::document::sha256_hex;
use crate::ports::{Answer, Clock, Entropy};

impl World {
    /// Moves the clock.
    pub fn advance(&self, how_far: SignedDuration) {
        let mut state = self.lock();
        state.now = state.now.checked_add(how_far).unwrap_or(Timestamp::MAX);
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn sleep(&self, how_long: std::time::Duration) -> Answer<'_, ()> {
        self.advance(SignedDuration::try_from(how_long).unwrap_or(SignedDuration::MAX));
        Box::pin(std::future::ready(()))
    }
}

impl Entropy for World {
    /// The same world gives the same names in the same order, and none twice.
    fn hex(&self, bytes: usize) -> String {
        let mut out = String::new();
        while out.len() < bytes * 2 {
            out.push_str(&sha256_hex(&self.lock().serial().to_be_bytes()));
        }
        out.truncate(bytes * 2);
        out
    }
}
