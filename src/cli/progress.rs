//! Progress of long work: a line on a terminal, nothing elsewhere (with `--verbose`, a line per stage).

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;

use super::Global;
use crate::backup::Progress;
use crate::model::units;

/// Becomes true at the first Ctrl-C, request to terminate, or when the terminal goes away.
pub(super) fn stop_on_signal() -> watch::Receiver<bool> {
    let (stopped, stop) = watch::channel(false);
    tokio::spawn(async move {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
        let told = async {
            match &mut terminate {
                Some(terminate) => {
                    terminate.recv().await;
                }
                None => std::future::pending().await,
            }
        };
        let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
        let gone = async {
            match &mut hangup {
                Some(hangup) => {
                    hangup.recv().await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = told => {}
            () = gone => {}
        }
        let _ = stopped.send(true);
        // The channel stays open: a dropped sender would read as an end of its own.
        std::future::pending::<()>().await;
    });
    stop
}

/// The progress that fits where we run.
pub(super) fn progress(global: &Global) -> Arc<dyn Progress> {
    if global.quiet {
        Arc::new(Silent)
    } else if std::io::stderr().is_terminal() {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {msg} · {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Arc::new(Line { bar, bytes: AtomicU64::new(0) })
    } else if global.verbose {
        Arc::new(Stages)
    } else {
        Arc::new(Silent)
    }
}

struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &str) {}
    fn bytes(&self, _: u64) {}
}

struct Stages;

impl Progress for Stages {
    fn stage(&self, name: &str) {
        let _ = writeln!(std::io::stderr(), "lifeboat: {name}");
    }
    fn bytes(&self, _: u64) {}
}

struct Line {
    bar: ProgressBar,
    bytes: AtomicU64,
}

impl Progress for Line {
    fn stage(&self, name: &str) {
        self.bytes.store(0, Ordering::Relaxed);
        self.bar.set_prefix(name.to_owned());
        self.bar.set_message("");
    }

    fn bytes(&self, count: u64) {
        let total = self.bytes.fetch_add(count, Ordering::Relaxed) + count;
        self.bar.set_message(units::bytes(total));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A line on a terminal that says how much is read, and nothing elsewhere.
pub(super) struct Reading(Option<ProgressBar>);

impl Reading {
    pub(super) fn new(global: &Global) -> Self {
        if global.quiet || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{spinner} read {human_pos} of {human_len} settings · {elapsed} · Ctrl-C shows what is read so far") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(Some(bar))
    }

    pub(super) fn told(&self, answered: usize, of: usize) {
        if let Some(bar) = &self.0 {
            bar.set_length(of as u64);
            bar.set_position(answered as u64);
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
