use futures_util::FutureExt as _;

use super::*;
use crate::policy::{self, ConfigFile};
use crate::ports::sim::{CALLER, Op, World};

const POLICY: &str = include_str!("../../../../examples/quickstart/config/policies/orders.yaml");

#[test]
fn a_listing_of_versions_that_fails_leaves_the_answer_unknown_and_never_impossible() {
    let loaded = policy::load(&[ConfigFile { path: "policies/orders.yaml".to_owned(), bytes: POLICY.as_bytes().to_vec() }]);
    let policy = loaded.policies.first().unwrap();
    let (set, _) = policy.policy.spec.backups.iter().next().unwrap();
    let at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    for (refused, verdict) in [(false, "impossible"), (true, "unknown")] {
        let world = World::at(at);
        world.put_bucket(&policy.policy.spec.storage.bucket, &policy.policy.spec.storage.region);
        if refused {
            world.refuse(CALLER, Op::Versions);
        }
        let (ports, proofs) = (world.ports(), Fact::Known(Proofs::default()));
        let mut asking = Asking { ports: &ports, policy, set, proofs: &proofs, notes: Vec::new(), unread: 0, failed: Vec::new() };
        let hidden = asking.hidden(None, at).now_or_never().unwrap();
        let answer = Answer { options: String::new(), revision: "", now: at, at, backups: &[], hidden, rate: None };
        let view = answer.view(asking, None);
        assert_eq!((view.verdict.as_str(), view.notes.len()), (verdict, usize::from(refused)), "{:?}", view.notes);
    }
}
