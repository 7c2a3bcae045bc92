//! One run of `apply` from its lock to its last entry: takes the lock, closes the journals of runs that broke off, writes
//! down what it sets out to do, and gives the lock back. It neither plans nor sends.
//!
//! The order is what makes it safe: a journal that broke off is closed before anything is read for the plan, by taking the
//! number of its next entry. Should that run be alive after all, it cannot write down, and so not send, another step.

use tokio::sync::watch;

use super::{Applied, Journal};
use crate::journal::lock::waiting::Waiting;
use crate::journal::lock::{self, Lock, LockError};
use crate::journal::store;
use crate::journal::{Began, Entry, FORMAT, Intended, Line, Outcome, Run, run_id};
use crate::model::causes::causes;
use crate::model::repository::ControlPlace;
use crate::model::resource::Identity;
use crate::plan::{Plan, Step};
use crate::ports::{Answer, Ports};

/// The journal on this machine.
pub trait Local: Send {
    /// Appends a line, durably.
    ///
    /// # Errors
    /// When it could not be written.
    fn append(&mut self, line: &str) -> Result<(), String>;
}

/// A run.
pub struct Session {
    ports: Ports,
    /// Its id.
    pub run: String,
    /// The runs that broke off before it, as they were found.
    pub broken: Vec<Run>,
    control: Option<(ControlPlace, Lock)>,
    local: Option<Box<dyn Local>>,
    entries: u64,
    finished: bool,
    stop: Option<watch::Receiver<bool>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({})", self.run)
    }
}

impl Session {
    /// Takes the lock, waiting for who holds it, and closes the journals of runs that broke off. Without a control
    /// place neither is there.
    ///
    /// # Errors
    /// When the lock cannot be had, or a journal not be closed.
    pub async fn open(ports: &Ports, control: Option<&ControlPlace>, identity: &Identity, waiting: &Waiting<'_>) -> Result<Self, LockError> {
        let run = run_id(ports.clock.now(), &ports.entropy.hex(3));
        let mut session = Self { ports: ports.clone(), run, broken: Vec::new(), control: None, local: None, entries: 0, finished: true, stop: None };
        let Some(place) = control else { return Ok(session) };
        let lock = lock::take(ports, place, identity, &session.run, waiting).await?;
        session.control = Some((place.clone(), lock));
        match session.close_broken().await {
            Ok(()) => Ok(session),
            Err(error) => {
                // Best effort: the lock says which runs are still to be closed.
                let _ = session.close().await;
                Err(error)
            }
        }
    }

    async fn close_broken(&mut self) -> Result<(), LockError> {
        let Some((place, lock)) = &mut self.control else { return Ok(()) };
        for run in lock.unfinished().to_vec() {
            lock.hold().await?;
            self.broken.extend(store::close(&self.ports, place, &run, &self.run, self.ports.clock.now()).await?);
        }
        lock.set_unfinished(Vec::new());
        Ok(())
    }

    /// From now on nothing more is sent once this says so; what is under way is read back at once, and the run comes to its end.
    pub fn stop_when(&mut self, stop: watch::Receiver<bool>) {
        self.stop = Some(stop);
    }

    /// Writes down what is set out to be done. Nothing may be sent before.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn begin(&mut self, local: Box<dyn Local>, began: Began) -> Result<(), String> {
        self.local = Some(local);
        self.finished = false;
        self.write(Entry::Began(began)).await
    }

    /// Writes down that the run came to its end, and what became of its steps.
    ///
    /// # Errors
    /// When it could not be written; then the next run will find this one broken off.
    pub async fn finish(&mut self, applied: &Applied) -> Result<(), String> {
        let those = |wanted: fn(&Outcome) -> bool| applied.steps.iter().filter(|(_, outcome)| wanted(outcome)).map(|(step, _)| step.id()).collect();
        let entry = Entry::Finished {
            done: those(|outcome| matches!(outcome, Outcome::Done)),
            not_done: those(|outcome| matches!(outcome, Outcome::NotSent(_))),
            unknown: those(|outcome| matches!(outcome, Outcome::MaybeDone(_) | Outcome::ReadsBackOtherwise(_))),
        };
        self.write(entry).await?;
        self.finished = true;
        Ok(())
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// When that could not be written: the lock is then free when its lease is over.
    pub async fn close(self) -> Result<(), LockError> {
        let Some((_, mut lock)) = self.control else { return Ok(()) };
        if !self.finished {
            let unfinished = lock.unfinished().iter().cloned().chain([self.run]).collect();
            lock.set_unfinished(unfinished);
        }
        lock.release().await
    }

    async fn append(&mut self, entry: Entry) -> Result<(), String> {
        let line = Line { format: FORMAT.to_owned(), run: self.run.clone(), sequence: self.entries + 1, at: self.ports.clock.now(), entry };
        if let Some(local) = &mut self.local {
            local.append(&String::from_utf8_lossy(&line.to_bytes()))?;
        }
        if let Some((place, _)) = &self.control {
            store::append(&self.ports, place, &line).await.map_err(|error| causes(&error))?;
        }
        self.entries += 1;
        Ok(())
    }
}

impl Journal for Session {
    fn write(&mut self, entry: Entry) -> Answer<'_, Result<(), String>> {
        Box::pin(self.append(entry))
    }

    fn hold(&mut self) -> Answer<'_, Result<(), String>> {
        Box::pin(async move {
            if self.stop.as_ref().is_some_and(|stop| *stop.borrow()) {
                return Err("interrupted".to_owned());
            }
            match &mut self.control {
                Some((_, lock)) => lock.hold().await.map_err(|error| causes(&error)),
                None => Ok(()),
            }
        })
    }
}

/// What is written down of a plan before it is carried out.
pub fn intended(plan: &Plan) -> Vec<Intended> {
    let one = |step: &Step| Intended {
        id: step.id(),
        digest: step.digest(),
        resource: step.resource.clone(),
        setting: step.setting.clone(),
        from: step.from.clone(),
        to: step.to.clone(),
    };
    plan.steps.iter().map(one).collect()
}

/// What a failed `finish` or `close` leaves, in words for whom it concerns.
pub fn left_behind(finished: &Result<(), String>, closed: &Result<(), LockError>) -> Vec<String> {
    let mut out = Vec::new();
    if let Err(why) = finished {
        out.push(format!("the end of this run could not be written down, so the next one will call it broken off: {why}"));
    }
    if let Err(error) = closed {
        out.push(format!("the lock could not be given back; it is free in {} s at the latest: {}", lock::LEASE.as_secs(), causes(error)));
    }
    out
}
