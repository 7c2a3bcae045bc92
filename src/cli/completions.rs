//! `lifeboat completions`

use clap::Args;
use clap_complete::Shell;

use super::Said;
use crate::ops::Exit;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lifeboat completions bash > /etc/bash_completion.d/lifeboat")]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Said {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command(), "lifeboat", &mut script);
    Said::out(String::from_utf8_lossy(&script), Exit::Good)
}
