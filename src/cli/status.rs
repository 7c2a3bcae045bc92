//! `lifeboat status`

use std::path::PathBuf;

use clap::Args;

use super::{Format, Global, Pricing, Said, blame};
use crate::formats::{html, json, prometheus, text};
use crate::model::when::When;
use crate::ops::notify::{Looked, Receivers};
use crate::ops::{Exit, OpError, notify, status};
use crate::view::status::StatusView;

/// Say what can be restored now, policy by policy
///
/// Reads buckets and evidence, and writes nothing but the file of --metrics. The newest backup against the RPO, when a
/// drill last passed, how far restore points reach back, what comes next; scheduled runs that left nothing complete, and
/// gaps that schedule and retention do not explain; storage by class and what a month of it costs. Runs are expected by the schedules of their time, from the git history of
/// the policies. Exit 0: all objectives are met. 4: backups too old, or not listed.
/// 6: drills not proven.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat status\n  lifeboat status --metrics /var/lib/node_exporter/lifeboat.prom\n  lifeboat status --notify --state /var/lib/lifeboat/told.json\n  lifeboat status --at \"2026-11-20 12:00\"\n  lifeboat status --at \"in 30d\"\n  lifeboat status --format html > status.html\n  lifeboat status --format json | jq '.policies[] | select(.rpo.verdict != \"passed\")'"
)]
pub(super) struct Arguments {
    /// Write gauges for Prometheus to this file, replacing it at once
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// What could be restored at another moment: RFC 3339, date and time in the time zone of the schedules, or as in "2h ago". Of
    /// one to come: what will be left by the bucket's rules, if nothing else happens
    #[arg(long, value_name = "TIME", conflicts_with = "metrics")]
    at: Option<When>,
    /// Post what changed to the webhooks of the policies (alerts.notify): what failed, was missed or is too old, and what recovered. A post
    /// that fails ends in exit 1, and hides nothing of the status
    #[arg(long, conflicts_with = "at")]
    notify: bool,
    /// Where it is kept what was told last; without it everything that is not well is told every time
    #[arg(long, value_name = "FILE", requires = "notify")]
    state: Option<PathBuf>,
    #[command(flatten)]
    pricing: Pricing,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let (mut view, exit, receivers) = status::status(&global.place(), arguments.at, arguments.pricing.read()?).await?;
    if arguments.notify || arguments.metrics.is_some() {
        view.disk = notify::disk();
    }
    if let Some(path) = &arguments.metrics {
        notify::replace(path, &prometheus::render(&view)).map_err(|why| OpError::Setup {
            message: format!("the metrics cannot be written to {}: {why}", path.display()),
            hint: "name a file in a folder that can be written".to_owned(),
        })?;
    }
    let (err, exit) = match tell(arguments, &receivers, &view).await {
        Ok(()) => (String::new(), exit),
        Err(error) => (blame(&error), exit.worst(Exit::Failed)),
    };
    let out = match global.format {
        Format::Json => json::render(&view),
        Format::Html => {
            html::status(&view).map_err(|why| OpError::Setup { message: format!("the page cannot be made: {why}"), hint: "use --format text".to_owned() })?
        }
        _ => text::status(&view, exit.code(), Global::paint()),
    };
    Ok(Said { out, err, exit })
}

async fn tell(arguments: &Arguments, receivers: &Receivers, view: &StatusView) -> Result<(), OpError> {
    if !arguments.notify {
        return Ok(());
    }
    let looked = Looked { at: &view.at, revision: &view.revision };
    notify::notify(looked, &notify::standing(view, receivers), receivers, arguments.state.as_deref()).await
}
