//! `lifeboat explain`

use std::fmt::Write as _;

use clap::Args;

use super::{Global, Said};
use crate::drill::checks::CHECKS;
use crate::formats::paint::Label;
use crate::ops::Exit;
use crate::ops::exit::TABLE;
use crate::{rules, settings};

/// Explain a rule, a setting, a check or an exit code
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat explain rpo-shorter-than-schedule\n  lifeboat explain bucket-lifecycle\n  lifeboat explain 5\n  lifeboat explain        # lists everything there is to explain"
)]
pub(super) struct Arguments {
    /// Id of a rule, setting or check, as findings, plans and drills print it, or an exit code; left out: list them
    #[arg(value_name = "ID")]
    id: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Said {
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
