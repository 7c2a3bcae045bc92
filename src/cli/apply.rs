//! `lifeboat apply`

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::{Format, Global, Pricing, Said, Selecting, progress, waiting};
use crate::apply::Settle;
use crate::formats::{json, text};
use crate::journal::lock::waiting::{News, Waiting};
use crate::model::units::Span;
use crate::ops::apply::{self, Ended, Wanted};
use crate::ops::plan::Planned;
use crate::ops::{Exit, OpError};
use crate::plan::saved::{self, Approved};
use crate::plan::{Ask, Leave};

/// Make the real buckets and roles as the policies say
///
/// Recomputes the plan, re-reads what each step assumes, sends it, reads it back. With a saved plan, only steps that it
/// approves are sent. Held steps stay held. Exit 0: all done. 5: done except what is held. 1: stopped.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat apply\n  lifeboat apply plan.json\n  lifeboat apply plan.json --digest 4f1c9e…\n  lifeboat apply --allow weakens-versioning@bucket/acme-dr-orders"
)]
pub(super) struct Arguments {
    /// A plan saved by `lifeboat plan --out`: it selects and approves steps
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// Release a held step by name, as the plan prints it
    #[arg(long, value_name = "ID@RESOURCE")]
    allow: Vec<Leave>,
    /// Also remove what lifeboat made and no policy wants any more, once no backup needs it
    #[arg(long)]
    prune: bool,
    /// Apply the saved plan only if this is its digest, as `plan --out` said it
    #[arg(long, value_name = "SHA256", requires = "plan")]
    digest: Option<String>,
    /// Wait so long for another apply that is under way, as in 10m, saying on standard error whose it is; without it, stop and say so
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    wait: Span,
    /// How long to wait for a change to be seen: S3 may answer the old settings for minutes after a write
    #[arg(long, value_name = "DURATION", default_value = "3m")]
    settle: Span,
    #[command(flatten)]
    selecting: Selecting,
    #[command(flatten)]
    pricing: Pricing,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let approved = arguments.plan.as_deref().map(read).transpose()?;
    if let (Some(digest), Some(approved)) = (&arguments.digest, &approved) {
        same_digest(digest, approved)?;
    }
    let settle = Settle(Duration::from_secs(arguments.settle.as_secs()));
    let prices = arguments.pricing.read()?;
    let ask = Ask { leaves: &arguments.allow, prune: arguments.prune, prices: Some(&prices) };
    let line = waiting::Line::new(global);
    let told = |news: &News| line.told(news);
    let wanted = Wanted {
        ask,
        approved: approved.as_ref(),
        waiting: Waiting { at_most: Duration::from_secs(arguments.wait.as_secs()), told: Some(&told) },
        selection: arguments.selecting.selection(),
        settle,
        undo: None,
        interrupted: Some(progress::stop_on_signal),
    };
    let (ended, exit) = apply::apply(&global.place(), &wanted).await?;
    Ok(match ended {
        Ended::Stopped(Planned::Plan(view, _)) => Said::out(json::render(&view), Exit::Failed),
        other => said(other, exit, global),
    })
}

/// The digest is counted anew from what the file approves: what it says of itself is not believed.
fn same_digest(wanted: &str, approved: &Approved) -> Result<(), OpError> {
    let found = saved::digest(&approved.policy_digest, &approved.approved);
    if found == wanted.trim() {
        return Ok(());
    }
    Err(OpError::Setup {
        message: format!("the saved plan has digest {found}, and {wanted} was to be applied"),
        hint: "apply the plan that was reviewed, or have this one reviewed; nothing was sent".to_owned(),
    })
}

fn read(path: &Path) -> Result<Approved, OpError> {
    let wrong = |why: String| OpError::Setup {
        message: format!("{} is not a saved plan: {why}", path.display()),
        hint: "make one with `lifeboat plan --out FILE`".to_owned(),
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

/// What a command prints that plans and, when asked to, applies.
pub(super) fn said(ended: Ended, exit: Exit, global: &Global) -> Said {
    match (ended, global.format) {
        (Ended::Stopped(Planned::Stopped(findings)), _) => Said::stopped(&findings, exit, global),
        (Ended::Stopped(Planned::Plan(view, _)), Format::Json) => Said::out(json::render(&view), exit),
        (Ended::Stopped(Planned::Plan(view, _)), _) => Said::out(text::plan(&view, exit.code(), Global::paint()), exit),
        (Ended::Applied(view), Format::Json) => Said::out(json::render(&view), exit),
        (Ended::Applied(view), _) => Said::out(text::apply(&view, exit.code(), Global::paint()), exit),
    }
}
