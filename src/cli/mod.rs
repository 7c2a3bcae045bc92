//! The command line: one command a file; who is to blame and what to do next is decided here and only here.
//!
//! Data goes to standard output, everything else to standard error. A broken pipe is not an error.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::catalog::prices::Prices;
use crate::formats::paint::Paint;
use crate::formats::{json, text};
use crate::ops::select::{Glob, Selection, Shard};
use crate::ops::{Exit, OpError, Where, prices};
use crate::view::check::CheckView;

mod apply;
mod backup;
mod backups;
mod bootstrap;
mod check;
mod completions;
mod drill;
mod evidence;
mod explain;
mod hold;
mod import;
mod keep;
mod plan;
mod policy;
mod progress;
mod report;
mod restore;
mod simulate;
mod status;
mod telling;
mod undo;
mod waiting;

/// What a command prints and ends with.
#[derive(Debug)]
pub struct Said {
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
    /// How it ended.
    pub exit: Exit,
}

impl Said {
    /// Something for standard output.
    pub fn out(out: impl Into<String>, exit: Exit) -> Self {
        Self { out: out.into(), err: String::new(), exit }
    }

    /// The findings that a command stopped at: on standard error, but for JSON, which is data.
    fn stopped(findings: &CheckView, exit: Exit, global: &Global) -> Self {
        match global.format {
            Format::Json => Self::out(json::render(findings), exit),
            _ => Self { out: String::new(), err: text::check(findings, Global::paint()), exit },
        }
    }
}

/// Disaster recovery as code for PostgreSQL on S3.
///
/// A policy in git says what must be true of backups, buckets, roles and rehearsed restores. lifeboat compares it with
/// the real bucket, the real roles and the real backups, shows the difference, applies it, takes backups, rehearses
/// restores and keeps signed evidence.
#[derive(Debug, Parser)]
#[command(name = "lifeboat", version, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 good · 1 failed · 2 usage · 3 findings · 4 changes pending · 5 a person must decide · 6 drill failed · 7 evidence broken\nEndpoints, regions and credentials come from the ordinary AWS environment and profiles.\nOne attempt of a request may take 10 s, or what LIFEBOAT_REQUEST_TIMEOUT says (as in 30s); AWS_MAX_ATTEMPTS says how many there are (3)."
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Config repo: a folder in it, or the URL of a git repository
    #[arg(long, global = true, default_value = ".", value_name = "PATH|URL", env = "LIFEBOAT_REPO")]
    repo: String,
    /// Read this git revision instead of the working folder
    #[arg(long, global = true, value_name = "REV")]
    rev: Option<String>,
    /// How to print the result
    #[arg(long, global = true, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Say nothing but the result
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more about what is done, on standard error
    #[arg(long, short, global = true)]
    verbose: bool,
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs: a published, versioned shape
    Json,
    /// A pull-request comment (plan, check)
    Markdown,
    /// SARIF 2.1.0, for code scanning (plan, check)
    Sarif,
    /// Annotations of a GitHub workflow (plan, check)
    Github,
    /// JUnit XML: a case for each rule and setting (plan, check)
    Junit,
    /// One self-contained page (simulate)
    Html,
}

/// What most commands can print.
const SIMPLE: &[Format] = &[Format::Text, Format::Json];
/// What commands can print that judge policies.
const JUDGED: &[Format] = &[Format::Text, Format::Json, Format::Markdown, Format::Sarif, Format::Github, Format::Junit];

/// What a command can print that draws.
const DRAWN: &[Format] = &[Format::Text, Format::Json, Format::Html];

impl Global {
    fn place(&self) -> Where {
        Where { repo: self.repo.clone(), rev: self.rev.clone() }
    }

    /// Colour only on a terminal, and never with `NO_COLOR` (no-color.org).
    fn paint() -> Paint {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Paint { on: wanted && io::stdout().is_terminal() }
    }
}

/// A part of many policies.
#[derive(Debug, Clone, Args)]
pub(crate) struct Selecting {
    /// Only policies whose name fits, with * and ?; may be repeated. A bucket that others share is taken whole
    #[arg(long, value_name = "GLOB")]
    policy: Vec<Glob>,
    /// Only the I-th of N parts, as in 1/4: cut by bucket, so that policies that share one stay together
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
}

impl Selecting {
    fn selection(&self) -> Selection {
        Selection { policies: self.policy.clone(), shard: self.shard }
    }
}

/// What storage is counted to cost.
#[derive(Debug, Clone, Args)]
pub(crate) struct Pricing {
    /// Storage prices to count with, instead of AWS's list prices that come with lifeboat (format lifeboat.prices/1)
    #[arg(long, value_name = "FILE", env = "LIFEBOAT_PRICES")]
    prices: Option<PathBuf>,
}

impl Pricing {
    fn read(&self) -> Result<Prices, OpError> {
        prices::read(self.prices.as_deref())
    }
}

impl Command {
    /// The formats that it can print.
    fn formats(&self) -> &'static [Format] {
        match self {
            Self::Check(_) | Self::Plan(_) => JUDGED,
            Self::Simulate(_) | Self::Status(_) => DRAWN,
            Self::Explain(arguments) if arguments.is_page() => &[Format::Text],
            Self::Completions(_) => &[Format::Text],
            _ => SIMPLE,
        }
    }
}

/// The command line. Asking a command for a format that it cannot print is a wrong command line.
fn parse() -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches()?;
    let cli = Cli::from_arg_matches(&matches)?;
    let (formats, format) = (cli.command.formats(), cli.global.format);
    if formats.contains(&format) {
        return Ok(cli);
    }
    let spelled = |format: &Format| format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    let known: Vec<String> = formats.iter().map(spelled).collect();
    let name = matches.subcommand_name().unwrap_or_default();
    let message = format!("`lifeboat {name}` cannot print {}\nhint: it prints {}\n", spelled(&format), known.join(", "));
    Err(Cli::command().error(clap::error::ErrorKind::InvalidValue, message))
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Arguments),
    Plan(plan::Arguments),
    Apply(apply::Arguments),
    Undo(undo::Arguments),
    Bootstrap(bootstrap::Arguments),
    Backup(backup::Arguments),
    Backups(backups::Arguments),
    Keep(keep::Arguments),
    Hold(hold::Arguments),
    Undelete(hold::UndeleteArguments),
    Drill(drill::Arguments),
    Restore(restore::Arguments),
    Evidence(evidence::Arguments),
    Status(status::Arguments),
    Simulate(simulate::Arguments),
    Report(report::Arguments),
    Policy(policy::Arguments),
    Import(import::Arguments),
    Explain(explain::Arguments),
    Completions(completions::Arguments),
}

/// Runs the program.
pub fn run() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage.code() } else { Exit::Good.code() });
        }
    };
    // One provider for every TLS connection of the process; a second installation answers an error, which changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let said = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(dispatch(cli)),
        Err(error) => Said { out: String::new(), err: format!("error: no runtime can be started: {error}\n"), exit: Exit::Failed },
    };
    ExitCode::from(print(&said).code())
}

async fn dispatch(cli: Cli) -> Said {
    let global = cli.global;
    let ended = match cli.command {
        Command::Check(arguments) => check::run(&arguments, &global),
        Command::Plan(arguments) => plan::run(&arguments, &global).await,
        Command::Apply(arguments) => apply::run(&arguments, &global).await,
        Command::Undo(arguments) => undo::run(&arguments, &global).await,
        Command::Bootstrap(arguments) => bootstrap::run(&arguments, &global).await,
        Command::Backup(arguments) => backup::run(&arguments, &global).await,
        Command::Backups(arguments) => backups::run(&arguments, &global).await,
        Command::Keep(arguments) => keep::run(&arguments, &global).await,
        Command::Hold(arguments) => hold::run(&arguments, &global).await,
        Command::Undelete(arguments) => hold::undelete(&arguments, &global).await,
        Command::Drill(arguments) => drill::run(&arguments, &global).await,
        Command::Restore(arguments) => restore::run(&arguments, &global).await,
        Command::Evidence(arguments) => evidence::run(&arguments, &global).await,
        Command::Simulate(arguments) => simulate::run(&arguments, &global).await,
        Command::Status(arguments) => status::run(&arguments, &global).await,
        Command::Report(arguments) => report::run(&arguments, &global).await,
        Command::Policy(arguments) => policy::run(&arguments, &global),
        Command::Import(arguments) => import::run(&arguments, &global).await,
        Command::Explain(arguments) => explain::run(&arguments, &global).await,
        Command::Completions(arguments) => Ok(completions::run(&arguments)),
    };
    ended.unwrap_or_else(|error| Said { out: String::new(), err: blame(&error), exit: Exit::Failed })
}

/// The chain of causes, one a line, and what to do next.
fn blame(error: &OpError) -> String {
    let mut out = format!("error: {error}\n");
    let mut source = error.source();
    let mut last = error.to_string();
    while let Some(cause) = source {
        let text = cause.to_string();
        if text != last {
            let _ = writeln!(out, "  because {text}");
        }
        last = text;
        source = cause.source();
    }
    if let Some(hint) = error.hint() {
        let _ = writeln!(out, "hint: {hint}");
    }
    out
}

/// Writes to both streams; a reader that went away is not an error.
fn print(said: &Said) -> Exit {
    let _ = io::stderr().lock().write_all(said.err.as_bytes());
    let mut out = io::stdout().lock();
    match out.write_all(said.out.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "error: the result cannot be written: {error}");
            Exit::Failed
        }
        _ => said.exit,
    }
}

/// The command line's own description, for completions and `docs/cli.md`.
pub fn command() -> clap::Command {
    Cli::command()
}
