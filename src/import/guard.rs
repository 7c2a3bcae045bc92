//! Statements of a bucket policy that lifeboat would write → the words that write them. Words count only when the policy with them
//! leaves the document as it is: that is found out by compiling them. Statements of others are carried and said, never lost.

use serde_json::{Map, Value, json};

use super::roles::{Found, differs, trust};
use super::{Subject, read_back};
use crate::model::fact::Fact;
use crate::model::request::ReadOp;
use crate::model::resource::{ObservedResource, ResourceWish};
use crate::settings;

/// The words of a bucket policy.
pub(super) struct Guarded {
    /// Fields of `storage`.
    pub(super) fields: Map<String, Value>,
    /// The statements of others, by name.
    pub(super) others: Vec<String>,
}

/// The words for what is there; none when no statement of lifeboat is.
///
/// # Errors
/// When statements of lifeboat are there and no words leave them as they are: why, in words.
pub(super) fn words(subject: &Subject<'_>, storage: &Map<String, Value>, live: &ObservedResource) -> Result<Option<Guarded>, String> {
    let Fact::Known(document) = live.fact(ReadOp::BucketPolicy) else { return Ok(None) };
    let statements = document.value().get("Statement").and_then(Value::as_array).cloned().unwrap_or_default();
    let fields = fields(&statements);
    let tried: Map<String, Value> = storage.clone().into_iter().chain(fields.clone()).collect();
    let (loaded, desired) = read_back(subject, &Value::Object(tried), &Found::default());
    let wish = desired.resources.iter().find(|wish| matches!(wish, ResourceWish::Bucket(_)));
    let Some((wish, setting)) = wish.zip(settings::by_id("bucket-policy")) else {
        let said: Vec<&str> = loaded.findings.iter().map(|finding| finding.title.as_str()).collect();
        return Err(format!("its statements have no word: {}", said.join("; ")));
    };
    let others: Vec<String> = settings::others(setting, wish, &document).unwrap_or_default().into_iter().map(|part| part.name).collect();
    if others.len() == statements.len() {
        return Ok(None);
    }
    if differs(setting, wish, live).is_none() {
        return Ok(Some(Guarded { fields, others }));
    }
    let seen = (setting.seen)(live);
    let want = (setting.want)(wish).map(|want| (setting.adopt)(&want, &seen));
    let threats = (setting.threats)(wish, &document).into_iter().map(|threat| format!("`{}` {}", threat.name, threat.sentence));
    let mut changes: Vec<String> = want.filter(|want| Some(want) != seen.known()).map(|want| (setting.describe)(&seen, &want)).unwrap_or_default();
    changes.extend(threats);
    Err(format!("statements of lifeboat are in it, and a policy that manages it would still have to do with: {}", changes.join("; ")))
}

/// The fields that statements with our Sids come from.
fn fields(statements: &[Value]) -> Map<String, Value> {
    let of = |sid: &str| statements.iter().find(|statement| statement.get("Sid").and_then(Value::as_str) == Some(sid));
    let under = |sid: &str, at: &str| of(sid).and_then(|statement| statement.pointer(at)).map(trust::texts).unwrap_or_default();
    let mut out = Map::from_iter([("bucketPolicy".to_owned(), json!("managed"))]);
    let tls_only = of("LifeboatTlsOnly").is_some();
    let lowest = under("LifeboatMinimumTls", "/Condition/NumericLessThan/s3:TlsVersion").first().copied().map(str::to_owned);
    if tls_only || lowest.is_some() {
        let mut transport = Map::from_iter([("tlsOnly".to_owned(), json!(tls_only))]);
        transport.extend(lowest.map(|version| ("minTls".to_owned(), json!(version))));
        out.insert("transport".to_owned(), Value::Object(transport));
    }
    let named = under("LifeboatSettingsByApplier", "/Condition/ArnNotLike/aws:PrincipalArn");
    if !named.is_empty() {
        out.insert("settingsChangedBy".to_owned(), json!(named));
    }
    out
}
