//! `lifeboat evidence`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, Global, Said};
use crate::evidence::Reference;
use crate::formats::{json, text};
use crate::ops::{Exit, OpError, evidence};

/// Check the signed records of what was done, or make a key to sign them
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat evidence verify\n  lifeboat evidence list shop-restorer\n  lifeboat evidence keygen --out signing-key.pem > keys/ci.pub"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verify every chain: numbers without gaps, signatures by trusted keys, each record behind the one it names
    ///
    /// Records cut off at the end of a chain leave no trace in it: give a reference that a command printed, and verify says
    /// whether that record is still there. Exit 7: a chain is broken.
    #[command(after_help = "Examples:\n  lifeboat evidence verify\n  lifeboat evidence verify --noted 'shop-restorer/000042 sha256:9b1c55d0'")]
    Verify {
        /// Only the chain of this identity
        #[arg(value_name = "IDENTITY")]
        identity: Option<String>,
        /// A record that must still be there, as a command printed it
        #[arg(long, value_name = "REFERENCE")]
        noted: Vec<Reference>,
    },
    /// List the records that verify, one a line
    #[command(after_help = "Examples:\n  lifeboat evidence list\n  lifeboat evidence list shop-restorer --format json")]
    List {
        /// Only the chain of this identity
        #[arg(value_name = "IDENTITY")]
        identity: Option<String>,
    },
    /// Show one record, verified
    #[command(after_help = "Examples:\n  lifeboat evidence show 42@shop-restorer\n  lifeboat evidence show shop-restorer/000042")]
    Show {
        /// Number and identity, as SEQ@IDENTITY or as a command printed it
        #[arg(value_name = "SEQ@IDENTITY")]
        record: Reference,
    },
    /// Make a key pair: the private half into a new file, the public half on standard output
    #[command(after_help = "Examples:\n  lifeboat evidence keygen --out signing-key.pem > keys/ci.pub")]
    Keygen {
        /// New file for the private key, readable by its owner only
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let as_json = global.format == Format::Json;
    Ok(match &arguments.command {
        Command::Verify { identity, noted } => {
            let (view, exit) = evidence::verify(&global.place(), identity.as_deref(), noted).await?;
            Said::out(if as_json { json::render(&view) } else { text::evidence(&view, exit.code(), Global::paint()) }, exit)
        }
        Command::List { identity } => {
            let (view, exit) = evidence::verify(&global.place(), identity.as_deref(), &[]).await?;
            Said::out(if as_json { json::render(&view) } else { text::evidence_list(&view, exit.code(), Global::paint()) }, exit)
        }
        Command::Show { record } => {
            let (view, exit) = evidence::show(&global.place(), record).await?;
            Said::out(if as_json { json::render(&view) } else { text::evidence_record(&view, exit.code(), Global::paint()) }, exit)
        }
        Command::Keygen { out } => {
            let (public, keyid) = evidence::keygen(out)?;
            let path = out.display();
            let err = if global.quiet { String::new() } else { format!("{path} holds the private key {keyid}; keep it out of the repository\n") };
            Said { out: public, err, exit: Exit::Good }
        }
    })
}
