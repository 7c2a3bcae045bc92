//! An error with its causes, on one line, for places where a line is all there is. The command line shows one cause a line.

use std::error::Error;

/// The error and what caused it; a cause that its error already ends with is not said again.
pub fn causes(error: &dyn Error) -> String {
    let mut out = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !out.ends_with(&text) {
            out = format!("{out}: {text}");
        }
        source = cause.source();
    }
    out
}
