//! Physical sets that cannot be watched: without the name that their engine goes by, or in the place of another set. Pure.

use crate::model::finding::Finding;
use crate::model::policy::{Name, PhysicalEngine, PhysicalSet, RepositoryPlace};
use crate::policy::LoadedPolicy;

/// What is wrong with the physical sets of a policy.
pub(super) fn findings(policy: &LoadedPolicy) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let mut out = Vec::new();
    for (name, set) in &spec.backups.physical {
        out.extend(names(policy, name, set));
        out.extend(shared(policy, name, set));
    }
    let expirer = spec.access.as_ref().is_some_and(|access| access.expirer.is_some());
    if expirer && spec.backups.physical.is_empty() {
        let finding = Finding::error("the expirer has nothing to expire").why("it runs the expiry of other engines, and no set is of one");
        out.push(policy.mark(finding, "/spec/access/expirer", "a role that may delete nothing").instead("take the expirer out, or add a physical set"));
    }
    out
}

/// Each engine has its own word for whose repository it is.
fn names(policy: &LoadedPolicy, name: &Name, set: &PhysicalSet) -> Vec<Finding> {
    let wanted = match set.engine {
        PhysicalEngine::Pgbackrest => Some("stanza"),
        PhysicalEngine::BarmanCloud => Some("server"),
        PhysicalEngine::WalG => None,
    };
    let engine = set.engine.as_str();
    let mut out = Vec::new();
    for (field, given) in [("stanza", set.stanza.is_some()), ("server", set.server.is_some())] {
        if given && wanted != Some(field) {
            let finding = Finding::error(format!("`{engine}` has no {field}"));
            let instead = wanted.map_or_else(|| format!("take `{field}` out"), |wanted| format!("write `{wanted}` instead"));
            out.push(policy.mark(finding, &format!("/spec/backups/{name}/{field}"), format!("not a word of {engine}")).instead(instead));
        }
        if !given && wanted == Some(field) {
            let finding = Finding::error(format!("a set of `{engine}` needs its {field}")).why("several can lie below one prefix");
            out.push(policy.mark(finding, &format!("/spec/backups/{name}"), "whose repository?").instead(format!("write {field}: NAME, as {engine} is told")));
        }
    }
    out
}

/// Sets whose places meet: what removes versions of the one would remove those of the other.
fn shared(policy: &LoadedPolicy, name: &Name, set: &PhysicalSet) -> Vec<Finding> {
    let spec = &policy.policy.spec;
    let base = format!("{}{}", spec.storage.prefix, set.prefix);
    let taken = spec.backups.keys().map(|other| (other, format!("{}{other}/", spec.storage.prefix)));
    let taken = taken.filter(|(_, folder)| folder.starts_with(&base) || base.starts_with(folder)).map(|(other, _)| other);
    let place = RepositoryPlace::of(&spec.storage.prefix, set);
    let twice = spec.backups.physical.iter().filter(|(other, _)| *other < name);
    let twice = twice.filter(|(_, other)| RepositoryPlace::of(&spec.storage.prefix, other) == place).map(|(other, _)| other);
    let both = taken.chain(twice).map(|other| {
        let finding = Finding::error(format!("the repository of `{name}` and set `{other}` lie in one place"));
        let finding = policy.mark(finding, &format!("/spec/backups/{name}/prefix"), format!("below {base}"));
        policy.mark(finding, &format!("/spec/backups/{other}"), "and this one").instead("give the repository a prefix of its own")
    });
    both.collect()
}
