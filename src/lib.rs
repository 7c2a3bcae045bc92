//! lifeboat: disaster recovery as code for PostgreSQL on S3.
//!
//! The map, from the ground up. A floor uses only floors below it (`tests/it/floors.rs` holds the table):
//!
//! | floor | module | what |
//! | --- | --- | --- |
//! | 0 | [`model`] | nouns: ids, facts, documents, aspects, policies, findings, requests |
//! | 1 | [`policy`], [`engines`] | bytes → policies with places; what `pg_dump` is told and says |
//! | 2 | [`catalog`] | where backups lie, what a manifest says |
//! | 3 | [`settings`], [`compile`], [`ports`], [`journal`] | one managed aspect a file; policies → desired; the outside world as traits; what applies did, and their lock |
//! | 4 | [`source`], [`observe`], [`plan`] | git and folders; reads; desired against observed |
//! | 5 | [`rules`], [`apply`], [`import`] | judgements; carrying a plan out; what exists → a policy |
//! | 7 | [`evidence`] | signed records in chains; checking them |
//! | 8 | [`report`] | from evidence and backups to what can be said of each policy |
//! | 9 | [`view`] | the published shapes |
//! | 10 | [`formats`] | text, JSON, Markdown: they see only views |
//! | 11 | [`ops`] | one function per command |
//! | 12 | [`cli`], [`docs`] | the command line; the reference pages made from it and the tables |
//!
//! Start reading at [`plan::plan`], the pure heart; then [`settings::SETTINGS`], then [`ops`].
//!
//! Invariants: unknown is not absent ([`model::fact`]); no plan, no write ([`apply`]); nothing of others is lost
//! ([`settings`]); the same input gives the same bytes.

pub mod apply;
pub mod backup;
pub mod catalog;
pub mod cli;
pub mod compile;
pub mod docs;
pub mod drill;
pub mod engines;
pub mod evidence;
pub mod formats;
pub mod import;
pub mod journal;
pub mod model;
pub mod observe;
pub mod ops;
pub mod plan;
pub mod policy;
pub mod ports;
pub mod report;
pub mod restore;
pub mod rules;
pub mod settings;
pub mod source;
pub mod view;
