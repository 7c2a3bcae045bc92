//! `lifeboat plan`

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::{Format, Global, Said, Selecting, progress};
use crate::formats::{json, markdown, text};
use crate::observe::Watch;
use crate::ops::OpError;
use crate::ops::plan::{self, Asked, Planned};
use crate::plan::Leave;

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
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Ask no server: show what is wanted, everything unknown
    #[arg(long)]
    offline: bool,
    /// Release a held step by name, as the plan prints it
    #[arg(long, value_name = "ID@RESOURCE")]
    allow: Vec<Leave>,
    #[command(flatten)]
    selecting: Selecting,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let reading = progress::Reading::new(global);
    let told = |answered, of| reading.told(answered, of);
    let watch = Watch { stop: Some(progress::stop_on_signal()), answered: Some(&told) };
    let asked = Asked { leaves: &arguments.allow, offline: arguments.offline, selection: arguments.selecting.selection(), watch };
    let (planned, exit) = plan::plan(&global.place(), &asked).await?;
    drop(reading);
    let view = match planned {
        Planned::Stopped(findings) => {
            return Ok(match global.format {
                Format::Json => Said::out(json::render(&findings), exit),
                Format::Text | Format::Markdown => Said { out: String::new(), err: text::check(&findings, Global::paint()), exit },
            });
        }
        Planned::Plan(view, findings) => {
            let warnings = if findings.findings.is_empty() || global.quiet { String::new() } else { text::check(&findings, Global::paint()) };
            (view, warnings)
        }
    };
    let (view, mut err) = view;
    if let Some(path) = arguments.out.as_ref().filter(|_| view.unasked > 0) {
        let _ = writeln!(err, "{} was not written: the plan was interrupted", path.display());
    }
    if let Some(path) = arguments.out.as_ref().filter(|_| view.unasked == 0) {
        std::fs::write(path, json::render(&view)).map_err(|error| OpError::Setup {
            message: format!("the plan cannot be saved to {}: {error}", path.display()),
            hint: "name a file that can be written".to_owned(),
        })?;
    }
    let out = match global.format {
        Format::Json => json::render(&view),
        Format::Markdown => markdown::plan(&view),
        Format::Text => text::plan(&view, exit.code(), Global::paint()),
    };
    Ok(Said { out, err, exit })
}
