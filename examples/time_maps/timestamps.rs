//! From text to microseconds since 1970-01-01T00:00:00Z.

use clap::ValueEnum;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// The unit of a Unix timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unit {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds; what is finer than a microsecond is cut off.
    Ns,
}

impl Unit {
    /// Decimal places between this unit and the microsecond.
    fn places(self) -> i32 {
        match self {
            Unit::S => 6,
            Unit::Ms => 3,
            Unit::Us => 0,
            Unit::Ns => -3,
        }
    }

    /// How the command line calls it.
    fn name(self) -> &'static str {
        match self {
            Unit::S => "s",
            Unit::Ms => "ms",
            Unit::Us => "us",
            Unit::Ns => "ns",
        }
    }
}

/// Years in which an event may lie: those that ISO 8601 writes with four digits.
const LAST: i64 = 253_402_300_800_000_000;
const FIRST: i64 = -62_167_219_200_000_000;

/// Reads a timestamp: ISO 8601 with an offset, or without one in `zone`, a date alone (its first moment), or a Unix time in
/// `unit`. Where clocks are put back, a time without offset that occurs twice is the earlier one; where they are put
/// forward, one that does not occur is read with the offset before (RFC 5545).
///
/// # Errors
/// What is wrong with the text, in words that go behind its place.
pub(crate) fn parse(text: &str, zone: &TimeZone, unit: Unit) -> Result<i64, String> {
    let at = match unix(text, unit)? {
        Some(at) => Some(at),
        None => text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond).or_else(|| local(text, zone)),
    };
    match at {
        Some(at) if (FIRST..LAST).contains(&at) => Ok(at),
        Some(_) => {
            Err(format!("`{text}` lies outside of the years 0 to 9999; is the unit right (--unit {})?", unit.name()))
        }
        None => Err(format!(
            "`{text}` is not a timestamp: ISO 8601 such as 2026-03-01T12:30:00+01:00, or Unix time such as 1772364600 \
             (--unit) is due"
        )),
    }
}

fn local(text: &str, zone: &TimeZone) -> Option<i64> {
    let civil = match text.parse::<DateTime>() {
        Ok(civil) => civil,
        Err(_) => text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()),
    };
    Some(zone.to_ambiguous_timestamp(civil).compatible().ok()?.as_microsecond())
}

/// A decimal number without detour through binary fractions; `None` if the text is none.
fn unix(text: &str, unit: Unit) -> Result<Option<i64>, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    // Eight digits alone are a date, 20260301, as ISO 8601 writes it without hyphens.
    if whole.is_empty() || !numeric(whole) || !numeric(fraction) || (digits.len() == 8 && text.len() == 8) {
        return Ok(None);
    }
    let places = unit.places();
    // Down to the microsecond, whatever the unit; a number too large to hold is far outside of all years.
    let decimals = fraction.bytes().chain(std::iter::repeat(b'0')).take(places.max(0) as usize);
    let digits = whole.bytes().chain(decimals);
    let size = digits.fold(0i64, |n, b| n.saturating_mul(10).saturating_add(i64::from(b - b'0')));
    let size = size / 10i64.pow((-places).max(0) as u32);
    // 5138 and later in seconds: such a number is meant in a finer unit.
    if unit == Unit::S && size > 100_000_000_000 * 1_000_000 {
        return Err(format!("`{text}` seconds are after the year 5138; if they are finer, say --unit ms, us or ns"));
    }
    Ok(Some(if negative { -size } else { size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(text: &str) -> Result<i64, String> {
        parse(text, &TimeZone::get("Europe/Berlin").unwrap(), Unit::S)
    }

    #[test]
    fn every_way_to_write_a_moment_is_the_same_moment() {
        for text in [
            "2026-03-01T12:30:00+01:00",
            "2026-03-01T11:30:00Z",
            "2026-03-01 12:30:00",
            "2026-03-01T12:30",
            "20260301T123000",
            "1772364600",
            "1772364600.000",
        ] {
            assert_eq!(berlin(text), Ok(1_772_364_600_000_000), "{text}");
        }
        assert_eq!(berlin("2026-03-01"), berlin("2026-02-28T23:00:00Z"));
        assert_eq!(berlin("20260301"), berlin("2026-03-01"));
        assert_eq!(berlin("1.5"), Ok(1_500_000));
        assert_eq!(berlin("-0.000001"), Ok(-1));
    }

    #[test]
    fn units_are_exact() {
        let utc = |text: &str, unit| parse(text, &TimeZone::UTC, unit).unwrap();
        assert_eq!(utc("1772364600123", Unit::Ms), 1_772_364_600_123_000);
        assert_eq!(utc("1772364600123.4567", Unit::Ms), 1_772_364_600_123_456);
        assert_eq!(utc("1772364600123456", Unit::Us), 1_772_364_600_123_456);
        assert_eq!(utc("1772364600123456789", Unit::Ns), 1_772_364_600_123_456);
        assert_eq!(utc("12", Unit::Ns), 0);
        assert_eq!(utc("1772364600.123456789", Unit::S), 1_772_364_600_123_456);
    }

    #[test]
    fn clocks_that_change() {
        // Put forward on 2026-03-29 at 2:00, back on 2026-10-25 at 3:00.
        assert_eq!(berlin("2026-03-29T02:30:00"), berlin("2026-03-29T01:30:00Z"));
        assert_eq!(berlin("2026-10-25T02:30:00"), berlin("2026-10-25T00:30:00Z"));
    }

    #[test]
    fn what_is_no_timestamp_is_said() {
        for text in ["", "yesterday", "12:30", "2026-13-01", "1e9", "--1", "nan", "2026-03-01T25:00:00"] {
            assert!(berlin(text).unwrap_err().contains("is not a timestamp"), "{text}");
        }
        assert!(berlin("1772364600123").unwrap_err().contains("--unit ms"));
        assert!(parse("99999999999999999999", &TimeZone::UTC, Unit::Us).unwrap_err().contains("9999"));
    }
}
