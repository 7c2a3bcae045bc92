//! `lifeboat bootstrap`

use clap::Args;

use super::{Global, Said, apply, progress};
use crate::ops::OpError;
use crate::ops::apply::Interrupted;
use crate::ops::bootstrap;
use crate::plan::{Ask, Leave};

/// Show or make what must exist before the first plan in CI
///
/// The buckets of evidence and control, OIDC providers, and the roles planner, applier and auditor of lifeboat.yaml. The
/// applier may not touch them, so `plan` holds their steps: run this once with a person's credentials, and again when one of them changes.
/// Exit 0: nothing to do. 4: changes are pending. 5: a person must decide.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lifeboat bootstrap\n  lifeboat bootstrap --format json\n  lifeboat bootstrap --apply")]
pub(super) struct Arguments {
    /// Make it, with the credentials in use
    #[arg(long)]
    apply: bool,
    /// Release a held step by name, as the plan prints it
    #[arg(long, value_name = "ID@RESOURCE")]
    allow: Vec<Leave>,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let ask = Ask { leaves: &arguments.allow, ..Ask::default() };
    let send = arguments.apply.then_some(progress::stop_on_signal as Interrupted);
    let (ended, exit) = bootstrap::bootstrap(&global.place(), &ask, send).await?;
    Ok(apply::said(ended, exit, global))
}
