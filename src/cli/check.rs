//! `lifeboat check`

use clap::Args;

use super::{Format, Global, Said};
use crate::formats::{json, text};
use crate::ops::{OpError, check};

/// Check policies for mistakes, without asking any server
///
/// Every mistake in every file at once, each with its place and what to write instead.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat check\n  lifeboat check --repo ~/dr-config --rev origin/main\n  lifeboat check --format json | jq '.findings[].title'"
)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, global: &Global) -> Result<Said, OpError> {
    let (view, exit) = check::check(&global.place())?;
    Ok(Said::out(
        match global.format {
            Format::Json => json::render(&view),
            Format::Text | Format::Markdown => text::check(&view, Global::paint()),
        },
        exit,
    ))
}
