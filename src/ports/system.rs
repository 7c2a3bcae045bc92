//! The real clock and the real randomness.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Answer, Clock, Entropy};

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, how_long: std::time::Duration) -> Answer<'_, ()> {
        Box::pin(tokio::time::sleep(how_long))
    }
}

/// The operating system's randomness.
#[derive(Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn hex(&self, bytes: usize) -> String {
        let mut buffer = vec![0_u8; bytes];
        // The kernel's generator does not fail on a booted Linux; all zeros would still only collide, and creates are conditional.
        let _ = getrandom::fill(&mut buffer);
        buffer.iter().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
    }
}

/// 32 bytes for a new private key. Unlike [`Entropy`], whose names may collide, this never goes on without randomness.
///
/// # Errors
/// When the system has none to give.
pub fn seed() -> Result<[u8; 32], String> {
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|error| error.to_string())?;
    Ok(seed)
}
