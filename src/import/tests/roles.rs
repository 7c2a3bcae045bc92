use std::sync::Arc;

use futures_util::FutureExt as _;
use serde_json::json;

use super::super::{Imported, LiveRoles, Subject, policy};
use crate::catalog::physical;
use crate::compile;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::id::ResourceId;
use crate::model::request::{Read, ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, ResourceWish};
use crate::observe;
use crate::plan::{self, Ask};
use crate::policy::{ConfigFile, load};
use crate::ports::sim::World;
use crate::rules;
use crate::settings;

const QUICKSTART: &str = include_str!("../../../examples/quickstart/config/policies/orders.yaml");
const ROLES: [&str; 3] = ["shop-backup-writer", "shop-keeper", "shop-restorer"];
const TRUST: &str = "trust: [{principal: \"arn:aws:iam::000000000000:user/job\"}]";

/// Texts of a policy with what is put in their place.
type Texts<'a> = Vec<(&'a str, &'a str)>;
/// What somebody did to a role.
type Change = fn(&World);

fn file(path: &str, text: &str) -> ConfigFile {
    ConfigFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() }
}

/// The quickstart's bucket and roles as applied, with further texts of its policy replaced.
fn applied(replace: &[(&str, &str)], repository: Option<&ConfigFile>) -> Arc<World> {
    let mut text = QUICKSTART.replace("prefix: orders/\n", "prefix: orders/\n    account: \"111122223333\"\n");
    for (from, to) in replace {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let files: Vec<ConfigFile> = repository.into_iter().cloned().chain([file("policies/orders.yaml", &text)]).collect();
    let loaded = load(&files);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let (mut desired, _) = compile::compile(&loaded, &[]);
    desired.resources.retain(|wish| wish.policies().contains(&"orders"));
    let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
    let ports = world.ports();
    let observed = observe::observe(&desired, &ports, Fact::Absent).now_or_never().unwrap();
    for request in plan::asked(&desired, &observed, &Ask::default()).steps.iter().flat_map(|step| &step.requests) {
        ports.cloud.send(request).now_or_never().unwrap().unwrap();
    }
    world
}

fn look(world: &Arc<World>, id: &ResourceId, more: &[ReadOp]) -> ObservedResource {
    let mut out = ObservedResource::default();
    for op in settings::of_kind(id.kind()).map(|setting| setting.read).chain(more.iter().copied()) {
        out.facts.insert(op, world.ports().cloud.read(&Read { op, target: id.clone() }).now_or_never().unwrap());
    }
    out
}

/// What is written of these roles, and what a plan of it would still do about the roles.
fn imported(world: &Arc<World>, names: &[&str], repository: Option<&ConfigFile>) -> (Imported, Vec<String>) {
    let bucket = "shop-dr-orders";
    let listing = world.ports().objects.list(bucket, "orders/").now_or_never().unwrap().unwrap();
    let repositories = Fact::Known(physical::places(listing.iter().map(|object| object.key.as_str())));
    let subject = Subject {
        policy: "orders",
        bucket,
        account: Some("111122223333"),
        region: "eu-west-1",
        prefix: "orders/",
        repository,
        unfilled_keys: &[],
        repositories: &repositories,
        elsewhere: &Fact::Absent,
    };
    let roles: LiveRoles = names.iter().map(|name| ((*name).to_owned(), look(world, &ResourceId::Role((*name).to_owned()), &[ReadOp::RoleProfiles]))).collect();
    let written = policy(&subject, &look(world, &ResourceId::Bucket(bucket.to_owned()), &[]), &roles);
    let files: Vec<ConfigFile> = repository.into_iter().cloned().chain([file("policies/orders.yaml", &written.yaml)]).collect();
    let loaded = load(&files);
    assert!(loaded.findings.is_empty(), "{}\n{:?}", written.yaml, loaded.findings);
    let (mut desired, findings) = compile::compile(&loaded, &[]);
    assert!(findings.is_empty(), "{}\n{findings:?}", written.yaml);
    desired.resources.retain(|wish| !matches!(wish, ResourceWish::Provider(_)) && wish.policies().contains(&"orders"));
    let observed = observe::observe(&desired, &world.ports(), Fact::Absent).now_or_never().unwrap();
    let plan = plan::asked(&desired, &observed, &Ask::default());
    let held = plan.held.iter().map(|held| format!("{}@{}", held.setting, held.resource));
    (written, plan.steps.iter().map(plan::Step::id).chain(held).collect())
}

#[test]
fn roles_in_every_form_are_written_so_that_they_plan_to_nothing() {
    let github = "trust: [{github: {repository: acme/dr, environment: prod}}, {github: {repository: acme/dr, ref: refs/heads/main}}]";
    let irsa = "trust: [{irsa: {oidcProvider: oidc.eks.eu-west-1.amazonaws.com/id/0A, namespace: orders, serviceAccount: backup}}]";
    let pod = "trust: [{podIdentity: {cluster: \"arn:aws:eks:eu-west-1:111122223333:cluster/prod\", namespace: orders, serviceAccount: backup}}]";
    let account = "trust: [{account: {id: \"444455556666\", externalId: acme-dr}}, {account: {id: \"777788889999\"}}]";
    let cases: [(&str, Texts<'_>, &str); 8] = [
        ("plain", vec![], "principal: arn:aws:iam::000000000000:user/job"),
        ("github", vec![(TRUST, github)], "environment: prod"),
        ("irsa", vec![(TRUST, irsa)], "serviceAccount: backup"),
        ("irsa of another account", vec![(TRUST, &*irsa.replace("backup}", "backup, account: \"444455556666\"}").leak())], "account: '444455556666'"),
        ("pod identity", vec![(TRUST, pod)], "cluster: arn:aws:eks:eu-west-1:111122223333:cluster/prod"),
        ("accounts", vec![(TRUST, account)], "externalId: acme-dr"),
        (
            "session and attached",
            vec![(
                TRUST,
                "maxSession: 4h, attached: [\"arn:aws:iam::000000000000:policy/lifeboat-extra\"], trust: [{principal: \"arn:aws:iam::000000000000:user/job\"}]",
            )],
            "maxSession: 4h",
        ),
        (
            "other tiers",
            vec![("recent: 3d, daily: 14, weekly: 12, monthly: 12", "recent: 5d, weekly: 8, yearly: 3")],
            "{\"recent\":\"5d\",\"weekly\":8,\"yearly\":3}",
        ),
    ];
    for (name, replace, said) in cases {
        let world = applied(&replace, None);
        let (written, left) = imported(&world, &ROLES, None);
        assert_eq!((left.as_slice(), written.of_roles.as_slice()), (&[][..], &[][..]), "{name}:\n{}", written.yaml);
        assert!(written.yaml.contains("\n  access:\n") && written.yaml.contains(said), "{name}, {said}:\n{}", written.yaml);
    }
}

#[test]
fn the_config_repo_says_where_roles_are_and_where_evidence_goes() {
    let repository = file("lifeboat.yaml", include_str!("../../../examples/quickstart/config/lifeboat.yaml"));
    let world = applied(&[], Some(&repository));
    let (written, left) = imported(&world, &ROLES, Some(&repository));
    assert_eq!((left.as_slice(), written.of_roles.as_slice()), (&[][..], &[][..]), "{}", written.yaml);
    let (without, _) = imported(&world, &ROLES, None);
    assert!(without.of_roles.iter().any(|note| note.contains("permissions")), "the evidence is not explained without it: {:?}", without.of_roles);
}

#[test]
fn an_expirer_is_written_with_the_repository_that_it_expires() {
    let set = "    physical: {engine: wal-g, prefix: pg/}\n  access:\n    expirer: {role: shop-expirer, trust: [{principal: \"arn:aws:iam::000000000000:user/job\"}]}\n";
    let world = applied(&[("  access:\n", set)], None);
    let all = [&ROLES[..], &["shop-expirer"]].concat();
    let (written, _) = imported(&world, &all, None);
    assert!(
        written.of_roles.iter().any(|note| note.contains("shop-expirer: it is an expirer, and below orders/ lies no repository")),
        "{:?}",
        written.of_roles
    );
    world.put_object("shop-dr-orders", "orders/pg/basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json", &[0; 9]);
    let (written, left) = imported(&world, &all, None);
    assert_eq!((left.as_slice(), written.of_roles.as_slice()), (&[][..], &[][..]), "{}", written.yaml);
    assert!(written.yaml.contains("\n    expirer:\n") && written.yaml.contains("physical: {\"engine\":\"wal-g\",\"prefix\":\"pg/\"}"), "{}", written.yaml);
    // The other three are as they were: nothing of theirs hangs on it.
    let (written, left) = imported(&world, &ROLES, None);
    assert!(left.is_empty() && !written.yaml.contains("expirer:") && written.yaml.contains("\n  access:\n"), "{left:?}\n{}", written.yaml);
    let (written, left) = imported(&world, &["shop-expirer", "shop-keeper"], None);
    assert!(left.is_empty() && written.yaml.contains("\n    expirer:\n") && written.yaml.contains("\n    keeper:\n"), "{left:?}\n{}", written.yaml);
}

#[test]
fn the_roles_that_exist_are_written_and_check_says_which_are_missing() {
    let world = applied(&[], None);
    for names in (1..7).map(|some| (0..3).filter(|at| some & (1 << at) != 0).filter_map(|at: usize| ROLES.get(at).copied()).collect::<Vec<_>>()) {
        let (written, left) = imported(&world, &names, None);
        assert_eq!(left, Vec::<String>::new(), "{names:?}:\n{}", written.yaml);
        let loaded = load(&[file("policies/orders.yaml", &written.yaml)]);
        let access = loaded.policies[0].policy.spec.access.clone().unwrap();
        assert_eq!(access.named().map(|(_, role)| role.role.as_str()).collect::<Vec<_>>(), names);
        let purposes = ["writer", "keeper", "restorer"].into_iter().zip(ROLES);
        let missing: Vec<&str> = purposes.filter(|(_, role)| !names.contains(role)).map(|(purpose, _)| purpose).collect();
        let said: Vec<String> =
            rules::check(&loaded.policies).into_iter().filter(|finding| finding.rule == Some("role-is-missing")).map(|finding| finding.title).collect();
        // What a keeper would release is not known where nothing tells the retention: the guessed set has one.
        assert_eq!(said, missing.iter().map(|purpose| format!("`access` has no {purpose}")).collect::<Vec<_>>(), "{names:?}");
        let note = format!("no role that was named is the {}", missing.join(", nor the "));
        assert!(written.of_roles.len() == 1 && written.of_roles[0].contains(&note), "{:?}", written.of_roles);
    }
}

#[test]
fn what_has_no_word_is_said_and_access_goes_without() {
    let cases: [(&str, Change, &str); 5] = [
        ("inline", |world| world.add_inline("shop-keeper", "extra"), "role shop-keeper: inline policies beside the one named lifeboat have no word: extra"),
        (
            "another path",
            |world| {
                let (trust, permissions) = world.role("shop-keeper").unwrap();
                world.put_role("shop-keeper", crate::model::aspects::RoleTrust { path: "/".to_owned(), ..trust }, permissions);
            },
            "trust: it lives at path / and not at /lifeboat/orders/",
        ),
        (
            "more rights",
            |world| {
                let (trust, _) = world.role("shop-keeper").unwrap();
                let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
                world.put_role("shop-keeper", trust, Some(Document::of(&all)));
            },
            "it is of no purpose that lifeboat knows",
        ),
        (
            "a condition",
            |world| {
                let (mut trust, permissions) = world.role("shop-keeper").unwrap();
                trust.trust["Statement"][0]["Condition"] = json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}});
                world.put_role("shop-keeper", trust, permissions);
            },
            "has a condition, which has no word",
        ),
        (
            "deleted",
            |world| {
                let (mut trust, permissions) = world.role("shop-keeper").unwrap();
                trust.trust["Statement"][0]["Principal"] = json!({"AWS": "AIDA1234567890EXAMPLE"});
                world.put_role("shop-keeper", trust, permissions);
            },
            "a user or role that was deleted",
        ),
    ];
    for (name, change, said) in cases {
        let world = applied(&[], None);
        change(&world);
        let (written, left) = imported(&world, &ROLES, None);
        assert!(written.of_roles.iter().any(|note| note.contains(said)), "{name}: {:?}", written.of_roles);
        assert!(written.of_roles.iter().any(|note| note.contains("no role that was named is the keeper:")), "{name}: {:?}", written.of_roles);
        assert!(
            written.of_roles.iter().all(|note| written.yaml.contains(&format!("#   {note}"))) && !written.yaml.contains("\n    keeper:"),
            "{name}:\n{}",
            written.yaml
        );
        assert_eq!(left, Vec::<String>::new(), "{name}");
    }
    let world = applied(&[], None);
    let (written, _) = imported(&world, &["shop-backup-writer", "no-such-role"], None);
    assert!(written.of_roles.iter().any(|note| note == "role no-such-role: there is no role of that name"), "{:?}", written.of_roles);
}

#[test]
fn one_boundary_is_written_and_several_are_said() {
    let bound = |world: &Arc<World>, role: &str, arn: &str| {
        let body = Document::of(&json!({"boundary": arn}));
        let request = Request { op: RequestOp::PutRoleBoundary, target: ResourceId::Role(role.to_owned()), body };
        world.ports().cloud.send(&request).now_or_never().unwrap().unwrap();
    };
    let world = applied(&[], None);
    for role in ROLES {
        bound(&world, role, "arn:aws:iam::000000000000:policy/lifeboat-boundary");
    }
    let (written, left) = imported(&world, &ROLES, None);
    assert!(written.yaml.contains("permissionBoundary: arn:aws:iam::000000000000:policy/lifeboat-boundary") && left.is_empty(), "{left:?}\n{}", written.yaml);
    bound(&world, "shop-keeper", "arn:aws:iam::000000000000:policy/lifeboat-extra");
    let (written, left) = imported(&world, &ROLES, None);
    assert!(written.of_roles.iter().any(|note| note.contains("their boundaries differ")) && !written.yaml.contains("permissionBoundary"), "{}", written.yaml);
    assert_eq!(left, Vec::<String>::new());
}
