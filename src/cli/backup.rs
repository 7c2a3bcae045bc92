//! `lifeboat backup`

use clap::Args;

use super::telling::{Tell, beside};
use super::{Format, Global, Said, progress};
use crate::formats::{json, text};
use crate::ops::OpError;
use crate::ops::backup::{self, Ended, Wish};

/// Take a backup now
///
/// One consistent snapshot, streamed from pg_dump to the bucket: nothing on disk, bounded memory. What it holds is counted
/// in the stream; the manifest is written last. Run it as the writer role.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  AWS_PROFILE=writer lifeboat backup orders/nightly\n  lifeboat backup orders/nightly --format json\n  lifeboat backup orders/nightly --notify --state /var/lib/lifeboat/told.json"
)]
pub(super) struct Arguments {
    /// Policy and backup set; the set may be left out when there is only one
    #[arg(value_name = "POLICY/SET")]
    set: String,
    #[command(flatten)]
    tell: Tell,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let wish = Wish { name: &arguments.set, telling: arguments.tell.telling(), stop: progress::stop_on_signal() };
    let (ran, untold) = backup::backup(&global.place(), &wish, progress::progress(global)).await;
    let said = ran.map(|(ended, exit)| match (ended, global.format) {
        (Ended::Stopped(findings), _) => Said::stopped(&findings, exit, global),
        (Ended::Taken(view), Format::Json) => Said::out(json::render(&view), exit),
        (Ended::Taken(view), _) => Said::out(text::backup(&view, Global::paint()), exit),
    });
    beside(said, untold)
}
