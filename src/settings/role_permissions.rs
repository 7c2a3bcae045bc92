//! Setting `role-permissions`: what each role may do, and nothing else.
//!
//! The writer may neither delete, nor tag, nor read what others wrote; the keeper may only tag, and write its index; the
//! restorer may only read. Each "may not" is tried for real in the tests and in `make quickstart`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalog::layout::index_key;
use crate::model::document::Document;
use crate::model::fact::Fact;
use crate::model::iam::{self, grants as reach};
use crate::model::id::{ResourceId, ResourceKind};
use crate::model::lifecycle::EXPIRE_TAG;
use crate::model::policy::{PhysicalEngine, RepositoryPlace};
use crate::model::request::{ReadOp, Request, RequestOp};
use crate::model::resource::{ObservedResource, Purpose, ResourceWish, RoleWish};
use crate::model::verdict;

use super::{Docs, Setting, Weakening, no_threats};

mod estate;

/// The setting.
pub(super) static SETTING: Setting = Setting {
    id: "role-permissions",
    kind: ResourceKind::Role,
    title: "permissions",
    leave_alone: None,
    read: ReadOp::RolePermissions,
    docs: Docs {
        protects: "Nobody who writes backups can make them vanish, and nobody who reads them can change them.",
        why: "Ransomware on the database host has the writer's credentials; they must not be enough to destroy the backups.",
        risk: "A right more for the writer may undo the whole design: lifeboat holds such a step until it is allowed by name.",
        example: "access: {writer: {role: orders-backup-writer, trust: [{principal: \"arn:aws:iam::111122223333:role/backup-host\"}]}, keeper: {role: orders-keeper, trust: [{principal: \"arn:aws:iam::111122223333:role/keeper\"}]}, restorer: {role: orders-restore, trust: [{principal: \"arn:aws:iam::111122223333:role/drill-host\"}]}}",
    },
    want,
    seen,
    adopt,
    requests,
    refused,
    weakens,
    threats: no_threats,
    owner: super::ours,
    describe,
};

fn want(wish: &ResourceWish) -> Option<Document> {
    let ResourceWish::Role(role) = wish else { return None };
    let mut statements = match role.purpose {
        Purpose::Writer => writer(role),
        Purpose::Keeper => keeper(role),
        Purpose::Restorer => restorer(role),
        Purpose::Expirer => expirer(role),
        Purpose::Planner => role.estate.as_ref().map(|estate| estate::planner(role, estate)).unwrap_or_default(),
        Purpose::Applier => role.estate.as_ref().map(|estate| estate::applier(role, estate)).unwrap_or_default(),
        Purpose::Auditor => estate::auditor(role),
    };
    statements.extend(own_evidence(role));
    statements.extend(never_overwrite(role));
    Some(Document::of(&iam::canonical(&json!({"Version": "2012-10-17", "Statement": statements}))))
}

fn objects(role: &RoleWish, bucket: &str, prefix: &str) -> String {
    format!("arn:{}:s3:::{bucket}/{prefix}*", role.partition.as_str())
}

fn list(role: &RoleWish, sid: &str, bucket: &str, prefix: &str) -> Value {
    lists(role, sid, &json!("s3:ListBucket"), bucket, prefix)
}

fn lists(role: &RoleWish, sid: &str, actions: &Value, bucket: &str, prefix: &str) -> Value {
    json!({
        "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": format!("arn:{}:s3:::{bucket}", role.partition.as_str()),
        "Condition": {"StringLike": {"s3:prefix": format!("{prefix}*")}}
    })
}

fn writer(role: &RoleWish) -> Vec<Value> {
    let data = objects(role, &role.bucket, &role.prefix);
    let mut out = vec![json!({
        "Sid": "WriteBackups", "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], "Resource": data
    })];
    if let Some(key) = role.kms_key.as_ref().filter(|key| key.starts_with("arn:")) {
        out.push(json!({"Sid": "EncryptBackups", "Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": key}));
    }
    out
}

/// What a role creates, it can only create: backups and evidence alike. Parts and the begin of a multipart upload carry no
/// condition, its completion does (S3 User Guide, conditional-writes-enforce).
fn never_overwrite(role: &RoleWish) -> Option<Value> {
    let mut creates = Vec::new();
    if role.purpose == Purpose::Writer {
        creates.push(objects(role, &role.bucket, &role.prefix));
    }
    creates.extend(role.evidence.as_ref().filter(|_| appends(role.purpose)).map(|(bucket, prefix)| objects(role, bucket, &format!("{prefix}{}/", role.name))));
    let condition = json!({"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}});
    let wanted = !role.unfilled_keys.contains(&"s3:if-none-match") && !creates.is_empty();
    wanted.then(|| json!({"Sid": "NeverOverwrite", "Effect": "Deny", "Action": "s3:PutObject", "Resource": creates, "Condition": condition}))
}

fn keeper(role: &RoleWish) -> Vec<Value> {
    let data = objects(role, &role.bucket, &role.prefix);
    let mut tag = json!({"Sid": "ReleaseBackups", "Effect": "Allow", "Action": "s3:PutObjectTagging", "Resource": data});
    let key = format!("s3:RequestObjectTag/{EXPIRE_TAG}");
    if !role.unfilled_keys.iter().any(|unfilled| key.starts_with(unfilled))
        && let Some(fields) = tag.as_object_mut()
    {
        // A tag that is taken off again is no tag of the request: what keeps is always allowed.
        fields.insert("Condition".to_owned(), json!({"StringEqualsIfExists": {key: role.tag_values}}));
    }
    let mut out = vec![
        list(role, "ListBackups", &role.bucket, &role.prefix),
        json!({"Sid": "ReadManifests", "Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("{data}/manifest.json")}),
        json!({"Sid": "ReadTags", "Effect": "Allow", "Action": "s3:GetObjectTagging", "Resource": data}),
        json!({"Sid": "ReadRules", "Effect": "Allow", "Action": "s3:GetLifecycleConfiguration", "Resource": format!("arn:{}:s3:::{}", role.partition.as_str(), role.bucket)}),
    ];
    // Where every set is another engine's, there is nothing to release.
    out.extend((!role.sets.is_empty()).then_some(tag));
    if let Some(key) = role.kms_key.as_ref().filter(|key| key.starts_with("arn:")) {
        out.push(json!({"Sid": "DecryptManifests", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}));
    }
    let control = role.control.iter().filter(|_| !role.sets.is_empty());
    out.extend(control.flat_map(|(bucket, prefix)| indexes(role, bucket, prefix)));
    out
}

/// The index of each set: a cache, and the only objects that the keeper writes besides its evidence. With the listing S3 says of
/// one that is not there that it is missing, and not that it is refused.
fn indexes(role: &RoleWish, bucket: &str, prefix: &str) -> [Value; 2] {
    let arn = |set: &String| format!("arn:{}:s3:::{bucket}/{}", role.partition.as_str(), index_key(prefix, &role.policy, set));
    let keys: Vec<String> = role.sets.iter().map(arn).collect();
    [
        json!({"Sid": "CacheIndex", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": keys}),
        list(role, "FindIndex", bucket, &format!("{prefix}index/{}/", role.policy)),
    ]
}

/// It lists versions too: whether an expired backup can still be brought back is asked when nothing else is left.
fn restorer(role: &RoleWish) -> Vec<Value> {
    let data = objects(role, &role.bucket, &role.prefix);
    let mut out = vec![
        lists(role, "ListBackups", &json!(["s3:ListBucket", "s3:ListBucketVersions"]), &role.bucket, &role.prefix),
        json!({"Sid": "ReadBackups", "Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": data}),
    ];
    if let Some(key) = role.kms_key.as_ref().filter(|key| key.starts_with("arn:")) {
        out.push(json!({"Sid": "DecryptBackups", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}));
    }
    out
}

/// What the expiry of another engine needs: to see, to read and to delete, and no versions. pgBackRest also writes its list of backups
/// anew (pgBackRest source, `command/expire/expire.c`), so it may put just that.
fn expirer(role: &RoleWish) -> Vec<Value> {
    let below = |prefix: &str| objects(role, &role.bucket, prefix);
    let prefixes: Vec<String> = role.repositories.iter().flat_map(RepositoryPlace::prefixes).collect();
    let listed: Vec<String> = prefixes.iter().map(|prefix| format!("{prefix}*")).collect();
    let data: Vec<String> = prefixes.iter().map(|prefix| below(prefix)).collect();
    let mut out = vec![
        json!({
            "Sid": "ListRepositories", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": format!("arn:{}:s3:::{}", role.partition.as_str(), role.bucket),
            "Condition": {"StringLike": {"s3:prefix": listed}}
        }),
        json!({"Sid": "ExpireRepositories", "Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": data}),
    ];
    let lists: Vec<String> = role.repositories.iter().filter(|place| place.engine == PhysicalEngine::Pgbackrest).map(RepositoryPlace::backups).collect();
    if !lists.is_empty() {
        let lists: Vec<String> = lists.iter().map(|prefix| below(&format!("{prefix}backup.info"))).collect();
        out.push(json!({"Sid": "WriteLists", "Effect": "Allow", "Action": "s3:PutObject", "Resource": lists}));
    }
    if let Some(key) = role.kms_key.as_ref().filter(|key| key.starts_with("arn:")) {
        out.push(json!({"Sid": "DecryptRepositories", "Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": key}));
    }
    out
}

/// Whether an identity writes evidence of its own: those who only look leave none, nor does another engine.
fn appends(purpose: Purpose) -> bool {
    !matches!(purpose, Purpose::Planner | Purpose::Auditor | Purpose::Expirer)
}

/// Each identity appends to a chain of its own and can read only that one; the keeper reads all, as it judges by them.
fn own_evidence(role: &RoleWish) -> Vec<Value> {
    let Some((bucket, prefix)) = role.evidence.as_ref().filter(|_| appends(role.purpose)) else { return Vec::new() };
    let own = format!("{prefix}{}/", role.name);
    let mut out =
        vec![json!({"Sid": "AppendEvidence", "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": objects(role, bucket, &own)})];
    if role.purpose == Purpose::Keeper {
        out.push(json!({"Sid": "ReadEvidence", "Effect": "Allow", "Action": "s3:GetObject", "Resource": objects(role, bucket, prefix)}));
        out.push(list(role, "ListEvidence", bucket, prefix));
    } else {
        out.push(list(role, "ListEvidence", bucket, &own));
    }
    out
}

fn seen(observed: &ObservedResource) -> Fact<Document> {
    observed.fact(ReadOp::RolePermissions).map(|document| Document::of(&iam::canonical(document.value())))
}

/// What means the same stays as it is written.
fn adopt(want: &Document, seen: &Fact<Document>) -> Document {
    seen.known().filter(|seen| iam::same(want.value(), seen.value())).unwrap_or(want).clone()
}

fn requests(id: &ResourceId, _: &Fact<Document>, to: &Document) -> Vec<Request> {
    vec![Request { op: RequestOp::PutRolePermissions, target: id.clone(), body: to.clone() }]
}

fn refused(to: &Document) -> Option<String> {
    verdict::said(verdict::iam_policy::inline(to.value(), "it"))
}

/// Every allowed `action on resource` pair.
fn grants(document: &Document) -> Vec<String> {
    pairs(document, "Allow")
}

/// Every `action on resource` pair of one effect.
fn pairs(document: &Document, effect: &str) -> Vec<String> {
    let mut out = Vec::new();
    let statements = document.value().get("Statement").and_then(Value::as_array);
    for statement in statements.into_iter().flatten().filter(|s| s.get("Effect").and_then(Value::as_str) == Some(effect)) {
        let texts = |key: &str| -> Vec<String> {
            let list = statement.get(key).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let condition = statement.get("Condition").map_or_else(String::new, |condition| format!(" when {condition}"));
        for action in texts("Action") {
            out.extend(texts("Resource").into_iter().map(|resource| format!("{action} on {resource}{condition}")));
        }
    }
    out
}

fn weakens(from: &Document, to: &Document) -> Option<Weakening> {
    let before = grants(from);
    let mut new: Vec<String> = grants(to).into_iter().filter(|grant| !before.iter().any(|before| covers(before, grant))).collect();
    let kept = iam::refusals(to.value());
    new.extend(iam::refusals(from.value()).into_iter().filter(|refusal| !kept.contains(refusal)).map(|refusal| format!("do what this refused: {refusal}")));
    (!new.is_empty()).then(|| Weakening { id: "widens-permissions".to_owned(), sentence: format!("the role may then also {}", new.join("; ")) })
}

/// Whether all that a pair allows was allowed by another one, whenever it was.
fn covers(before: &str, now: &str) -> bool {
    let parts = |pair: &str| {
        let (action, rest) = pair.split_once(" on ")?;
        let (place, when) = rest.split_once(" when ").unwrap_or((rest, ""));
        Some((action.to_ascii_lowercase(), place.to_owned(), when.to_owned()))
    };
    let (Some(before), Some(now)) = (parts(before), parts(now)) else { return before == now };
    reach::covers(&before.0, &now.0) && reach::covers(&before.1, &now.1) && (before.2.is_empty() || before.2 == now.2)
}

/// Grants by what they are on: `+ s3:GetObject, s3:PutObject on …`.
fn describe(from: &Fact<Document>, to: &Document) -> Vec<String> {
    let before = from.known().map(grants).unwrap_or_default();
    let after = grants(to);
    let new: Vec<&String> = after.iter().filter(|grant| !before.contains(grant)).collect();
    let gone: Vec<&String> = before.iter().filter(|grant| !after.contains(grant)).collect();
    let mut lines = grouped("+", &new);
    lines.extend(grouped("-", &gone));
    let (denied, denies) = (from.known().map(|from| pairs(from, "Deny")).unwrap_or_default(), pairs(to, "Deny"));
    lines.extend(grouped("+ deny", &denies.iter().filter(|denial| !denied.contains(denial)).collect::<Vec<_>>()));
    lines.extend(grouped("- deny", &denied.iter().filter(|denial| !denies.contains(denial)).collect::<Vec<_>>()));
    lines
}

fn grouped(mark: &str, grants: &[&String]) -> Vec<String> {
    let mut by_place: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (action, place) in grants.iter().filter_map(|grant| grant.split_once(" on ")) {
        by_place.entry(place).or_default().push(action);
    }
    by_place.iter().map(|(place, actions)| format!("{mark} {} on {}", actions.join(", "), plain(place))).collect()
}

/// The condition of a listing in words; any other condition stays as it is.
fn plain(place: &str) -> String {
    let Some((resource, condition)) = place.split_once(" when ") else { return place.to_owned() };
    match condition.strip_prefix("{\"StringLike\":{\"s3:prefix\":[\"").and_then(|rest| rest.strip_suffix("\"]}}")) {
        Some(prefix) => format!("{resource} below {prefix}"),
        None => place.to_owned(),
    }
}

#[cfg(test)]
mod tests;
