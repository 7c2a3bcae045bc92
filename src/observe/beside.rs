//! Asks what lies in buckets that lifeboat never manages, when somebody wants to know what lies there. Each question is a GET,
//! and what is answered is kept apart: no plan, no judgement and no exit code rests on it.

use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceKind;
use crate::model::request::Read;
use crate::model::resource::{Desired, Observed};
use crate::ports::Ports;
use crate::settings::beside::BESIDE;

use super::{Asking, Lane, Question, Watch, offline};

/// Reads it of every wanted bucket, or what there is time for.
pub async fn beside(desired: &Desired, ports: &Ports, watch: &Watch<'_>) -> Observed {
    let mut seen = offline(&Desired::default(), &*ports.clock);
    let buckets = desired.resources.iter().map(crate::model::resource::ResourceWish::id).filter(|id| id.kind() == ResourceKind::Bucket);
    let reads: Vec<Read> = buckets.flat_map(|target| BESIDE.iter().map(move |part| Read { op: part.read, target: target.clone() })).collect();
    for read in &reads {
        seen.resources.entry(read.target.clone()).or_default().facts.insert(read.op, Fact::Unknown(Why::NotAsked));
    }
    let lanes = [Lane::of(reads.into_iter().map(Question::Setting)), Lane::of(std::iter::empty())];
    let mut asking = Asking { seen, lanes, answered: 0, total: 0 };
    asking.ask_all(ports, watch).await;
    asking.seen
}
