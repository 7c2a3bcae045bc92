//! `lifeboat keep`

use clap::Args;

use super::{Format, Global, Said};
use crate::formats::{json, text};
use crate::ops::OpError;
use crate::ops::keep::{self, Ended, Wish};

/// Release backups that the policies no longer keep
///
/// Sets the release tag on what may go and takes it off what may not: by tier once its period is over, never the newest complete
/// and verified ones, never what is held or not known, and nothing while the newest backup holds much less than before. Only
/// tags are written; the bucket's own rules expire. Run it daily as the keeper role. Exit 5: something is held for a person.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  AWS_PROFILE=keeper lifeboat keep\n  lifeboat keep orders --dry-run\n  lifeboat keep orders/nightly --allow-earlier orders/nightly/20261122T011507Z"
)]
pub(super) struct Arguments {
    /// A policy, or a policy and a backup set; every policy when left out
    #[arg(value_name = "POLICY[/SET]")]
    name: Option<String>,
    /// Say what would be done, and do nothing (exit 4 when there is something to do)
    #[arg(long)]
    dry_run: bool,
    /// Ask for every tag, whatever is remembered; without it each is asked for once in seven days, and when a person touched it
    #[arg(long)]
    recheck: bool,
    /// Let this backup go earlier than its tag promises, as the held step prints it
    #[arg(long, value_name = "POLICY/SET/ID")]
    allow_earlier: Vec<String>,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let wish = Wish { name: arguments.name.as_deref(), dry_run: arguments.dry_run, recheck: arguments.recheck, earlier: &arguments.allow_earlier };
    let (ended, exit) = keep::keep(&global.place(), &wish).await?;
    Ok(match (ended, global.format) {
        (Ended::Stopped(findings), _) => Said::stopped(&findings, exit, global),
        (Ended::Kept(view), Format::Json) => Said::out(json::render(&view), exit),
        (Ended::Kept(view), _) => Said::out(text::keep(&view, exit.code(), Global::paint()), exit),
    })
}
