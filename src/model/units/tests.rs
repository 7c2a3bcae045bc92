use proptest::prelude::*;

use super::{Percent, Span, bytes, count, elapsed, plural};

/// The longest span that a policy can say.
const LONGEST: u64 = 100 * 366 * 86_400;

#[test]
fn spans_are_read_as_they_are_meant() {
    for (text, seconds) in [("90s", 90), ("15m", 900), ("24h", 86_400), ("3d", 259_200), ("1h30m", 5_400), ("1d1h1m1s", 90_061), ("0s", 0)] {
        assert_eq!(text.parse(), Ok(Span::seconds(seconds)), "{text}");
    }
    for wrong in ["", "1", "h", "1h2", "30m1h", "1h1h", "1w", "-1h", "1.5h", " 1h", "1H", "36601d", "99999999999999999999d", "١h"] {
        assert!(wrong.parse::<Span>().is_err(), "{wrong}");
    }
}

#[test]
fn spans_are_shown_in_their_shortest_exact_form() {
    for (seconds, text) in [(0, "0s"), (86_400, "24h"), (172_800, "2d"), (90_000, "25h"), (5_400, "1h30m"), (172_801, "48h1s")] {
        assert_eq!(Span::seconds(seconds).to_string(), text);
    }
    assert_eq!([0, 1, 86_400, 86_401].map(|seconds| Span::seconds(seconds).days_rounded_up()), [0, 1, 1, 2]);
}

#[test]
fn shares_are_from_0_to_100() {
    for (text, value) in [("0%", 0.0), ("20%", 20.0), ("12.5%", 12.5), ("100%", 100.0)] {
        assert_eq!(Percent::try_from(text.to_owned()), Ok(Percent::of(value)));
        assert_eq!(String::from(Percent::of(value)), text);
    }
    for wrong in ["20", "%", "101%", "-1%", "NaN%", "inf%", "20 %"] {
        assert!(Percent::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}

#[test]
fn numbers_are_shown_for_people() {
    assert_eq!([0, 1023, 1024, 1536, 1 << 40].map(bytes), ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 TiB"]);
    assert_eq!([0, 999, 1000, 1_204_331].map(count), ["0", "999", "1,000", "1,204,331"]);
    assert_eq!([640, 12_400, 83_000, 15_120_000, 259_200_000].map(elapsed), ["0.6 s", "12.4 s", "1 min 23 s", "4 h 12 min", "3 d"]);
    assert_eq!([208_800_000, 1_209_600_000, 3_000_000_000].map(elapsed), ["2 d 10 h", "14 d", "34 d"]);
    assert_eq!([0, 1, 2000].map(|number| plural(number, "step")), ["0 steps", "1 step", "2,000 steps"]);
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(seconds in 0..=LONGEST) {
        let span = Span::seconds(seconds);
        prop_assert_eq!(span.to_string().parse(), Ok(span));
    }

    #[test]
    fn whole_units_read_back(days in 0..=36_600_u64, hours in 0..24_u64) {
        let span = Span::seconds(days * 86_400 + hours * 3_600);
        prop_assume!(span.as_secs() <= LONGEST);
        prop_assert_eq!(span.to_string().parse(), Ok(span));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,12}") {
        let _ = text.parse::<Span>();
        let _ = Percent::try_from(text);
    }
}
