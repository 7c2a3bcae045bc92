//! What the bucket holds of each backup set. The bucket is the witness; records only tell the exact time of the snapshot.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Proof, text};
use crate::catalog::layout;
use crate::evidence::record::Kind;
use crate::model::fact::Fact;
use crate::model::policy::{BackupSet, Name};
use crate::model::resource::{SeenBackup, Told};
use crate::policy::LoadedPolicy;

/// One backup set, as the bucket lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetReport {
    /// Its name.
    pub set: String,
    /// The databases it covers.
    pub databases: Vec<String>,
    /// Why nothing is known of it; none = it was listed.
    pub unknown: Option<String>,
    /// How many complete backups there are.
    pub complete: u64,
    /// How many have no manifest: under way, or broken off.
    pub incomplete: u64,
    /// Those that have one and are not whole, by id, each with why: of all by the listing, of the newest by its manifest.
    #[serde(default)]
    pub damaged: BTreeMap<String, String>,
    /// How many more a rule of the bucket has reached, which may delete them at any time, by its id; those that were released are not among them.
    #[serde(default)]
    pub reached: BTreeMap<String, u64>,
    /// Why the manifest of the newest could not be read, if it could not.
    #[serde(default)]
    pub unread: Option<String>,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Id of the newest complete one.
    pub newest: Option<String>,
    /// The moment that the newest one can be restored to, RFC 3339.
    pub newest_at: Option<String>,
    /// The record of the newest one.
    pub evidence: Option<String>,
    /// For how long something of the newest one was on its way to the bucket, in milliseconds, by its record.
    #[serde(default)]
    pub upload_millis: Option<u64>,
}

impl SetReport {
    /// A set of which nothing is there.
    pub(super) fn empty(name: &Name, databases: Vec<String>) -> Self {
        Self {
            set: name.0.clone(),
            databases,
            unknown: None,
            complete: 0,
            incomplete: 0,
            damaged: BTreeMap::new(),
            reached: BTreeMap::new(),
            unread: None,
            bytes: 0,
            newest: None,
            newest_at: None,
            evidence: None,
            upload_millis: None,
        }
    }
}

/// The sets of a policy by name.
pub(super) fn sets(policy: &LoadedPolicy, seen: Option<&Fact<Vec<SeenBackup>>>, proofs: &[Proof<'_>], now: Timestamp) -> Vec<SetReport> {
    let of = |(name, set): (&Name, &BackupSet)| {
        let empty = SetReport::empty(name, set.databases.clone());
        match seen {
            Some(Fact::Known(backups)) => listed(empty, &policy.name, backups, proofs, now),
            Some(Fact::Absent) => empty,
            Some(Fact::Unknown(why)) => SetReport { unknown: Some(why.to_string()), ..empty },
            None => SetReport { unknown: Some("the bucket was not listed".to_owned()), ..empty },
        }
    };
    policy.policy.spec.backups.iter().map(of).collect()
}

fn listed(report: SetReport, policy: &str, backups: &[SeenBackup], proofs: &[Proof<'_>], now: Timestamp) -> SetReport {
    let own: Vec<&SeenBackup> = backups.iter().filter(|backup| backup.set == report.set).collect();
    let complete: Vec<&&SeenBackup> = own.iter().filter(|backup| backup.is_good()).collect();
    // A backup of the future proves nothing about now: its clock was wrong, or its name is.
    let newest = complete.iter().filter(|backup| layout::id_time(&backup.id).is_some_and(|at| at <= now)).max_by(|a, b| a.id.cmp(&b.id));
    let record = newest.and_then(|newest| proofs.iter().rev().find(|proof| is_of(proof, policy, &report.set, &newest.id)));
    let began = newest.and_then(|newest| layout::id_time(&newest.id));
    // The snapshot is taken after the run began; a record that says otherwise is not believed.
    let snapshot = record.and_then(|(_, record)| text(&record.body, "/snapshotAt")?.parse::<Timestamp>().ok());
    let at = snapshot.filter(|at| began.is_some_and(|began| *at >= began) && *at <= now).or(began);
    SetReport {
        complete: complete.len() as u64,
        incomplete: own.iter().filter(|backup| !backup.complete).count() as u64,
        damaged: own.iter().filter_map(|backup| Some((backup.id.clone(), backup.broken()?.to_owned()))).collect(),
        reached: own.iter().filter_map(|backup| backup.reached()).fold(BTreeMap::new(), |mut counts, rule| {
            *counts.entry(rule.to_owned()).or_default() += 1;
            counts
        }),
        unread: newest.and_then(|newest| if let Told::Unread(why) = &newest.told { Some(why.clone()) } else { None }),
        bytes: own.iter().map(|backup| backup.bytes).sum(),
        newest: newest.map(|newest| newest.id.clone()),
        newest_at: at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        evidence: record.map(|(reference, _)| reference.to_string()),
        upload_millis: record.and_then(|(_, record)| record.body.get("uploadMillis")?.as_u64()),
        ..report
    }
}

fn is_of((_, record): &Proof<'_>, policy: &str, set: &str, id: &str) -> bool {
    record.kind == Kind::Backup
        && record.policy.as_deref() == Some(policy)
        && text(&record.body, "/format").as_deref() == Some("lifeboat.backup/1")
        && text(&record.body, "/set").as_deref() == Some(set)
        && text(&record.body, "/backup").as_deref() == Some(id)
}
