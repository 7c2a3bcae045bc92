//! The `lifeboat` program: arguments → [`lifeboat::cli::run`] → exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    lifeboat::cli::run()
}
