//! `lifeboat check`.

use super::{Exit, OpError, Prepared, Where, prepare};
use crate::ports::quirks::AWS;
use crate::view::check::CheckView;

/// Checks a config repo without asking any server.
///
/// # Errors
/// When there is no config repo.
pub fn check(place: &Where) -> Result<(CheckView, Exit), OpError> {
    Ok(view(&prepare(place, &AWS)?))
}

/// The findings of a prepared config repo with their exit code.
pub fn view(prepared: &Prepared) -> (CheckView, Exit) {
    let view = CheckView::of(&prepared.revision, prepared.loaded.files, &prepared.findings).about(prepared.files().into_values());
    let exit = if prepared.has_errors() { Exit::Findings } else { Exit::Good };
    (view, exit)
}
