//! Stored entries → runs: what each of them did, did not do, and what is not known. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Began, Entry, FORMAT, Intended, Line, Outcome, is_plain, is_run_id};

/// One run, as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id; ids sort by the moment that runs began.
    pub id: String,
    /// Who set out to do what; none when it broke off before it wrote that down.
    pub began: Option<Began>,
    /// When its first entry was written.
    pub first: Option<Timestamp>,
    /// When its last entry was written, by whoever wrote it.
    pub last: Option<Timestamp>,
    /// Its steps in order.
    pub steps: Vec<RunStep>,
    /// How it ended.
    pub end: End,
    /// Highest number of an entry.
    pub entries: u64,
    /// What is wrong with the journal itself. Then "not reached" proves nothing.
    pub problems: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It came to its end and wrote so.
    Finished,
    /// It broke off, and this later run closed its journal.
    Closed {
        /// The later run.
        by: String,
    },
    /// Its journal has no last entry: it is under way, or it broke off.
    Open,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunStep {
    /// What was intended, with what leads back.
    pub intended: Intended,
    /// How far it came.
    pub progress: Progress,
}

/// How far a step came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No entry says that it was about to be sent.
    NotReached,
    /// About to be sent, and no entry says what came of it.
    Sending {
        /// Since when.
        at: Timestamp,
    },
    /// It ended.
    Ended {
        /// When.
        at: Timestamp,
        /// How.
        outcome: Outcome,
    },
}

impl Run {
    /// The steps that were sent and read back as planned.
    pub fn done(&self) -> Vec<&RunStep> {
        self.those(|progress| matches!(progress, Progress::Ended { outcome: Outcome::Done, .. }))
    }

    /// The steps that were surely not sent.
    pub fn not_done(&self) -> Vec<&RunStep> {
        let whole = self.problems.is_empty();
        self.those(|progress| match progress {
            Progress::Ended { outcome, .. } => matches!(outcome, Outcome::NotSent(_)),
            Progress::NotReached => whole,
            Progress::Sending { .. } => false,
        })
    }

    /// The steps of which it is not known what came of them.
    pub fn unknown(&self) -> Vec<&RunStep> {
        let (done, not_done) = (self.done(), self.not_done());
        self.steps.iter().filter(|step| !done.contains(step) && !not_done.contains(step)).collect()
    }

    fn those(&self, wanted: impl Fn(&Progress) -> bool) -> Vec<&RunStep> {
        self.steps.iter().filter(|step| wanted(&step.progress)).collect()
    }
}

/// Reads stored entries (key and bytes, in any order, of any number of journals), oldest run first. Keys end in
/// `<run>/<number>.json`; others are no entries and are passed over.
pub fn runs(objects: &[(String, Vec<u8>)]) -> Vec<Run> {
    let mut by_run: BTreeMap<&str, BTreeMap<u64, &[u8]>> = BTreeMap::new();
    for (key, bytes) in objects {
        let mut parts = key.rsplit('/');
        if let (Some(sequence), Some(run)) = (parts.next().and_then(number), parts.next().filter(|run| is_run_id(run))) {
            by_run.entry(run).or_default().insert(sequence, bytes);
        }
    }
    by_run.into_iter().map(|(run, entries)| read(run, &entries)).collect()
}

/// `000042.json` → 42, in the one spelling that a writer uses.
pub(super) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    let number: u64 = digits.parse().ok()?;
    (number > 0 && number < u64::MAX && format!("{number:06}") == digits).then_some(number)
}

fn read(id: &str, entries: &BTreeMap<u64, &[u8]>) -> Run {
    let mut run = Run { id: id.to_owned(), began: None, first: None, last: None, steps: Vec::new(), end: End::Open, entries: 0, problems: Vec::new() };
    for (sequence, bytes) in entries {
        if *sequence != run.entries + 1 {
            run.problems.push(format!("entries are missing before number {sequence}"));
        }
        run.entries = *sequence;
        match line(id, *sequence, bytes) {
            Ok(line) => run.take(line),
            Err(why) => run.problems.push(format!("entry {sequence} {why}")),
        }
    }
    run
}

fn line(run: &str, sequence: u64, bytes: &[u8]) -> Result<Line, String> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| "is not JSON".to_owned())?;
    let format = value.get("format").and_then(serde_json::Value::as_str).unwrap_or_default();
    if format != FORMAT {
        let shown = if is_plain(format) { format } else { "?" };
        return Err(format!("has format `{shown}`, and this lifeboat reads `{FORMAT}`"));
    }
    let line: Line = serde_json::from_value(value).map_err(|error| format!("is not understood: {error}"))?;
    if line.run != run || line.sequence != sequence {
        return Err("says that it is another one".to_owned());
    }
    let shown: Vec<&str> = match &line.entry {
        Entry::Began(began) => began.steps.iter().map(|step| step.id.as_str()).chain([began.identity.short()]).collect(),
        Entry::Sending { step, .. } | Entry::Ended { step, .. } => vec![step],
        Entry::Finished { .. } => Vec::new(),
        Entry::Closed { by } => vec![by],
    };
    if shown.iter().all(|text| is_plain(text)) { Ok(line) } else { Err("names something that cannot be a name".to_owned()) }
}

impl Run {
    fn take(&mut self, line: Line) {
        self.first = self.first.or(Some(line.at));
        self.last = Some(line.at);
        if self.end != End::Open {
            self.problems.push(format!("entry {} stands behind the last one", line.sequence));
        }
        match line.entry {
            Entry::Began(began) => {
                let step = |intended: &Intended| RunStep { intended: intended.clone(), progress: Progress::NotReached };
                self.steps = began.steps.iter().map(step).collect();
                self.began = Some(began);
            }
            Entry::Sending { digest, .. } => self.progress(line.sequence, &digest, Progress::Sending { at: line.at }),
            Entry::Ended { digest, outcome, .. } => self.progress(line.sequence, &digest, Progress::Ended { at: line.at, outcome }),
            Entry::Finished { .. } => self.end = End::Finished,
            Entry::Closed { by } => self.end = End::Closed { by },
        }
    }

    fn progress(&mut self, sequence: u64, digest: &str, progress: Progress) {
        match self.steps.iter_mut().find(|step| step.intended.digest == digest) {
            Some(step) => step.progress = progress,
            None => self.problems.push(format!("entry {sequence} is about a step that the run did not set out to do")),
        }
    }
}
