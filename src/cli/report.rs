//! `lifeboat report`

use std::path::PathBuf;

use clap::Args;

use super::{Format, Global, Said};
use crate::formats::{html, json, text};
use crate::ops::{OpError, report};

/// Report what is proven of every policy, failures first, on one page of HTML
///
/// Reads buckets, roles, backups and evidence; writes nothing but the page, which needs no network and no script. What
/// could not be read is in it as unproven. Exit 0: everything is proven. 4: backups too old, or drift. 5: a person must
/// decide. 6: restores not proven. 7: evidence broken.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat report\n  lifeboat report --out audit/2026-11.html\n  lifeboat report --format json | jq '.policies[] | {name, verdict}'"
)]
pub(super) struct Arguments {
    /// The file of the page [default: lifeboat-report.html; with --format json none]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let (view, exit) = report::report(&global.place()).await?;
    let as_json = global.format == Format::Json;
    let out = arguments.out.clone().or_else(|| (!as_json).then(|| PathBuf::from("lifeboat-report.html")));
    if let Some(path) = &out {
        let page = html::report(&view).map_err(|error| error.to_string());
        page.and_then(|page| std::fs::write(path, page).map_err(|error| error.to_string())).map_err(|why| OpError::Setup {
            message: format!("the report cannot be written to {}: {why}", path.display()),
            hint: "name a file that can be written".to_owned(),
        })?;
    }
    Ok(match &out {
        _ if as_json => Said::out(json::render(&view), exit),
        Some(path) => Said::out(format!("{}{}\n", text::report(&view, exit.code(), Global::paint()), path.display()), exit),
        None => Said::out(text::report(&view, exit.code(), Global::paint()), exit),
    })
}
