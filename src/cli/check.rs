//! `lifeboat check`

use clap::Args;

use super::{Format, Global, Said};
use crate::formats::{github, json, junit, markdown, sarif, text};
use crate::ops::{OpError, check};
use crate::view::check::CheckView;

/// Check policies for mistakes, without asking any server
///
/// Every mistake in every file at once, each with its place and what to write instead.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat check\n  lifeboat check --repo ~/dr-config --rev origin/main\n  lifeboat check --format json | jq '.findings[].title'\n  lifeboat check --format sarif > lifeboat.sarif"
)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, global: &Global) -> Result<Said, OpError> {
    let (view, exit) = check::check(&global.place())?;
    Ok(Said::out(rendered(&view, global.format), exit))
}

/// Findings in any format.
pub(super) fn rendered(view: &CheckView, format: Format) -> String {
    match format {
        // No command that judges prints a page.
        Format::Text | Format::Html => text::check(view, Global::paint()),
        Format::Json => json::render(view),
        Format::Markdown => markdown::check(view),
        Format::Sarif => sarif::check(view),
        Format::Github => github::check(view),
        Format::Junit => junit::check(view),
    }
}
