//! `lifeboat policy`

use clap::{Args, Subcommand};

use super::{Format, Global, Said};
use crate::formats::json;
use crate::ops::{Exit, OpError, show};

/// Look at policies
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lifeboat policy show orders\n  lifeboat policy example > policies/orders.yaml")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show a policy merged with its profiles, each value with the file and line that set it
    #[command(after_help = "Examples:\n  lifeboat policy show orders")]
    Show {
        /// Name of the policy
        name: String,
    },
    /// Print a policy to begin with
    #[command(after_help = "Examples:\n  lifeboat policy example > policies/orders.yaml")]
    Example,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    match &arguments.command {
        Command::Example => Ok(Said::out(show::EXAMPLE, Exit::Good)),
        Command::Show { name } => {
            let (yaml, value) = show::show(&global.place(), name)?;
            let out = if global.format == Format::Json { json::render(&value) } else { yaml };
            Ok(Said::out(out, Exit::Good))
        }
    }
}
