//! Events on the clock of a place: moments, local time, day, hour and weekday, as arrays.

use array_protocol::prelude::*;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use program::failure::{Failure, Outcome};

/// Microseconds in a second, an hour and a day.
pub(crate) const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// From `start` up to but not including `end`, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    /// First moment.
    pub(crate) start: i64,
    /// First moment after it.
    pub(crate) end: i64,
}

/// Events in order of time, with the local time of each.
pub(crate) struct Clock {
    /// Microseconds since 1970-01-01T00:00:00Z, `(n,)`, `int64`, strictly increasing.
    pub(crate) times: Array,
    /// What clocks in the zone show, as microseconds since their 1970-01-01T00:00:00; `(n,)`, `int64`.
    local: Array,
    /// Where the clocks hang.
    pub(crate) zone: TimeZone,
    /// The first and the last event.
    pub(crate) start: i64,
    /// The last event.
    pub(crate) end: i64,
}

impl Clock {
    /// Of events in order, at least one.
    pub(crate) fn new(xp: &Namespace, zone: &TimeZone, times: Vec<i64>) -> Outcome<Clock> {
        let (Some(&start), Some(&end)) = (times.first(), times.last()) else {
            return Err(Failure("a clock needs at least one event".into()));
        };
        let times = xp.asarray(times)?;
        let (changes, offsets) = offsets(zone, start, end)?;
        // The last change that is not after the event.
        let place = (searchsorted(xp.asarray(changes)?, &times, None, "right")? - 1).ok()?;
        let local = (&times + xp.asarray(offsets)?.take(place, 0)?).ok()?;
        Ok(Clock { times, local, zone: zone.clone(), start, end })
    }

    /// The number of events.
    pub(crate) fn len(&self) -> Outcome<usize> {
        Ok(self.times.size()?)
    }

    /// The events of a period.
    pub(crate) fn within(&self, period: Period) -> Outcome<Clock> {
        let edges = self.times.namespace().asarray([period.start, period.end])?;
        let edges = searchsorted(&self.times, edges, None, ..)?.to_vec::<i64>()?;
        let part = |x: &Array| x.at(index![edges[0] as isize..edges[1] as isize]);
        Ok(Clock {
            times: part(&self.times)?,
            local: part(&self.local)?,
            zone: self.zone.clone(),
            start: period.start,
            end: period.end,
        })
    }

    /// The hour of day of each event, 0 to 23.
    pub(crate) fn hours(&self) -> Outcome<Array> {
        let time_of_day = remainder(&self.local, self.local.namespace().asarray(DAY)?)?;
        Ok(floor_divide(time_of_day, self.local.namespace().asarray(HOUR)?)?)
    }

    /// The day of each event, counted from 1970-01-01.
    pub(crate) fn days(&self) -> Outcome<Array> {
        Ok(floor_divide(&self.local, self.local.namespace().asarray(DAY)?)?)
    }

    /// A moment as the zone's clocks show it, to the second, with its offset.
    pub(crate) fn shown(&self, at: i64) -> String {
        Timestamp::from_microsecond(at.div_euclid(SECOND) * SECOND)
            .map(|t| t.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
            .unwrap_or_default()
    }
}

/// From when on which offset from UTC holds, both in microseconds; the first one from `start` on.
fn offsets(zone: &TimeZone, start: i64, end: i64) -> Outcome<(Vec<i64>, Vec<i64>)> {
    let refused = |e: jiff::Error| Failure(format!("the time zone has no offset for an event: {e}"));
    let first = Timestamp::from_microsecond(start).map_err(refused)?;
    let changes = zone.following(first).map(|c| (c.timestamp().as_microsecond(), c.offset()));
    let all = [(start, zone.to_offset(first))].into_iter().chain(changes.take_while(|c| c.0 <= end));
    Ok(all.map(|(at, offset)| (at, i64::from(offset.seconds()) * SECOND)).unzip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_follow_the_change_of_clocks() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        // Hours around 2026-03-29T01:00:00Z, when clocks go from 2 to 3, and 2026-10-25T01:00:00Z, when they go from 3 to 2.
        for (change, before, after) in [("2026-03-29T01:00:00Z", 1, 3), ("2026-10-25T01:00:00Z", 2, 2)] {
            let change = change.parse::<Timestamp>().unwrap().as_microsecond();
            let times = vec![change - 7 * DAY, change - 1, change, change + 7 * DAY];
            let clock = Clock::new(&array_protocol::ndarray(), &zone, times).unwrap();
            let hours = clock.hours().unwrap().to_vec::<i64>().unwrap();
            assert_eq!(hours[1..3], [before, after]);
            let days = clock.days().unwrap().to_vec::<i64>().unwrap();
            assert_eq!((days[1] - days[0], days[3] - days[2]), (7, 7));
        }
    }

    #[test]
    fn before_1970_days_and_hours_count_down() {
        let clock = Clock::new(&array_protocol::ndarray(), &TimeZone::UTC, vec![-DAY - 1, -1, 0, DAY]).unwrap();
        assert_eq!(clock.days().unwrap().to_vec::<i64>().unwrap(), [-2, -1, 0, 1]);
        assert_eq!(clock.hours().unwrap().to_vec::<i64>().unwrap(), [23, 23, 0, 0]);
    }

    #[test]
    fn a_period_holds_its_start_and_not_its_end() {
        let clock = Clock::new(&array_protocol::ndarray(), &TimeZone::UTC, vec![1, 2, 3, 4]).unwrap();
        let part = clock.within(Period { start: 2, end: 4 }).unwrap();
        assert_eq!(part.times.to_vec::<i64>().unwrap(), [2, 3]);
    }
}
