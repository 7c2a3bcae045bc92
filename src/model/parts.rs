//! Work over many values on all processors. Pure: the output is the same whatever their number, and in the order of the values.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

/// So few are done sooner than a thread is started for them.
const FEW: usize = 64;

/// Splits the values into as many runs as there are processors, works each on a thread of its own, and gives what came of each, in order.
pub fn in_parts<T: Sync, R: Send>(all: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    if all.len() <= FEW || processors == 1 {
        return vec![work(all)];
    }
    thread::scope(|scope| {
        let runs: Vec<_> = all.chunks(all.len().div_ceil(processors)).map(|part| scope.spawn(|| work(part))).collect();
        runs.into_iter().map(|run| run.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests;
