//! `lifeboat plan`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Format, Global, Pricing, Said, Selecting, check, progress};
use crate::formats::{github, json, junit, markdown, sarif, text};
use crate::observe::Watch;
use crate::ops::OpError;
use crate::ops::plan::{self, Asked, Planned};
use crate::plan::{Ask, Leave, saved};

/// Show what would change, and what it means for recovery
///
/// Reads buckets, roles and backups; writes nothing. Exit 0: nothing to do. 4: changes are pending. 5: a person must decide.
/// Ctrl-C ends the asking: what was read so far is shown, the rest is "not asked", nothing is saved, exit 1.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat plan\n  lifeboat plan --rev HEAD --out plan.json\n  lifeboat plan --format markdown > comment.md\n  lifeboat plan --offline"
)]
pub(super) struct Arguments {
    /// Also save the plan, for `lifeboat apply FILE`
    #[arg(long, value_name = "FILE", conflicts_with = "offline")]
    out: Option<PathBuf>,
    /// Ask no server: show what is wanted, everything unknown
    #[arg(long)]
    offline: bool,
    /// Release a held step by name, as the plan prints it
    #[arg(long, value_name = "ID@RESOURCE")]
    allow: Vec<Leave>,
    /// Also plan the removal of what lifeboat made and no policy wants any more, once no backup needs it
    #[arg(long)]
    prune: bool,
    /// Also read and show what lies in the buckets and roles and is not managed; changes neither exit code nor saved plan
    #[arg(long, conflicts_with = "offline")]
    inventory: bool,
    #[command(flatten)]
    selecting: Selecting,
    #[command(flatten)]
    pricing: Pricing,
}

/// What stands in a file that a plan is to be saved to, and is none, is somebody's work: it is never replaced.
fn may_save(path: &Path) -> Result<(), OpError> {
    let is_plan =
        |text: &[u8]| serde_json::from_slice(text).is_ok_and(|found: serde_json::Value| found.get("format").is_some_and(|format| *format == saved::FORMAT));
    if !path.is_file() || std::fs::read(path).is_ok_and(|text| text.is_empty() || is_plan(&text)) {
        return Ok(());
    }
    Err(OpError::Setup {
        message: format!("{} is there, and is no plan: it is not overwritten", path.display()),
        hint: "name a new file, or one that holds a saved plan".to_owned(),
    })
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    arguments.out.as_deref().map_or(Ok(()), may_save)?;
    let reading = progress::Reading::new(global);
    let told = |answered, of| reading.told(answered, of);
    let watch = Watch { stop: Some(progress::stop_on_signal()), answered: Some(&told) };
    let prices = arguments.pricing.read()?;
    let ask = Ask { leaves: &arguments.allow, prune: arguments.prune, prices: Some(&prices) };
    let asked = Asked { ask, offline: arguments.offline, selection: arguments.selecting.selection(), inventory: arguments.inventory, watch };
    let (planned, exit) = plan::plan(&global.place(), &asked).await?;
    drop(reading);
    let (mut view, findings) = match planned {
        Planned::Stopped(findings) if global.format == Format::Text => {
            return Ok(Said { out: String::new(), err: text::check(&findings, Global::paint()), exit });
        }
        Planned::Stopped(findings) => return Ok(Said::out(check::rendered(&findings, global.format), exit)),
        Planned::Plan(view, findings) => (view, findings),
    };
    let (out, shows_findings) = match global.format {
        Format::Text | Format::Html => (text::plan(&view, exit.code(), Global::paint()), false),
        Format::Json => (json::render(&view), false),
        Format::Markdown => (markdown::plan(&view, &findings), true),
        Format::Sarif => (sarif::plan(&view, &findings), true),
        Format::Github => (github::plan(&view, &findings), true),
        Format::Junit => (junit::plan(&view, &findings), true),
    };
    let quiet = shows_findings || findings.findings.is_empty() || global.quiet;
    let mut err = if quiet { String::new() } else { text::check(&findings, Global::paint()) };
    if let Some(path) = arguments.out.as_ref().filter(|_| view.unasked > 0) {
        let _ = writeln!(err, "{} was not written: the plan was interrupted", path.display());
    }
    // What nothing rests on is no part of what is approved.
    view.inventory = None;
    if let Some(path) = arguments.out.as_ref().filter(|_| view.unasked == 0) {
        std::fs::write(path, json::render(&view)).map_err(|error| OpError::Setup {
            message: format!("the plan cannot be saved to {}: {error}", path.display()),
            hint: "name a file that can be written".to_owned(),
        })?;
        if !global.quiet {
            let _ = writeln!(err, "saved to {} with digest {}: `lifeboat apply {}` sends what it approves", path.display(), view.digest, path.display());
        }
    }
    Ok(Said { out, err, exit })
}
