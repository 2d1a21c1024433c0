//! Events by day, by hour of day, and by weekday.

use array_protocol::prelude::*;
use program::failure::Outcome;
use serde::Serialize;

use crate::clock::Clock;

/// Counts of events by the calendar of the zone.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Calendar {
    /// The first day, counted from 1970-01-01.
    pub(crate) first_day: i64,
    /// Events of each day from the first to the last.
    pub(crate) per_day: Vec<i64>,
    /// Events of each hour of day.
    pub(crate) per_hour: Vec<i64>,
    /// Events of each hour of each weekday, row-major, Mondays first: 7 times 24.
    pub(crate) per_weekday_and_hour: Vec<i64>,
}

impl Calendar {
    /// Of at least one event.
    pub(crate) fn of(clock: &Clock) -> Outcome<Calendar> {
        let (days, hours) = (clock.days()?, clock.hours()?);
        let (first_day, last_day) = (days.min(..)?.item::<i64>()?, days.max(..)?.item::<i64>()?);
        let xp = days.namespace();
        let since = (&days - xp.asarray(first_day)?).ok()?;
        // 1970-01-01 was a Thursday.
        let weekday = remainder((days + 3).ok()?, 7)?;
        let ones = ones_like(&hours, ..)?;
        // `bincount` sorts, which takes longer where few numbers occur often.
        let counts =
            |x: Array, n: i64| index_add(xp.zeros(([n as usize], DType::Int64))?, x, &ones, 0)?.to_vec::<i64>();
        Ok(Calendar {
            first_day,
            per_day: counts(since, last_day - first_day + 1)?,
            per_weekday_and_hour: counts((weekday * 24 + &hours).ok()?, 7 * 24)?,
            per_hour: counts(hours, 24)?,
        })
    }

    /// Events per day in each hour of day.
    pub(crate) fn profile(&self) -> Vec<f64> {
        let days = self.per_day.len() as f64;
        self.per_hour.iter().map(|n| *n as f64 / days).collect()
    }

    /// The hour of day with the most events.
    pub(crate) fn busiest_hour(&self) -> usize {
        (0..self.per_hour.len()).rev().max_by_key(|h| self.per_hour[*h]).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn days_hours_and_weekdays() {
        // Thursday 1970-01-01 at 0:00 and 1:00, Monday 1970-01-05 at 23:00.
        let hour = 3_600_000_000;
        let clock = Clock::new(&array_protocol::ndarray(), &TimeZone::UTC, vec![0, hour, 119 * hour]).unwrap();
        let c = Calendar::of(&clock).unwrap();
        assert_eq!(c.per_day, [2, 0, 0, 0, 1]);
        assert_eq!((c.per_hour[0], c.per_hour[1], c.per_hour[23], c.per_hour.iter().sum::<i64>()), (1, 1, 1, 3));
        assert_eq!((c.per_weekday_and_hour[23], c.per_weekday_and_hour[3 * 24 + 1]), (1, 1));
        assert_eq!(c.busiest_hour(), 0);
        assert_eq!(c.profile()[1], 0.2);
    }
}
