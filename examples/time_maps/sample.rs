//! The shipped sample: sixty days of a person's events and of a program's, drawn.

use array_protocol::prelude::*;
use jiff::Timestamp;
use program::failure::{Failure, Outcome};

/// 2026-01-05T00:00:00Z, a Monday, in seconds.
const START: f64 = 1_767_571_200.0;
const DAYS: usize = 60;
const DAY: f64 = 86_400.0;

/// Both series as CSV, `time,series`, each in order of time.
pub(crate) fn csv(xp: &Namespace) -> Outcome<String> {
    let mut text = String::from("time,series\n");
    for (name, seconds) in [("person", person(xp)?), ("program", program(xp)?)] {
        for at in unique_values((seconds * 1000.0).round()?)?.to_vec::<f64>()? {
            let at = Timestamp::from_millisecond(at as i64).map_err(|e| Failure(e.to_string()))?;
            text.push_str(&format!("{},{name}\n", at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")));
        }
    }
    Ok(text)
}

/// Awake from about 8 to 23. Six times a day a burst of a few events, minutes apart at most.
fn person(xp: &Namespace) -> Outcome<Array> {
    const BURSTS: usize = 6;
    const MOST: usize = 16;
    let keys = xp.key(1)?.split(6)?;
    let key = |i: isize| keys.at(index![i]);
    let day = xp.arange(0..DAYS as i64)?.astype(DType::Float64)?.reshape([-1, 1])?;
    let wakes = (xp.normal(key(0)?, [DAYS, 1])? * 2400.0 + 8.0 * 3600.0).ok()?;
    let sleeps = (xp.normal(key(1)?, [DAYS, 1])? * 2700.0 + 22.5 * 3600.0).ok()?;
    let share = xp.uniform(key(2)?, [DAYS, BURSTS])?;
    let burst = (day * DAY + &wakes + share * (&sleeps - &wakes)).ok()?.expand_dims(2)?;
    // Pauses inside of a burst are log-normal with a median of 50 seconds.
    let pauses = (xp.normal(key(3)?, [DAYS, BURSTS, MOST])? * 1.2 + 50f64.ln()).exp()?;
    let events = (burst + pauses.cumulative_sum(2)? + START).ok()?;
    let count = (xp.poisson(key(4)?, Poisson::from([DAYS, BURSTS]).rate(4.0))? + 1).ok()?.expand_dims(2)?;
    let kept = xp.arange(0..MOST as i64)?.less(count)?;
    Ok(at_mask(events, kept)?)
}

/// Every hour within a few seconds, an answer a second later, and a run of twenty at 3 in the night.
fn program(xp: &Namespace) -> Outcome<Array> {
    const HOURS: usize = 24 * DAYS;
    let keys = xp.key(2)?.split(3)?;
    let key = |i: isize| keys.at(index![i]);
    let hour = (xp.arange(0..HOURS as i64)?.astype(DType::Float64)? * 3600.0 + START + 600.0).ok()?;
    let asks = (hour + xp.normal(key(0)?, [HOURS])? * 2.0).ok()?;
    let answers = (&asks + 1.1 + xp.exponential(key(1)?, [HOURS])? * 0.08).ok()?;
    let night = xp.arange(0..DAYS as i64)?.astype(DType::Float64)?.reshape([-1, 1])?;
    let steps = xp.arange(0..20_i64)?.astype(DType::Float64)?;
    let runs = (night * DAY + steps * 5.0 + START + 3.0 * 3600.0 + xp.normal(key(2)?, [DAYS, 20])? * 0.2).ok()?;
    Ok(concat(vec![asks, answers, runs.reshape(-1)?], 0)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_shipped_is_what_is_drawn() {
        assert_eq!(super::csv(&array_protocol::ndarray()).unwrap(), crate::SAMPLE);
    }
}
