//! `lifeboat restore`

use std::io::{self, IsTerminal as _, Write as _};

use clap::Args;

use super::{Format, Global, Said, blame, progress};
use crate::formats::{json, text};
use crate::ops::restore::{self, Prepare, Restored, Wish};
use crate::ops::{Exit, OpError};

/// Restore a backup into an empty database, and prove it
///
/// Shows what it will do and asks for a word before it does it. Every piece is proven before it is used; afterwards the
/// restored database is compared with what was dumped. Run it as the restorer role.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  AWS_PROFILE=restorer lifeboat restore orders --into postgresql://admin@dr-host/orders\n  lifeboat restore orders/nightly --backup 20261122T011507Z --into env:TARGET_URL --yes"
)]
pub(super) struct Arguments {
    /// Policy and backup set; the set may be left out when there is only one
    #[arg(value_name = "POLICY/SET")]
    set: String,
    /// URL of an empty database, or env:NAME of a variable that holds it
    #[arg(long, value_name = "URL")]
    into: String,
    /// This backup instead of the newest complete one
    #[arg(long, value_name = "ID")]
    backup: Option<String>,
    /// This database of the backup, when it holds several
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Restore into a database that is not empty: nothing is dropped, and the first name that exists already ends it
    #[arg(long)]
    force: bool,
    /// Leave owners and grants out
    #[arg(long)]
    no_owner: bool,
    /// Do not ask: for scripts
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let wish = Wish {
        name: &arguments.set,
        backup: arguments.backup.as_deref(),
        database: arguments.database.as_deref(),
        into: &arguments.into,
        force: arguments.force,
        no_owner: arguments.no_owner,
    };
    let (prepared, exit) = restore::prepare(&global.place(), &wish).await?;
    let ready = match prepared {
        Prepare::Stopped(findings) if global.format == Format::Json => return Ok(Said::out(json::render(&findings), exit)),
        Prepare::Stopped(findings) => return Ok(Said { out: String::new(), err: text::check(&findings, Global::paint()), exit }),
        Prepare::Ready(ready) => ready,
    };
    if !global.quiet {
        let _ = io::stderr().lock().write_all(text::restore_plan(&ready.view, Global::paint()).as_bytes());
    }
    if !arguments.yes && !confirmed(&ready.view.database)? {
        return Ok(Said { out: String::new(), err: "nothing was done\n".to_owned(), exit: Exit::Failed });
    }
    let Restored { view, exit, error } = ready.restore(&progress::progress(global), progress::stop_on_signal()).await;
    let out = if global.format == Format::Json { json::render(&view) } else { text::restore(&view, exit.code(), Global::paint()) };
    Ok(match error {
        None => Said::out(out, exit),
        // What a person needs then is the cause; where it came to is data.
        Some(error) if global.format == Format::Json => Said { out, err: blame(&error), exit },
        Some(error) => Said { out: String::new(), err: format!("{}{out}", blame(&error)), exit },
    })
}

/// A person types the name of the database; nobody there means no.
fn confirmed(database: &str) -> Result<bool, OpError> {
    if !io::stdin().is_terminal() {
        return Err(OpError::Setup { message: "nobody is there to confirm the restore".to_owned(), hint: "add --yes, when a script is to restore".to_owned() });
    }
    let _ = write!(io::stderr(), "Type the name of the database ({database}) to go on: ");
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    Ok(read.is_ok() && line.trim() == database)
}
