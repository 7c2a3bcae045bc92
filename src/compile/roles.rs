//! Roles of the policies and of the repository → what is wanted of each, or why that cannot be. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::finding::Finding;
use crate::model::policy::{Access, Algorithm, GithubEvent, GithubTrust, Policy, RepositoryPlace, Role, Storage, Trust};
use crate::model::repository::RepositoryAccess;
use crate::model::resource::{BoundaryWish, Estate, Partition, Purpose, RolePlaces, RoleWish};
use crate::policy::{Loaded, LoadedPolicy};
use crate::settings::bucket_lifecycle::{tag_value, tiers};
use crate::settings::role_session;

/// The roles, by name, and what is wrong with them.
#[derive(Default)]
pub(super) struct Roles<'a> {
    wishes: BTreeMap<String, (RoleWish, Home<'a>, String)>,
    pub(super) findings: Vec<Finding>,
}

/// The file that says what a role is.
#[derive(Clone, Copy)]
enum Home<'a> {
    Policy(&'a LoadedPolicy),
    Repository(&'a Loaded),
}

impl Home<'_> {
    fn mark(self, finding: Finding, pointer: &str, label: &str) -> Finding {
        match self {
            Self::Policy(policy) => policy.mark(finding, pointer, label),
            Self::Repository(loaded) => loaded.mark(finding, pointer, label),
        }
    }

    /// Where the account is written that roles of this file need.
    fn account(self) -> &'static str {
        match self {
            Self::Policy(_) => "storage.account",
            Self::Repository(_) => "access.account",
        }
    }
}

impl<'a> Roles<'a> {
    /// Every role that the config repo wants. `unfilled_keys` are the condition keys that the endpoint does not fill.
    pub(super) fn of(loaded: &'a Loaded, unfilled_keys: &'static [&'static str]) -> Self {
        let mut roles = Self::default();
        for policy in &loaded.policies {
            if let Some(access) = &policy.policy.spec.access {
                roles.needs_key_arn(policy);
                roles.of_policy(loaded, policy, access, unfilled_keys);
            }
        }
        if let Some(access) = loaded.repository.as_ref().and_then(|repository| repository.spec.access.as_ref()) {
            roles.of_repository(loaded, access, unfilled_keys);
        }
        roles
    }

    /// The roles, sorted by name.
    pub(super) fn wishes(self) -> impl Iterator<Item = RoleWish> {
        self.wishes.into_values().map(|(wish, _, _)| wish)
    }

    fn of_policy(&mut self, loaded: &'a Loaded, policy: &'a LoadedPolicy, access: &Access, unfilled_keys: &'static [&'static str]) {
        let home = Home::Policy(policy);
        let storage = &policy.policy.spec.storage;
        let partition = Partition::of_region(&storage.region);
        let scope = loaded.repository.as_ref().and_then(|repository| repository.spec.access.as_ref()).map(|access| access.scope.as_str());
        let boundary = self.boundary(access.permission_boundary.as_deref(), storage.account.as_deref(), partition, home);
        for (purpose, role) in access.named() {
            let wish = RoleWish {
                path: format!("/lifeboat/{}/", scope.unwrap_or(&policy.policy.metadata.name.0)),
                partition,
                boundary: boundary.clone(),
                evidence: evidence(loaded),
                control: control(loaded),
                unfilled_keys,
                ..policy_role(&policy.policy, role, purpose)
            };
            self.add(wish, role, home, &format!("/spec/access/{}", purpose.as_str()));
        }
    }

    fn of_repository(&mut self, loaded: &'a Loaded, access: &RepositoryAccess, unfilled_keys: &'static [&'static str]) {
        let home = Home::Repository(loaded);
        let region = loaded.repository.as_ref().and_then(|repository| repository.spec.evidence.as_ref()).map(|evidence| evidence.region.as_str());
        let region = region.or_else(|| loaded.policies.first().map(|policy| policy.policy.spec.storage.region.as_str()));
        let partition = Partition::of_region(region.unwrap_or_default());
        let boundary = self.boundary(access.permission_boundary.as_deref(), Some(&access.account), partition, home);
        let named = [(&access.planner, Purpose::Planner), (&access.applier, Purpose::Applier), (&access.auditor, Purpose::Auditor)];
        let path = format!("/lifeboat/{}/", access.scope);
        let guarded = named.iter().filter_map(|(role, _)| role.as_ref());
        let guarded = guarded.map(|role| format!("arn:{}:iam::{}:role{path}{}", partition.as_str(), access.account, role.role));
        let estate = Box::new(Estate { guarded: guarded.collect(), ..estate(loaded) });
        for (role, purpose) in named {
            let Some(role) = role else { continue };
            let wish = RoleWish {
                name: role.role.clone(),
                policy: access.scope.clone(),
                path: path.clone(),
                partition,
                purpose,
                max_session: seconds(role),
                boundary: boundary.clone(),
                attached: role.attached.iter().map(|arn| arn.0.clone()).collect(),
                trust: role.trust.clone(),
                account: Some(access.account.clone()),
                bucket: String::new(),
                prefix: String::new(),
                sets: Vec::new(),
                repositories: Vec::new(),
                tag_values: Vec::new(),
                kms_key: None,
                evidence: evidence(loaded),
                control: control(loaded),
                estate: Some(estate.clone()),
                bootstrap_only: purpose.is_bootstrapped(),
                unfilled_keys,
            };
            self.add(wish, role, home, &format!("/spec/access/{}", purpose.as_str()));
        }
    }

    fn boundary(&mut self, wish: Option<&str>, account: Option<&str>, partition: Partition, home: Home<'a>) -> BoundaryWish {
        match (wish, account) {
            (None, _) => BoundaryWish::LeftAlone,
            (Some("none"), _) => BoundaryWish::None,
            (Some(arn), _) if arn.starts_with("arn:") => BoundaryWish::Policy(arn.to_owned()),
            (Some(name), Some(account)) => BoundaryWish::Policy(format!("arn:{}:iam::{account}:policy/{name}", partition.as_str())),
            (Some(_), None) => {
                let finding = Finding::error("a boundary by its name needs an account").why("only the ARN of a managed policy can be put on a role");
                let finding = finding.instead(format!("write {}, or the ARN of the policy", home.account()));
                self.findings.push(home.mark(finding, "/spec/access/permissionBoundary", "a policy of which account?"));
                BoundaryWish::LeftAlone
            }
        }
    }

    fn add(&mut self, wish: RoleWish, role: &Role, home: Home<'a>, pointer: &str) {
        self.needs_account(&wish, home, pointer);
        self.session_in_range(role, home, pointer);
        for (at, trust) in role.trust.iter().enumerate() {
            if let Trust::Github(github) = trust {
                self.github(&wish, github, home, &format!("{pointer}/trust/{at}/github"));
            }
        }
        if let Some((_, owner, other)) = self.wishes.get(&wish.name) {
            let finding = Finding::error(format!("role `{}` is named twice", wish.name));
            let finding = home.mark(finding, &format!("{pointer}/role"), "here");
            let finding = owner.mark(finding, &format!("{other}/role"), "and here");
            let finding = finding.why("one role for two purposes may do what neither should");
            self.findings.push(finding.instead("give each purpose of each policy a role of its own"));
            return;
        }
        self.wishes.insert(wish.name.clone(), (wish, home, pointer.to_owned()));
    }

    fn needs_account(&mut self, wish: &RoleWish, home: Home<'_>, pointer: &str) {
        if wish.account.is_some() {
            return;
        }
        let kind = wish.trust.iter().find_map(|trust| match trust {
            Trust::Github(_) => Some("a GitHub trust"),
            Trust::Irsa(irsa) if irsa.account.is_none() => Some("a trust of a service account"),
            _ => None,
        });
        if let Some(kind) = kind {
            let finding = Finding::error(format!("{kind} needs `{}`", home.account()));
            let finding = finding.instead(format!("write {}: its OIDC provider is the one that is trusted", home.account()));
            self.findings.push(home.mark(finding, &format!("{pointer}/trust"), "trusts the OIDC provider of an account that is not named"));
        }
    }

    fn session_in_range(&mut self, role: &Role, home: Home<'_>, pointer: &str) {
        let range = role_session::DEFAULT..=role_session::LONGEST;
        if let Some(span) = role.max_session.filter(|_| !range.contains(&seconds(role))) {
            let finding = Finding::error(format!("a session lasts from 1h to 12h, and this one {span}"))
                .why("AWS takes nothing else (IAM API reference, MaxSessionDuration)");
            let finding = finding.instead("write a length from 1h to 12h, or leave it out, which is 1h");
            self.findings.push(home.mark(finding, &format!("{pointer}/maxSession"), "not from 1h to 12h"));
        }
    }

    fn github(&mut self, wish: &RoleWish, github: &GithubTrust, home: Home<'_>, pointer: &str) {
        let said = [github.environment.is_some(), github.event.is_some(), github.r#ref.is_some()];
        if said.iter().filter(|said| **said).count() != 1 {
            let finding = Finding::error("a GitHub trust says exactly one of environment, event and ref");
            let finding = finding.why("the subject of GitHub's token has one of three forms, and a trust without one would admit every job of the repository");
            let finding = finding.instead("write environment: NAME; protect that environment in the repository");
            self.findings.push(home.mark(finding, pointer, "which jobs?"));
        }
        let may_read_only = matches!(wish.purpose, Purpose::Planner | Purpose::Auditor);
        if github.event == Some(GithubEvent::PullRequest) && !may_read_only {
            let finding = Finding::error(format!("pull requests may not be the {}", wish.purpose.as_str()));
            let finding = finding.why("whoever can open a pull request decides what its job does, before anybody has reviewed it");
            let finding = finding.instead("write environment: NAME and let people approve its deployments; only planner and auditor may trust pull requests");
            self.findings.push(home.mark(finding, &format!("{pointer}/event"), "runs what nobody has reviewed"));
        }
    }

    /// A role can be granted a key only by the key's own ARN: an id says no account, and a grant on an alias grants nothing
    /// (KMS developer guide, "Using aliases to control access").
    fn needs_key_arn(&mut self, policy: &LoadedPolicy) {
        let encryption = policy.policy.spec.storage.encryption.as_ref().filter(|encryption| encryption.algorithm == Algorithm::Kms);
        let key = encryption.and_then(|encryption| encryption.key.as_deref());
        if key.is_some_and(|key| !is_key_arn(key)) {
            let finding = Finding::error("the key cannot be granted to the roles").why("the roles of `access` need the key's own ARN in their permissions");
            let finding = finding.instead("write the ARN of the key itself, as in arn:aws:kms:eu-west-1:111122223333:key/1234abcd-…");
            self.findings.push(policy.mark(finding, "/spec/storage/encryption/key", "an id or an alias"));
        }
    }
}

/// Where roles are that this config repo made, and nobody else: below its scope. Without one a role cannot be told from that of
/// another config repo in the account, which may have a policy of the same name.
pub(super) fn places(loaded: &Loaded, roles: &[RoleWish]) -> RolePlaces {
    let scope = loaded.repository.as_ref().and_then(|repository| repository.spec.access.as_ref()).map(|access| access.scope.as_str());
    RolePlaces { path: scope.map(|scope| format!("/lifeboat/{scope}/")), wanted: roles.iter().map(|role| role.name.clone()).collect() }
}

fn is_key_arn(key: &str) -> bool {
    key.starts_with("arn:") && key.contains(":key/")
}

fn seconds(role: &Role) -> i32 {
    role.max_session.map_or(role_session::DEFAULT, |span| i32::try_from(span.as_secs()).unwrap_or(i32::MAX))
}

fn evidence(loaded: &Loaded) -> Option<(String, String)> {
    let place = loaded.repository.as_ref()?.spec.evidence.as_ref()?;
    Some((place.bucket.clone(), place.prefix.clone()))
}

fn control(loaded: &Loaded) -> Option<(String, String)> {
    let place = loaded.repository.as_ref()?.spec.control.as_ref()?;
    Some((place.bucket.clone(), place.prefix.clone()))
}

/// The buckets of all policies.
fn estate(loaded: &Loaded) -> Estate {
    let storages = || loaded.policies.iter().map(|policy| &policy.policy.spec.storage);
    let places: BTreeSet<(String, String)> = storages().map(|storage| (storage.bucket.clone(), storage.prefix.clone())).collect();
    let key = |storage: &Storage| storage.encryption.as_ref()?.key.clone().filter(|key| is_key_arn(key));
    let with_repositories = loaded.policies.iter().map(|policy| &policy.policy.spec).filter(|spec| !spec.backups.physical.is_empty());
    let replications = || storages().filter_map(|storage| storage.replication.as_ref());
    let looks_as = || replications().filter_map(|wish| Some(wish.assume_role.as_ref()?.role.0.clone()));
    let repositories = loaded.policies.iter().flat_map(|policy| {
        let storage = &policy.policy.spec.storage;
        policy.policy.spec.backups.physical.values().map(|set| (storage.bucket.clone(), RepositoryPlace::of(&storage.prefix, set)))
    });
    Estate {
        places,
        repositories: repositories.collect(),
        keys: storages().filter_map(key).collect(),
        repository_keys: with_repositories.filter_map(|spec| key(&spec.storage)).collect(),
        replicas: replications().map(|wish| wish.bucket.clone()).collect(),
        replicators: replications().map(|wish| wish.role.0.clone()).collect(),
        plans_as: storages().filter_map(|storage| Some(storage.assume_role.as_ref()?.plan.0.clone())).chain(looks_as()).collect(),
        applies_as: storages().filter_map(|storage| Some(storage.assume_role.as_ref()?.apply.0.clone())).chain(looks_as()).collect(),
        guarded: BTreeSet::new(),
        control: control(loaded),
    }
}

/// A role of a policy, without what its repository says.
fn policy_role(policy: &Policy, role: &Role, purpose: Purpose) -> RoleWish {
    let storage = &policy.spec.storage;
    let name = &policy.metadata.name.0;
    let values = policy.spec.backups.iter().flat_map(|(set, backup)| tiers(&backup.retention).into_iter().map(|(tier, _, _)| tag_value(name, &set.0, tier)));
    RoleWish {
        name: role.role.clone(),
        policy: name.clone(),
        path: String::new(),
        partition: Partition::Aws,
        purpose,
        max_session: seconds(role),
        boundary: BoundaryWish::LeftAlone,
        attached: role.attached.iter().map(|arn| arn.0.clone()).collect(),
        trust: role.trust.clone(),
        account: storage.account.clone(),
        bucket: storage.bucket.clone(),
        prefix: storage.prefix.clone(),
        sets: policy.spec.backups.keys().map(|set| set.0.clone()).collect(),
        repositories: policy.spec.backups.physical.values().map(|set| RepositoryPlace::of(&storage.prefix, set)).collect(),
        tag_values: values.collect(),
        kms_key: storage.encryption.as_ref().and_then(|encryption| encryption.key.clone()),
        evidence: None,
        control: None,
        estate: None,
        bootstrap_only: false,
        unfilled_keys: &[],
    }
}
