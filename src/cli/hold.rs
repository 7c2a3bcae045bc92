//! `lifeboat hold` and `lifeboat undelete`

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Format, Global, Said};
use crate::formats::{json, text};
use crate::ops::OpError;
use crate::ops::hold::{self, Ended, Wish};

/// Hold a backup, so that nothing releases or expires it
///
/// Writes the hold on the manifest, takes the release tag off every object, and sets a legal hold where the bucket has an object
/// lock. S3 is asked whether anything still expires it: exit 5 when that is not certain. Run it with a person's credentials.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat hold orders/nightly/20261122T011507Z --until 2027-03-31 --reason \"audit of 2026\"\n  lifeboat hold orders/nightly/20261122T011507Z --lift"
)]
pub(super) struct Arguments {
    /// The backup
    #[arg(value_name = "POLICY/SET/ID")]
    name: String,
    /// The last day in UTC, or a moment as RFC 3339
    #[arg(long, value_name = "DATE", value_parser = until, required_unless_present = "lift", requires = "reason")]
    until: Option<Timestamp>,
    /// Why; it is stored with the backup, so no secrets
    #[arg(long, value_name = "TEXT", required_unless_present = "lift")]
    reason: Option<String>,
    /// End the hold
    #[arg(long, conflicts_with_all = ["until", "reason"])]
    lift: bool,
}

/// Bring back a backup that expired, and hold it
///
/// Works as long as the bucket keeps what expired (storage.noncurrent.keepDays). Each object loses its release tag first and its
/// delete marker then, and the backup is held, else it would go again at midnight. Run it with a person's credentials.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lifeboat undelete orders/nightly/20261122T011507Z --until 2027-03-31 --reason \"released by mistake\"")]
pub(super) struct UndeleteArguments {
    /// The backup
    #[arg(value_name = "POLICY/SET/ID")]
    name: String,
    /// The last day in UTC, or a moment as RFC 3339
    #[arg(long, value_name = "DATE", value_parser = until)]
    until: Timestamp,
    /// Why; it is stored with the backup, so no secrets
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// A day is held to its end.
fn until(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no date: write 2027-03-31, or 2027-03-31T12:00:00Z");
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let day: Date = text.parse().map_err(|_| wrong())?;
    day.tomorrow().and_then(|next| next.to_zoned(TimeZone::UTC)).map(|zoned| zoned.timestamp()).map_err(|_| wrong())
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let hold = arguments.until.zip(arguments.reason.as_deref()).filter(|_| !arguments.lift);
    said(&Wish { name: &arguments.name, hold, undelete: false }, global).await
}

pub(super) async fn undelete(arguments: &UndeleteArguments, global: &Global) -> Result<Said, OpError> {
    said(&Wish { name: &arguments.name, hold: Some((arguments.until, &arguments.reason)), undelete: true }, global).await
}

async fn said(wish: &Wish<'_>, global: &Global) -> Result<Said, OpError> {
    let (ended, exit) = hold::hold(&global.place(), wish).await?;
    Ok(match (ended, global.format) {
        (Ended::Stopped(findings), _) => Said::stopped(&findings, exit, global),
        (Ended::Held(view), Format::Json) => Said::out(json::render(&view), exit),
        (Ended::Held(view), _) => Said::out(text::hold(&view, Global::paint()), exit),
    })
}
