//! `lifeboat simulate`

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Format, Global, Said};
use crate::formats::{html, json, text};
use crate::ops::OpError;
use crate::ops::simulate::{Ended, Wish, live, simulate};
use crate::report::simulate::Stop;

/// Play policies forward, day by day: does what they promise hold, and if something stops?
///
/// Asks no server, unless with --live. Begins with an empty bucket; backups and drills run as scheduled and succeed, unless with --stop, the keeper runs at noon
/// UTC, and S3 acts by the rules that `apply` would make. Says of each promise whether it holds on every day, or when it
/// first does not and why. Exit 0: all hold. 3: one does not.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat simulate\n  lifeboat simulate orders --days 800 --size 40GiB\n  lifeboat simulate --stop keeper@30 --stop backups@60\n  lifeboat simulate --stop passes@30\n  lifeboat simulate --live\n  lifeboat simulate --rev origin/main --format html > simulate.html"
)]
pub(super) struct Arguments {
    /// Policies, or sets of them; every one when left out
    #[arg(value_name = "POLICY[/SET]")]
    names: Vec<String>,
    /// How many days are played
    #[arg(long, value_name = "DAYS", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=3660))]
    days: u32,
    /// What stops, and from which day on: backups, drills, keeper, uploads (backups break off) or passes (drills fail); the first day is 0
    #[arg(long, value_name = "PART@DAY")]
    stop: Vec<Stop>,
    /// The first day, as in 2026-11-23 [default: today, UTC]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// What one backup is taken to hold, as in 800MiB or 40GiB [default: 1GiB; with --live as the newest one]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    size: Option<u64>,
    /// Begin at the next midnight with the backups, the lifecycle rules (those of others too) and the versioning that are there
    #[arg(long, conflicts_with = "from")]
    live: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let from = arguments.from.and_then(|date| date.to_zoned(TimeZone::UTC).ok()).map(|zoned| zoned.timestamp());
    let from: Option<Timestamp> = from;
    if let Some(stop) = arguments.stop.iter().find(|stop| stop.day >= arguments.days) {
        let message = format!("--stop {}@{} is behind the last day that is played, which is {}", stop.part.as_str(), stop.day, arguments.days - 1);
        return Err(OpError::Setup { message, hint: format!("play more days, as in --days {}", stop.day.saturating_add(1).saturating_add(30)) });
    }
    let wish = Wish { names: &arguments.names, from, days: arguments.days, stops: &arguments.stop, bytes: arguments.size };
    let (ended, exit) = if arguments.live { live(&global.place(), &wish).await? } else { simulate(&global.place(), &wish)? };
    let view = match ended {
        Ended::Stopped(findings) => return Ok(Said::stopped(&findings, exit, global)),
        Ended::Played(view) => view,
    };
    Ok(match global.format {
        Format::Json => Said::out(json::render(&view), exit),
        Format::Html => Said::out(page(&view)?, exit),
        _ => Said::out(text::simulate(&view, exit.code(), Global::paint()), exit),
    })
}

fn page(view: &crate::view::simulate::SimulateView) -> Result<String, OpError> {
    html::simulate(view).map_err(|why| OpError::Setup { message: format!("the page cannot be made: {why}"), hint: "use --format text".to_owned() })
}

/// Bytes: a whole number and a unit.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size: write a number and a unit, as in 800MiB, 40GiB or 2TiB");
    let (number, power) =
        ["KiB", "MiB", "GiB", "TiB"].iter().zip([10_u32, 20, 30, 40]).find_map(|(unit, power)| Some((text.strip_suffix(unit)?, power))).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << power).filter(|bytes| (1..1 << 50).contains(bytes)).ok_or_else(|| format!("`{text}` is outside of 1KiB to 1024TiB"))
}

#[cfg(test)]
mod tests;
