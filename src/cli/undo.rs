//! `lifeboat undo`

use clap::Args;

use super::{Global, Pricing, Said, apply, progress};
use crate::ops::OpError;
use crate::ops::apply::Interrupted;
use crate::ops::undo;
use crate::plan::{Ask, Leave};

/// Plan the way back from an apply, by its journal; --apply sends it
///
/// Shows, as a plan, what leads back to what was there before, last step first, and where no way leads back. What somebody
/// changed since is left alone, and what loosens protection by going back is held. Needs `control` in lifeboat.yaml. Exit 0:
/// it is back already, or was brought back. 4: changes are pending. 5: a person must decide.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat undo\n  lifeboat undo 20261122T100000Z-9f8e7d --apply\n  lifeboat undo --apply --allow weakens-versioning@bucket/acme-dr-orders"
)]
pub(super) struct Arguments {
    /// The run to take back, as `apply` named it; the last one that did something when left out
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Send it
    #[arg(long)]
    apply: bool,
    /// Release a held step by name, as the plan prints it
    #[arg(long, value_name = "ID@RESOURCE")]
    allow: Vec<Leave>,
    #[command(flatten)]
    pricing: Pricing,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let prices = arguments.pricing.read()?;
    let ask = Ask { leaves: &arguments.allow, prices: Some(&prices), ..Ask::default() };
    let send = arguments.apply.then_some(progress::stop_on_signal as Interrupted);
    let (ended, exit) = undo::undo(&global.place(), &ask, arguments.run.as_deref(), send).await?;
    Ok(apply::said(ended, exit, global))
}
