use super::{longest_wait_of, read};
use crate::model::policy::Schedule;

fn schedule(cron: &str, timezone: &str) -> Schedule {
    Schedule { cron: cron.to_owned(), timezone: timezone.to_owned() }
}

/// The longest wait in hours.
fn hours(cron: &str, timezone: &str) -> f64 {
    let seconds = u32::try_from(read(&schedule(cron, timezone)).unwrap().longest_wait().unwrap()).unwrap();
    f64::from(seconds) / 3_600.0
}

#[test]
#[expect(clippy::float_cmp, reason = "whole hours are exact")]
fn the_night_of_a_clock_change_counts() {
    assert_eq!(hours("0 12 * * *", "UTC"), 24.0);
    assert_eq!(hours("0 12 * * *", "Europe/Berlin"), 25.0);
    assert_eq!(hours("0 12 * * *", "America/New_York"), 25.0);
    assert_eq!(hours("0 12 * * *", "Asia/Tokyo"), 24.0);
    assert_eq!(hours("0 3 * * 0", "Europe/Berlin"), 169.0);
    // Half past two does not exist on 29 March; it is not skipped for a day.
    assert!(hours("30 2 * * *", "Europe/Berlin") <= 25.5, "{}", hours("30 2 * * *", "Europe/Berlin"));
}

#[test]
#[expect(clippy::float_cmp, reason = "whole hours are exact")]
fn months_weekends_and_leap_days_count() {
    assert_eq!(hours("0 0 1 * *", "UTC"), 31.0 * 24.0);
    assert_eq!(hours("0 0 31 * *", "UTC"), 61.0 * 24.0, "31 March to 31 May");
    assert_eq!(hours("0 9 * * 1-5", "UTC"), 72.0);
    assert_eq!(hours("0 */6 * * *", "UTC"), 6.0);
}

/// A dense schedule with a long pause: the pause is the answer, wherever in the year it is.
#[test]
#[expect(clippy::float_cmp, reason = "whole hours are exact")]
fn a_pause_of_a_dense_schedule_counts() {
    assert_eq!(hours("* 9-17 * * *", "UTC"), 15.0 + 1.0 / 60.0);
    assert_eq!(hours("*/30 * * 1-11 *", "UTC"), 31.0 * 24.0 + 0.5);
    assert!(hours("* * 1-10 1 *", "UTC") > 354.0 * 24.0);
    assert_eq!(hours("*/15 * * * 1-5", "UTC"), 48.25);
    assert_eq!(hours("0 0,1,15,20 * * *", "UTC"), 14.0, "within a day");
    assert_eq!(hours("0 0,1,15,20 * * *", "Pacific/Kiritimati"), 14.0, "the year begins in the middle of a day there");
    assert_eq!(hours("0 0,12 * * *", "Europe/Berlin"), 13.0, "within the day of a clock change");
}

/// Whatever is skipped, the answer is that of walking every run of the year.
#[test]
fn what_is_skipped_changes_no_answer() {
    let walked = |asked: &super::Asked| {
        let start = asked.start().unwrap();
        let end = start.timestamp().as_second() + 366 * 86_400;
        let (mut longest, mut last) = (0, asked.cron.find_next_occurrence(&start, true).unwrap());
        while last.timestamp().as_second() < end {
            let next = asked.cron.find_next_occurrence(&last, false).unwrap();
            longest = longest.max(next.timestamp().as_second() - last.timestamp().as_second());
            last = next;
        }
        u64::try_from(longest).unwrap()
    };
    let zones = ["UTC", "Europe/Berlin", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "America/Santiago", "Pacific/Kiritimati"];
    let daily = ["15 2 * * *", "30 0,23 * * *", "0 */5 * * *", "59 23 * * *", "0 0 * * *", "45 1,2,3 * * *"];
    let weekly = ["0 6 * * 1-5", "20 4 * * 2", "30 2 * * 0", "0 0 * * SUN", "59 23 * * 6", "15 */8 * * 0,3", "0 1 * * 7", "0 1 * * 0-3"];
    let others = ["0 1 15 * *", "0 3 * * 1#2", "0 3 * * 5L", "0 5 * 6 0"];
    for cron in [daily.as_slice(), &weekly, &others].concat() {
        for zone in zones {
            let asked = read(&schedule(cron, zone)).unwrap();
            assert_eq!(asked.longest_wait(), Some(walked(&asked)), "{cron} {zone}");
        }
    }
}

#[test]
fn a_schedule_that_runs_every_minute_is_judged_fast() {
    let begun = std::time::Instant::now();
    for zone in ["UTC", "Europe/Berlin", "Pacific/Apia"] {
        assert_eq!(read(&schedule("* * * * *", zone)).unwrap().longest_wait(), Some(60));
    }
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[test]
fn a_date_that_is_in_no_calendar_never_fires() {
    for (cron, fires) in [("0 3 31 2 *", false), ("0 3 30 2 *", false), ("0 3 31 4 *", false), ("0 3 29 2 *", true), ("0 3 31 * *", true)] {
        assert_eq!(read(&schedule(cron, "UTC")).unwrap().fires(), fires, "{cron}");
    }
}

#[test]
fn what_is_wrong_with_a_schedule_is_said() {
    for (cron, zone, word) in [
        ("0 3 * *", "UTC", "has five:"),
        ("0 3 * * * *", "UTC", "has five:"),
        ("61 3 * * *", "UTC", "`61` cannot be the minute"),
        ("0 3 * * *", "Mars/Olympus", "not a time zone"),
    ] {
        let error = read(&schedule(cron, zone)).unwrap_err();
        assert!(error.why.contains(word) || error.instead.contains(word), "{cron} {zone}: {error:?}");
    }
}

#[test]
fn runs_of_two_schedules_fill_each_others_pauses() {
    let hours = |crons: &[&str]| longest_wait_of(&crons.iter().map(|cron| schedule(cron, "UTC")).collect::<Vec<_>>()).map(|seconds| seconds / 3_600);
    assert_eq!(hours(&["0 1 * * 0"]), Some(168));
    assert_eq!(hours(&["0 1 * * 0", "0 1 * * 1-6"]), Some(24), "a full one on Sunday, the others on every other day");
    assert_eq!(hours(&["0 1 * * 0", "*/5 * * * *"]), Some(0));
    assert_eq!(hours(&["0 1 31 2 *"]), None);
}
