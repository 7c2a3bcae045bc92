//! The reference pages of `docs/`, written from the tables that the program itself runs on.
//!
//! Pure: a page is a function of the tables. `tests/it/generated.rs` compares each with the committed file, so a page
//! can neither lag behind the program nor be edited by hand.

use std::fmt::Write as _;

use crate::cli;
use crate::drill::checks::CHECKS;
use crate::engines::pg_dump::said::{By, SAYINGS};
use crate::model::finding::Level;
use crate::model::id::ResourceKind;
use crate::ops::exit::TABLE;
use crate::ports::conformance::{DIFFERENCES, RECORDED, SERVERS, Support, support};
use crate::ports::quirks;
use crate::{rules, settings};

/// Columns of the help texts in `docs/cli.md`, whatever the terminal of the person who generates it.
const WIDTH: usize = 100;

/// Every page: its path in the repository and its text.
pub fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("docs/checks.md", checks()),
        ("docs/cli.md", commands()),
        ("docs/endpoints.md", endpoints()),
        ("docs/exit-codes.md", exit_codes()),
        ("docs/rules.md", rules()),
        ("docs/settings.md", settings()),
    ]
}

fn page(title: &str, lead: &str) -> String {
    format!("<!-- Generated from the program's own tables: `make bless` rewrites it. -->\n# {title}\n\n{lead}\n")
}

fn section(out: &mut String, title: &str, text: &str) {
    let _ = write!(out, "\n**{title}.** {text}\n");
}

fn code(out: &mut String, title: &str, language: &str, text: &str) {
    let _ = write!(out, "\n**{title}**\n\n```{language}\n{}\n```\n", text.trim_end());
}

/// `docs/rules.md`: every rule of `lifeboat check` and `lifeboat plan`.
pub fn rules() -> String {
    let mut out = page(
        "Rules",
        "What `lifeboat check` and `lifeboat plan` judge beyond the form of a policy. An error stops `plan` and `apply` (exit 3), a warning stops\n\
         nothing. `lifeboat explain RULE` prints the same on the command line. Each *Example* is merged into the `spec` of a sound policy and fires,\n\
         each *Instead* does not; `live:` stands for what was read from the bucket, `liveKey:` for its key,\n\
         `liveProfiles:` for the instance profiles that hold the restorer. Both run as tests.",
    );
    out.push_str("\n| rule | level | what it finds |\n| --- | --- | --- |\n");
    for rule in rules::RULES {
        let _ = writeln!(out, "| [`{0}`](#{0}) | {1} | {2} |", rule.id, rule.level.as_str(), rule.summary);
    }
    for rule in rules::RULES {
        let stops = match rule.level {
            Level::Error => "stops `plan` and `apply`",
            Level::Warning => "is shown and stops nothing",
        };
        let _ = write!(out, "\n## {}\n\n{} · {stops} · since {}\n", rule.id, rule.level.as_str(), rule.since);
        section(&mut out, "What it checks", rule.docs.checks);
        section(&mut out, "Why", rule.docs.why);
        code(&mut out, "Example", "yaml", rule.docs.example);
        code(&mut out, "Instead", "yaml", rule.docs.instead);
        section(&mut out, "When to allow", rule.docs.when);
    }
    out
}

/// `docs/settings.md`: every setting of buckets and roles that lifeboat manages.
pub fn settings() -> String {
    let mut out = page(
        "Settings",
        "What lifeboat manages on a bucket and on a role: it reads each one, compares it with the policies, and changes it only by a step of a plan.\n\
         The order is the one in which `lifeboat apply` sends steps. `lifeboat explain SETTING` prints the same on the command line.",
    );
    out.push_str("\n| setting | of | what it protects |\n| --- | --- | --- |\n");
    for setting in settings::SETTINGS {
        let _ = writeln!(out, "| [`{0}`](#{0}) | {1} | {2} |", setting.id, kind(setting.kind), setting.docs.protects);
    }
    for setting in settings::SETTINGS {
        let _ =
            write!(out, "\n## {}\n\nof a {} · `{}` in plans · reading it needs `{}`\n", setting.id, kind(setting.kind), setting.title, setting.read.action());
        section(&mut out, "What it protects", setting.docs.protects);
        section(&mut out, "Why", setting.docs.why);
        section(&mut out, "Risk of changing", setting.docs.risk);
        code(&mut out, "Example", "yaml", setting.docs.example);
    }
    out
}

fn kind(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Bucket => "bucket",
        ResourceKind::Role => "role",
        ResourceKind::Provider => "provider",
        ResourceKind::Key => "key",
    }
}

/// `docs/checks.md`: what a drill asks of a restored database.
pub fn checks() -> String {
    let mut out = page(
        "Checks",
        "What a drill asks of every restored database, in this order, and what a restore asks at its end. Each answer is passed, failed or\n\
         unproven: a check that could not run proves nothing, and is never passed. A fourth one, noted, is passed with something worth a sentence:\n\
         it is shown, it is in the JSON, and it decides nothing.",
    );
    out.push_str("\n| check | what it proves |\n| --- | --- |\n");
    for check in CHECKS {
        let _ = writeln!(out, "| `{}` | {} |", check.id, check.proves);
    }
    out
}

/// Parts of pages that are written by hand: page, name of the part, text. They stand between two comments that name them.
pub fn parts() -> Vec<(&'static str, &'static str, String)> {
    vec![("docs/messages.md", "sayings", sayings())]
}

/// What PostgreSQL's programs say on standard error, and what it weighs.
fn sayings() -> String {
    let mut out = "| who | words | weighs | why |\n| --- | --- | --- | --- |\n".to_owned();
    for saying in SAYINGS {
        let who = match saying.by {
            By::Program => "a program",
            By::Server => "the server",
            By::Either => "either, in an error",
        };
        let _ = writeln!(out, "| {who} | `{}` | {} | {} |", saying.words.trim(), saying.class.as_str(), saying.reason);
    }
    out
}

/// `docs/exit-codes.md`: what each exit code means and what to do.
pub fn exit_codes() -> String {
    let mut out = page("Exit codes", "One number, one meaning, the same for every command. A code is never reused.");
    out.push_str("\n| exit | means | next |\n| --- | --- | --- |\n");
    for (exit, meaning, next) in TABLE {
        let _ = writeln!(out, "| {} | {meaning} | {next} |", exit.code());
    }
    let mut order: Vec<_> = TABLE.iter().map(|(exit, _, _)| *exit).collect();
    order.sort_by(|a, b| if a.worst(*b) == *a { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater });
    let order: Vec<String> = order.iter().map(|exit| exit.code().to_string()).collect();
    let _ = write!(out, "\nWhen several apply to one run, the first of {} wins.\n", order.join(", "));
    out
}

/// `docs/endpoints.md`: what each kind of endpoint does otherwise, and what it does not enforce.
pub fn endpoints() -> String {
    let mut out = page(
        "Endpoints",
        "lifeboat speaks to Amazon S3 and IAM, and to endpoints that answer like them. Where an endpoint is known to do otherwise, it is named here:\n\
         what it cannot enforce is said in the plan and never counted as proven. Which kind an endpoint is, its URL tells: hosts below\n\
         `amazonaws.com` and `amazonaws.com.cn`, or no URL at all, are AWS. Every other host is asked once, with a `HeadBucket`, and is known by the\n\
         `Server` header of its answer, or else held to be S3-compatible.\n\n\
         What an endpoint supports is found out by reading: a question that is answered with 501 or 405, with nothing, with another document than\n\
         was asked for, or with one that lacks what every sound answer has, is *not supported by this endpoint*. Nothing is ever written where the\n\
         read said so. A person must decide (exit 5) unless the policy says `storage: {unsupported: skip}`: then the plan lists it and goes on.\n\n\
         Every upload carries its checksum (CRC32) in a header, never behind the body, and no request is sent with `aws-chunked` encoding: what\n\
         S3-compatible servers refuse or store in error is not sent to any. A server that ignores `If-None-Match` cannot be told by reading.",
    );
    for kind in quirks::KINDS {
        let addressing = if kind.path_style { "in the path of the URL" } else { "in the host name" };
        let _ = write!(out, "\n## {}\n\n- Buckets are addressed {addressing}.\n", kind.name);
        bullets(
            &mut out,
            kind.unfilled_keys.iter().map(|key| format!("`{key}`")),
            "Every condition that the design needs is written.",
            "Condition keys that it does not fill; a condition on one would refuse every request, so it is left out and the plan says so:",
        );
        bullets(&mut out, kind.not_enforced.iter().map(|what| (*what).to_owned()), "Nothing is known that it does not enforce.", "What it does not enforce:");
        if !kind.not_taken.is_empty() {
            bullets(
                &mut out,
                kind.not_taken.iter().map(|row| row.sentence.to_owned()),
                "",
                "What it refuses although it answers the read, so it is never sent:",
            );
        }
        if kind.makes_buckets {
            out.push_str("- An upload to a bucket that does not exist makes one, without any protection: the bucket is asked for before every upload.\n");
        }
        if kind.lists_by_folder {
            out.push_str("- It lists folder by folder and not in the order of keys: a large listing is asked for page after page, never in parts.\n");
        }
    }
    matrix(&mut out);
    differences(&mut out);
    out
}

/// Setting × server, as the conformance suite measured it.
fn matrix(out: &mut String) {
    out.push_str(
        "\n## What converges where\n\nA setting *converges* where whatever a policy can ask for is applied and then reads back so that the next plan is empty. Each cell is\n\
         measured by `make test` on that server, with the same suite, and a cell that is no longer true fails it. Nothing here was run against AWS\n\
         itself: its column counts answers that were recorded there, each of which a test reads and writes back without a loss.\n\n\
         | setting | AWS |",
    );
    for (server, version) in SERVERS {
        let _ = write!(out, " {} |", format!("{server} {version}").trim_end());
    }
    let _ = writeln!(out, "\n| --- |{}", " --- |".repeat(SERVERS.len() + 1));
    for setting in settings::SETTINGS {
        let recorded =
            RECORDED.iter().find(|(id, _)| *id == setting.id).map_or_else(|| "no recorded answer".to_owned(), |(_, answers)| format!("{answers} answers"));
        let cells = SERVERS.iter().map(|(server, _)| match support(server, setting.id) {
            Support::Converges => "converges",
            Support::Partly(_) => "in part",
            Support::Not(_) => "not supported",
        });
        let _ = writeln!(out, "| [`{0}`](settings.md#{0}) | {recorded} | {1} |", setting.id, cells.collect::<Vec<_>>().join(" | "));
    }
}

/// Every known difference, with its cases.
fn differences(out: &mut String) {
    out.push_str(
        "\n## What servers do otherwise than AWS\n\nEach was measured, and the suite fails on the day it is gone. `…` stands for all cases that begin so.\n",
    );
    for (server, _) in SERVERS {
        let rows: Vec<_> = DIFFERENCES.iter().filter(|row| row.server == *server).collect();
        let mut reasons: Vec<&str> = Vec::new();
        for row in &rows {
            if !reasons.contains(&row.reason) {
                reasons.push(row.reason);
            }
        }
        if !reasons.is_empty() {
            let _ = write!(out, "\n**{server}**\n\n");
        }
        for reason in reasons {
            let _ = writeln!(out, "- {reason}");
            for row in rows.iter().filter(|row| row.reason == reason) {
                let _ = writeln!(out, "  - {}", row.case.replace('*', "…"));
            }
        }
    }
}

fn bullets(out: &mut String, items: impl ExactSizeIterator<Item = String>, none: &str, lead: &str) {
    let _ = writeln!(out, "- {}", if items.len() == 0 { none } else { lead });
    for item in items {
        let _ = writeln!(out, "  - {item}");
    }
}

/// `docs/cli.md`: every command with its long help. Options that every command understands are shown once, at the top.
pub fn commands() -> String {
    let mut root = cli::command().term_width(WIDTH).mut_arg("repo", |arg| arg.hide_env_values(true));
    root.build();
    let mut out = page("Commands", "The help of every command, as `lifeboat COMMAND --help` prints it; options that all of them have are at the first one.");
    help(&mut out, root.clone(), false);
    out
}

/// One command and the ones below it, depth first in the order of the help.
fn help(out: &mut String, command: clap::Command, below: bool) {
    let name = command.get_bin_name().unwrap_or("lifeboat").to_owned();
    let shown = command.clone().mut_args(|arg| if below && arg.is_global_set() { arg.hide(true) } else { arg });
    let text = shown.term_width(WIDTH).render_long_help().to_string();
    let text: Vec<&str> = text.lines().map(str::trim_end).collect();
    let _ = write!(out, "\n## {name}\n\n```text\n{}\n```\n", text.join("\n").trim_end());
    for child in command.get_subcommands().filter(|child| child.get_name() != "help" && !child.is_hide_set()) {
        help(out, child.clone(), true);
    }
}
