//! `lifeboat backups`

use clap::{Args, Subcommand};

use super::{Format, Global, Said};
use crate::formats::{json, text};
use crate::ops::{OpError, backups};

/// Look at the backups in the bucket
///
/// Read from the bucket alone: listing, manifests, tags, and the records of drills where there is evidence. A manifest is
/// held against the listing and S3's dates; what does not agree is refused. Exit 3: something is partial, refused or not known.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat backups list\n  lifeboat backups list orders/nightly --format json\n  lifeboat backups show orders/nightly/20261122T011507Z\n  AWS_PROFILE=restorer lifeboat backups verify orders"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All backups with their state, the newest first
    #[command(after_help = "Examples:\n  lifeboat backups list\n  lifeboat backups list orders/nightly --format json")]
    List {
        /// A policy, or a policy and a backup set; every policy when left out
        #[arg(value_name = "POLICY[/SET]")]
        name: Option<String>,
    },
    /// One backup: objects, tables, tags
    #[command(after_help = "Examples:\n  lifeboat backups show orders/nightly/20261122T011507Z")]
    Show {
        /// The backup
        #[arg(value_name = "POLICY/SET/ID")]
        name: String,
    },
    /// Read every byte and hold it against the manifest; run it as the restorer role
    ///
    /// It proves that what was uploaded is still there. That it can be restored, a drill proves.
    #[command(after_help = "Examples:\n  lifeboat backups verify orders/nightly/20261122T011507Z\n  AWS_PROFILE=restorer lifeboat backups verify orders")]
    Verify {
        /// A backup, or all complete ones of a policy or set
        #[arg(value_name = "POLICY[/SET[/ID]]")]
        name: String,
    },
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let as_json = global.format == Format::Json;
    let paint = Global::paint();
    Ok(match &arguments.command {
        Command::List { name } => {
            let (view, exit) = backups::list(&global.place(), name.as_deref()).await?;
            Said::out(if as_json { json::render(&view) } else { text::backup_list(&view, paint) }, exit)
        }
        Command::Show { name } => {
            let (view, exit) = backups::show(&global.place(), name).await?;
            Said::out(if as_json { json::render(&view) } else { text::backup_show(&view, paint) }, exit)
        }
        Command::Verify { name } => {
            let (view, exit) = backups::verify(&global.place(), name).await?;
            Said::out(if as_json { json::render(&view) } else { text::backup_check(&view, paint) }, exit)
        }
    })
}
