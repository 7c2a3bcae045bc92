//! `lifeboat evidence`: checking chains, showing records, making keys; and the ledger that other commands append to.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::{Exit, OpError, Prepared, Where, causes, connect};
use crate::evidence::{Checked, Entry, KeyError, Ledger, Reference, SigningKey, TrustedKeys, chain, sign, store};
use crate::model::finding::{Finding, Level, SourceText};
use crate::model::repository::{EvidencePlace, Repository};
use crate::model::resource::Identity;
use crate::policy::{ConfigFile, LoadedPolicy};
use crate::ports::{Ports, system};
use crate::view::evidence::{EvidenceView, ProblemView, RecordView};

/// The chain that the caller appends to; none when `lifeboat.yaml` names no evidence.
///
/// # Errors
/// When the signing key cannot be used, or nobody would trust what it signs.
pub fn ledger(prepared: &Prepared, ports: &Ports, identity: &Identity) -> Result<Option<Ledger>, OpError> {
    let Some(place) = configured(prepared) else { return Ok(None) };
    let ledger = Ledger::open(ports, place, identity.short())?;
    if !trusted(prepared, place)?.contains(ledger.keyid()) {
        return Err(OpError::Setup {
            message: format!(
                "nobody would trust this evidence: the public half of the signing key ({}) is not one of {}",
                sign::short(ledger.keyid()),
                place.trusted.join(", ")
            ),
            hint: "sign with a key whose public half is in the config repo, or add it to `evidence.trusted` in lifeboat.yaml; nothing was done".to_owned(),
        });
    }
    Ok(Some(ledger))
}

/// Appends a record, if there is a ledger: its reference, else why it could not be written. What was done stays done, so a view
/// holds both, and a command ends as failed when a record is missing.
pub(super) async fn record(ledger: Option<&Ledger>, entry: Entry) -> (Option<String>, Option<String>) {
    let Some(ledger) = ledger else { return (None, None) };
    match ledger.append(entry).await {
        Ok(reference) => (Some(reference.to_string()), None),
        Err(error) => (None, Some(causes(&error))),
    }
}

/// Reads and judges the chain of one identity, or of all. `noted` are references that somebody wrote down.
///
/// # Errors
/// When there is no config repo, it names no evidence, or the evidence cannot be read.
pub async fn verify(place: &Where, identity: Option<&str>, noted: &[Reference]) -> Result<(EvidenceView, Exit), OpError> {
    let (prepared, ports, _) = connect(place).await?;
    let (at, keys) = needed(&prepared)?;
    let checked = checked(&ports, at, &keys, identity, noted).await?;
    let view = EvidenceView::of(&format!("s3://{}/{}", at.bucket, at.prefix), &keys, &checked);
    let exit = if view.whole { Exit::Good } else { Exit::Evidence };
    Ok((view, exit))
}

/// Reads and judges chains.
///
/// # Errors
/// When they cannot be read.
pub async fn checked(ports: &Ports, place: &EvidencePlace, keys: &TrustedKeys, identity: Option<&str>, noted: &[Reference]) -> Result<Vec<Checked>, OpError> {
    let chains = store::read(ports, place, identity).await?;
    let mut checked: Vec<Checked> = chains.iter().map(|chain| chain::check(chain, keys)).collect();
    for noted in noted {
        let Some(problem) = chain::recall(chains.iter().find(|chain| chain.identity == noted.identity), noted) else { continue };
        match checked.iter_mut().find(|checked| checked.identity == noted.identity) {
            Some(checked) if checked.problems.contains(&problem) => {}
            Some(checked) => checked.problems.push(problem),
            None => checked.push(Checked { identity: noted.identity.clone(), stored: 0, records: Vec::new(), head: None, problems: vec![problem] }),
        }
    }
    Ok(checked)
}

/// One record with what is wrong with it. It is shown although it does not verify, and then called so.
///
/// # Errors
/// When there is no such record, or the evidence cannot be read.
pub async fn show(place: &Where, wanted: &Reference) -> Result<(RecordView, Exit), OpError> {
    let (prepared, ports, _) = connect(place).await?;
    let (at, keys) = needed(&prepared)?;
    let chains = store::read(&ports, at, Some(&wanted.identity)).await?;
    let known = || {
        let of_chain = |chain: &store::Chain| chain.head().map(|head| format!("1 to {} of {}", head.sequence, head.identity));
        chains.iter().filter_map(of_chain).collect()
    };
    let missing = || OpError::NoSuch { kind: "record", name: format!("{}/{:06}", wanted.identity, wanted.sequence), known: known() };
    let chain = chains.iter().find(|chain| chain.identity == wanted.identity).ok_or_else(missing)?;
    let stored = chain.envelopes.iter().find(|stored| stored.sequence == wanted.sequence).ok_or_else(missing)?;
    let mut checked = chain::check(chain, &keys);
    checked.problems.extend(chain::recall(Some(chain), wanted));
    let problems: Vec<_> = checked.problems.iter().filter(|problem| problem.sequence == wanted.sequence).collect();
    let reference = stored.reference(&chain.identity);
    let verified = problems.iter().all(|problem| problem.fault.is_warning());
    let view = RecordView {
        format: "lifeboat.evidence-record/1".to_owned(),
        reference: reference.to_string(),
        sha256: reference.sha256,
        verified,
        keyid: checked.records.iter().find(|(found, ..)| found.sequence == wanted.sequence).map(|(.., keyid)| keyid.clone()),
        problems: problems.into_iter().map(ProblemView::of).collect(),
        record: sign::claimed(&stored.bytes).and_then(|payload| serde_json::from_slice(&payload).ok()).unwrap_or(Value::Null),
    };
    Ok((view, if verified { Exit::Good } else { Exit::Evidence }))
}

/// Makes a key pair: the private half into a new file that only its owner reads; gives the public PEM and the key id.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn keygen(out: &Path) -> Result<(String, String), OpError> {
    let cannot =
        |why: &dyn std::fmt::Display, hint: &str| OpError::Setup { message: format!("{} is not written: {why}", out.display()), hint: hint.to_owned() };
    let encoding = |error: KeyError| cannot(&error, "report this");
    let seed = system::seed().map_err(|error| cannot(&error, "the operating system gives no randomness"))?;
    let key = SigningKey::from_seed(&seed).map_err(encoding)?;
    let private = key.to_private_pem().map_err(encoding)?;
    let public = key.to_public_pem().map_err(encoding)?;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(out);
    let mut file = file.map_err(|error| cannot(&error, "name a file that does not exist, in a folder that can be written: a key is never overwritten"))?;
    file.write_all(private.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| cannot(&error, "name a file that can be written"))?;
    Ok((public, key.keyid().to_owned()))
}

/// What is wrong with the keys that `lifeboat.yaml` names. Warnings: only evidence needs them.
pub(super) fn findings(repository: Option<&Repository>, policies: &[LoadedPolicy], files: &[ConfigFile]) -> Vec<Finding> {
    let mut out: Vec<Finding> = repository.into_iter().flat_map(|repository| policies.iter().flat_map(|policy| covered(repository, policy))).collect();
    out.extend(of_evidence(repository, files));
    out
}

/// Backups where evidence is kept, or the lock and the journals of applies: whoever writes, tags or releases backups could change those.
fn covered(repository: &Repository, policy: &LoadedPolicy) -> Vec<Finding> {
    let storage = &policy.policy.spec.storage;
    let evidence = repository.spec.evidence.iter().map(|place| ("evidence", &place.bucket, &place.prefix));
    let control = repository.spec.control.iter().map(|place| ("control", &place.bucket, &place.prefix));
    let meets = |(_, bucket, prefix): &(&str, &String, &String)| **bucket == storage.bucket && lie_in_one_another(prefix, &storage.prefix);
    let found = evidence.chain(control).filter(meets).map(|(what, bucket, prefix)| {
        let finding = Finding::error(format!("the backups of `{}` and {what} share a place", policy.name));
        let finding = policy.mark(finding, "/spec/storage/prefix", format!("spec.{what} of lifeboat.yaml is {bucket}/{prefix}"));
        finding.why(format!("who may write, tag or release backups could change {what}")).instead("give each a prefix of its own, or a bucket of its own")
    });
    found.collect()
}

fn lie_in_one_another(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

fn of_evidence(repository: Option<&Repository>, files: &[ConfigFile]) -> Vec<Finding> {
    let Some(evidence) = repository.and_then(|repository| repository.spec.evidence.as_ref()) else { return Vec::new() };
    let text = files.iter().find(|file| file.path == "lifeboat.yaml").map_or_else(String::new, |file| String::from_utf8_lossy(&file.bytes).into_owned());
    let text = Arc::new(SourceText { path: "lifeboat.yaml".to_owned(), text });
    let mut out: Vec<Finding> = mixed(repository, evidence, &text).into_iter().collect();
    for name in &evidence.trusted {
        let (label, instead) = match files.iter().find(|file| file.path == *name) {
            None => ("there is no such file", format!("lifeboat evidence keygen --out signing-key.pem > {name}; only keys/*.pub is read")),
            Some(file) if pem(name, &file.bytes).is_err() => ("not an Ed25519 public key in PEM", "put the public half there, as keygen prints it".to_owned()),
            Some(_) => continue,
        };
        let span = text.text.find(name.as_str()).map_or(0..0, |start| start..start + name.len());
        let finding = Finding { level: Level::Warning, ..Finding::error(format!("trusted key `{name}` cannot be used")) };
        out.push(finding.at(&text, span, label).why("no evidence can be signed or verified with it").instead(instead));
    }
    out
}

/// Evidence and the journal of applies in one another: each would hold what the other cannot read.
fn mixed(repository: Option<&Repository>, evidence: &EvidencePlace, text: &Arc<SourceText>) -> Option<Finding> {
    let control = repository.and_then(|repository| repository.spec.control.as_ref())?;
    if control.bucket != evidence.bucket || !lie_in_one_another(&control.prefix, &evidence.prefix) {
        return None;
    }
    let span = text.text.find("control:").map_or(0..0, |start| start..start + "control".len());
    let label = format!("`{}` and the prefix of the evidence, `{}`, lie in one another", control.prefix, evidence.prefix);
    let why = "a chain of evidence holds records only, and who may write evidence may not touch the lock of applies";
    Some(
        Finding::error("evidence and control share a place")
            .at(text, span, label)
            .why(why)
            .instead("give each a prefix of its own, as in evidence/ and control/"),
    )
}

fn pem(name: &str, bytes: &[u8]) -> Result<TrustedKeys, KeyError> {
    TrustedKeys::from_pems([(name, String::from_utf8_lossy(bytes).as_ref())])
}

/// The evidence that `lifeboat.yaml` names.
pub fn configured(prepared: &Prepared) -> Option<&EvidencePlace> {
    prepared.loaded.repository.as_ref()?.spec.evidence.as_ref()
}

/// The public keys whose signatures count.
///
/// # Errors
/// When a key file is missing or holds something else.
pub fn trusted(prepared: &Prepared, place: &EvidencePlace) -> Result<TrustedKeys, OpError> {
    let hint = "put the public keys into keys/*.pub of the config repo: `lifeboat check` says which one is wrong";
    let wrong = |message: String| OpError::Setup { message, hint: hint.to_owned() };
    let mut pems = Vec::new();
    for name in &place.trusted {
        let bytes = prepared.keys.get(name).ok_or_else(|| wrong(format!("`evidence.trusted` names {name}, which is not in the config repo")))?;
        pems.push((name.as_str(), String::from_utf8_lossy(bytes)));
    }
    TrustedKeys::from_pems(pems.iter().map(|(name, pem)| (*name, pem.as_ref()))).map_err(|error| wrong(error.to_string()))
}

fn needed(prepared: &Prepared) -> Result<(&EvidencePlace, TrustedKeys), OpError> {
    let place = configured(prepared).ok_or_else(|| OpError::Setup {
        message: "this config repo keeps no evidence".to_owned(),
        hint: "write `evidence` into lifeboat.yaml: bucket, region, prefix, sign, trusted".to_owned(),
    })?;
    Ok((place, trusted(prepared, place)?))
}
