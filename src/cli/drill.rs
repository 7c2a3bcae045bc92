//! `lifeboat drill`

use clap::Args;

use super::telling::{Tell, beside};
use super::{Format, Global, Said, progress};
use crate::formats::{json, text};
use crate::ops::OpError;
use crate::ops::drill::{self, Ended, Wish};

/// Rehearse a restore and prove it by content
///
/// Restores a backup into a throw-away server without network, compares every table with what was dumped, asks the
/// policy's questions, measures, and removes everything. Run it as the restorer role. Exit 6: failed or unproven.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  AWS_PROFILE=restorer lifeboat drill orders/weekly\n  lifeboat drill orders/weekly --backup 20261122T011507Z\n  lifeboat drill orders --format json | jq '.drills[].verdict'"
)]
pub(super) struct Arguments {
    /// Policy and drill; the drill may be left out when there is only one
    #[arg(value_name = "POLICY/DRILL")]
    drill: String,
    /// This backup instead of the one that the policy picks
    #[arg(long, value_name = "ID")]
    backup: Option<String>,
    /// Run even where no network namespace can be made: the restored server may then reach out
    #[arg(long)]
    allow_unisolated: bool,
    #[command(flatten)]
    tell: Tell,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let wish = Wish {
        name: &arguments.drill,
        backup: arguments.backup.as_deref(),
        unisolated: arguments.allow_unisolated,
        telling: arguments.tell.telling(),
        stop: progress::stop_on_signal(),
    };
    let (ran, untold) = drill::drill(&global.place(), &wish, progress::progress(global)).await;
    let said = ran.map(|(ended, exit)| match (ended, global.format) {
        (Ended::Stopped(findings), _) => Said::stopped(&findings, exit, global),
        (Ended::Drilled(view), Format::Json) => Said::out(json::render(&view), exit),
        (Ended::Drilled(view), _) => Said::out(text::drill(&view, exit.code(), Global::paint()), exit),
    });
    beside(said, untold)
}
