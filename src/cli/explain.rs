//! `lifeboat explain`

use std::fmt::Write as _;

use clap::{Args, Subcommand};

use super::{Format, Global, Pricing, Said};
use crate::drill::checks::CHECKS;
use crate::formats::paint::Label;
use crate::formats::{json, text};
use crate::model::when::When;
use crate::ops::exit::TABLE;
use crate::ops::explain::{self, Explained};
use crate::ops::{Exit, OpError};
use crate::{rules, settings};

/// Explain a rule, a setting, a check, an exit code, or how a moment can be restored
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  lifeboat explain rpo-shorter-than-schedule\n  lifeboat explain bucket-lifecycle\n  lifeboat explain 5\n  lifeboat explain restore orders --at \"2h ago\"\n  lifeboat explain        # lists everything there is to explain"
)]
pub(super) struct Arguments {
    /// Id of a rule, setting or check, as findings, plans and drills print it, or an exit code; left out: list them
    #[arg(value_name = "ID")]
    id: Option<String>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    Restore(RestoreArguments),
}

/// Say which backup brings a moment back, what that needs, and the commands
///
/// The newest complete backup from that moment or before, what was written since and would be lost, the objects with their storage
/// classes and thaw time, what reading it costs, how long it takes by what the last drill measured, and lines to copy. Backups that expired and can still
/// be brought back are named. Of a physical set: the backup, what it builds on and the WAL up to that moment, and the lines of its engine, which need
/// not be installed. Writes nothing. Exit 0: it can be restored as it lies. 4: after a thaw. 5: after an expired backup was
/// brought back. 3: no backup holds that moment.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat explain restore orders --at 2026-11-22T12:00:00Z\n  lifeboat explain restore orders/nightly --at \"2026-11-22 12:00\"\n  lifeboat explain restore orders --at \"3d ago\" --format json"
)]
struct RestoreArguments {
    /// Policy and backup set; the set may be left out when there is only one
    #[arg(value_name = "POLICY/SET")]
    set: String,
    /// The moment: RFC 3339, date and time in the time zone of the set's schedule, or as in "2h ago"
    #[arg(long, value_name = "TIME")]
    at: When,
    #[command(flatten)]
    pricing: Pricing,
}

impl Arguments {
    /// Whether it asks for a page, and not about the world.
    pub(super) fn is_page(&self) -> bool {
        self.what.is_none()
    }
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let Some(What::Restore(wanted)) = &arguments.what else { return Ok(page(arguments)) };
    let (explained, exit) = explain::restore(&global.place(), &wanted.set, wanted.at, wanted.pricing.read()?).await?;
    Ok(match (explained, global.format) {
        (Explained::Stopped(findings), _) => Said::stopped(&findings, exit, global),
        (Explained::Said(view), Format::Json) => Said::out(json::render(&view), exit),
        (Explained::Said(view), _) => Said::out(text::serving(&view, exit.code(), Global::paint()), exit),
    })
}

fn page(arguments: &Arguments) -> Said {
    let paint = Global::paint();
    let heading = |text: &str| paint.text(Label::Strong, text);
    let Some(id) = &arguments.id else { return Said::out(list(), Exit::Good) };
    let mut out = String::new();
    if let Some(rule) = rules::by_id(id) {
        let docs = &rule.docs;
        let _ = writeln!(out, "{} ({}, since {})\n{}\n", heading(rule.id), rule.level.as_str(), rule.since, rule.summary);
        let parts = [("What it checks", docs.checks), ("Why", docs.why), ("Example", docs.example), ("Instead", docs.instead), ("When to allow", docs.when)];
        for (title, text) in parts {
            let _ = writeln!(out, "{}\n  {}\n", heading(title), text.replace('\n', "\n  "));
        }
    } else if let Some(setting) = settings::by_id(id) {
        let docs = &setting.docs;
        let _ = writeln!(out, "{} ({})\n", heading(setting.id), setting.title);
        let parts = [("What it protects", docs.protects), ("Why", docs.why), ("Risk of changing", docs.risk), ("Example", docs.example)];
        for (title, text) in parts {
            let _ = writeln!(out, "{}\n  {}\n", heading(title), text.replace('\n', "\n  "));
        }
    } else if let Some(check) = CHECKS.iter().find(|check| check.id == id) {
        let _ = writeln!(out, "{} (check of a drill)\n\n{}\n  {}", heading(check.id), heading("What it proves"), check.proves);
    } else if let Some((exit, meaning, next)) = TABLE.iter().find(|(exit, _, _)| exit.code().to_string() == *id) {
        let _ = writeln!(out, "{}\n{meaning}\n\n{}\n  {next}", heading(&format!("exit {}", exit.code())), heading("Next"));
    } else {
        let close = similar::get_close_matches(id.as_str(), &names(), 1, 0.6)
            .first()
            .map_or_else(|| "hint: `lifeboat explain` lists everything there is to explain\n".to_owned(), |name| format!("hint: did you mean `{name}`?\n"));
        return Said { out: String::new(), err: format!("error: there is nothing called `{id}` to explain\n{close}"), exit: Exit::Usage };
    }
    Said::out(format!("{}\n", out.trim_end()), Exit::Good)
}

fn names() -> Vec<&'static str> {
    rules::RULES.iter().map(|rule| rule.id).chain(settings::SETTINGS.iter().map(|setting| setting.id)).chain(CHECKS.iter().map(|check| check.id)).collect()
}

fn list() -> String {
    let mut out = "rules\n".to_owned();
    for rule in rules::RULES {
        let _ = writeln!(out, "  {:<36} {}", rule.id, rule.summary);
    }
    out.push_str("\nsettings\n");
    for setting in settings::SETTINGS {
        let _ = writeln!(out, "  {:<36} {}", setting.id, setting.docs.protects);
    }
    out.push_str("\nchecks\n");
    for check in CHECKS {
        let _ = writeln!(out, "  {:<36} {}", check.id, check.proves);
    }
    out.push_str("\nexit codes\n");
    for (exit, meaning, _) in TABLE {
        let _ = writeln!(out, "  {:<36} {meaning}", exit.code());
    }
    out
}
