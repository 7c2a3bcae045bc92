use super::When;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const NOW: &str = "2026-11-22T12:00:00Z";

fn at(text: &str) -> Result<String, String> {
    let now: Timestamp = NOW.parse().unwrap();
    text.parse::<When>()?.at(now, &TimeZone::get("Europe/Berlin").unwrap()).map(|at| at.to_string())
}

#[test]
fn a_moment_is_read_in_every_way_that_is_offered() {
    let said = [
        ("2026-11-22T02:15:00Z", "2026-11-22T02:15:00Z"),
        ("2026-11-22T02:15:00+01:00", "2026-11-22T01:15:00Z"),
        ("2026-11-22 02:15", "2026-11-22T01:15:00Z"),
        ("2026-07-22T02:15:30", "2026-07-22T00:15:30Z"),
        ("2h ago", "2026-11-22T10:00:00Z"),
        ("  1h30m  ago", "2026-11-22T10:30:00Z"),
        ("3d ago", "2026-11-19T12:00:00Z"),
        ("in 3d", "2026-11-25T12:00:00Z"),
        ("0s ago", NOW),
    ];
    for (text, moment) in said {
        assert_eq!(at(text).as_deref(), Ok(moment), "{text}");
    }
}

#[test]
fn what_names_no_moment_is_refused_and_says_what_to_write() {
    for text in [
        "",
        "yesterday",
        "2026-13-01 00:00",
        "2026-11-22T25:00:00Z",
        "12:00",
        "2026-11-22 12",
        "1700000000",
        "-2h ago",
        "\u{661}h ago",
        "2026-11-22T12:00:00Z; rm",
    ] {
        let said = at(text).unwrap_err();
        assert!(said.contains("2h ago") || said.contains("is not a duration") || said.contains("time of day"), "{text}: {said}");
    }
    assert!(at("two hours ago").unwrap_err().contains("as in 90s"));
    assert!(at("2026-11-22").unwrap_err().contains("add a time of day"));
    assert!(at("99999999d ago").unwrap_err().contains("more than 100 years"));
}

#[test]
fn an_hour_of_the_clock_change_is_asked_back() {
    assert!(at("2026-03-29 02:30").unwrap_err().contains("was never shown in Europe/Berlin"));
    let twice = at("2026-10-25 02:30").unwrap_err();
    assert!(twice.contains("2026-10-25T00:30:00Z or 2026-10-25T01:30:00Z"), "{twice}");
}

#[test]
fn a_zone_in_brackets_is_refused_and_not_read_over() {
    for text in ["2026-11-22 12:00[America/New_York]", "2026-11-22T12:00[Europe/Berlin]"] {
        assert!(text.parse::<When>().is_err_and(|why| why.contains("is no moment")), "{text}");
    }
}
