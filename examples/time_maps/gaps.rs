//! The time map itself: for each event but the first and last, the pause before it and the pause after it.

use array_protocol::prelude::*;
use program::failure::Outcome;

use crate::clock::{Clock, SECOND};

/// Pauses in seconds; the map has one point per event but the first and the last.
pub(crate) struct Gaps {
    /// All pauses in order of time, `(n - 1,)`, `float64`.
    pub(crate) all: Array,
    /// All pauses in order of length: sorted once for all that asks for shares of them.
    pub(crate) sorted: Array,
    /// Base-ten logarithms of the pauses before, `(n - 2,)`.
    pub(crate) before: Array,
    /// Base-ten logarithms of the pauses after, `(n - 2,)`.
    pub(crate) after: Array,
    /// The events' hours of day, `(n - 2,)`.
    pub(crate) hours: Array,
}

impl Gaps {
    /// Of at least three events.
    pub(crate) fn of(clock: &Clock) -> Outcome<Gaps> {
        let all = (diff(&clock.times, ..)?.astype(DType::Float64)? / SECOND as f64).ok()?;
        let log = all.log10()?;
        Ok(Gaps {
            before: log.at(index![..-1])?,
            after: log.at(index![1..])?,
            sorted: all.sort(..)?,
            hours: clock.hours()?.at(index![1..])?.at(index![..-1])?,
            all,
        })
    }

    /// The lowest and highest pause, as logarithms.
    pub(crate) fn range(&self) -> Outcome<(f64, f64)> {
        let end = |i: isize| Ok::<_, Error>(self.sorted.at(i)?.item::<f64>()?.log10());
        Ok((end(0)?, end(-1)?))
    }

    /// The pauses that these shares of all do not exceed, linear between two, as `quantile` gives them unsorted.
    pub(crate) fn quantiles(&self, shares: &[f64]) -> Outcome<Vec<f64>> {
        let n = self.sorted.size()?;
        let xp = self.sorted.namespace();
        let places = (xp.asarray(shares)? * (n - 1) as f64).ok()?;
        Ok(interp(places, xp.arange(0..n as i64)?.astype(DType::Float64)?, &self.sorted)?.to_vec::<f64>()?)
    }

    /// (sd - mean) / (sd + mean) of the pauses: -1 where they are equal, 0 where they come by chance, towards 1 for bursts
    /// (Goh and Barabási 2008, "Burstiness and memory in complex systems").
    pub(crate) fn burstiness(&self) -> Outcome<f64> {
        let (mean, sd) = (self.all.mean(..)?.item::<f64>()?, self.all.std(..)?.item::<f64>()?);
        Ok((sd - mean) / (sd + mean))
    }

    /// The correlation of the logarithms of consecutive pauses: whether short ones follow short ones. `None` where all
    /// pauses are equal. Goh and Barabási's memory coefficient, on logarithms, as the map shows it.
    pub(crate) fn memory(&self) -> Outcome<Option<f64>> {
        let centred = |x: &Array| (x - x.mean(..)?).ok();
        let (a, b) = (centred(&self.before)?, centred(&self.after)?);
        let product = (&a * &b).mean(..)?.item::<f64>()?;
        let scale = (a.square()?.mean(..)?.item::<f64>()? * b.square()?.mean(..)?.item::<f64>()?).sqrt();
        Ok((scale > 1e-12).then(|| product / scale))
    }
}

/// A square grid over the map: `cells` by `cells` between the logarithms `low` and `high` on both axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    /// Cells per axis.
    pub(crate) cells: usize,
    /// Both axes begin here.
    pub(crate) low: f64,
    /// Both axes end here.
    pub(crate) high: f64,
}

impl Grid {
    /// The cell of each point, row-major from the bottom, with pauses before across and pauses after up; `(n - 2,)`, `int64`.
    fn places(&self, gaps: &Gaps) -> Outcome<Array> {
        let scale = self.cells as f64 / (self.high - self.low);
        let last = (self.cells - 1) as f64;
        let along = |x: &Array| {
            let place = ((x - self.low) * scale).floor()?;
            clip(place, 0.0, last)?.astype(DType::Int64)
        };
        Ok((along(&gaps.after)? * self.cells as i32 + along(&gaps.before)?).ok()?)
    }

    /// Sums of values per cell, `(cells * cells,)`, `float64`.
    fn sums(&self, places: &Array, values: &Array) -> Outcome<Array> {
        let zeros = places.namespace().zeros([self.cells * self.cells])?;
        Ok(index_add(zeros, places, values, 0)?)
    }

    /// Events per cell, smoothed by a Gaussian of `sd` cells and scaled to sum 1; row-major.
    pub(crate) fn density(&self, gaps: &Gaps, sd: f64) -> Outcome<Vec<f64>> {
        let xp = gaps.all.namespace();
        let places = self.places(gaps)?;
        let counts = self.sums(&places, &ones_like(&gaps.before, ..)?)?;
        let reach = (3.0 * sd).ceil() as i64;
        let bell = (xp.arange(-reach..reach + 1)?.astype(DType::Float64)? / sd).square()?;
        let bell = (bell * -0.5).exp()?;
        let bell = (&bell / bell.sum(..)?).ok()?;
        let (width, cells) = (2 * reach as isize + 1, self.cells as isize);
        let image = counts.reshape([1, 1, cells, cells])?;
        // The bell of two dimensions is a product of two of one.
        let across = conv2d(image, bell.reshape([1, 1, 1, width])?, Conv2d::default().padding("same"))?;
        let both = conv2d(across, bell.reshape([1, 1, width, 1])?, Conv2d::default().padding("same"))?;
        Ok((&both / both.sum(..)?).ok()?.to_vec::<f64>()?)
    }

    /// Per cell the number of events and the mean of their hours on the clock's circle, in 0 to 24; row-major.
    pub(crate) fn by_hour(&self, gaps: &Gaps) -> Outcome<(Vec<f64>, Vec<f64>)> {
        let places = self.places(gaps)?;
        // Middles of hours as angles: the mean of 23 and 1 is midnight.
        let angle = ((gaps.hours.astype(DType::Float64)? + 0.5) * (std::f64::consts::TAU / 24.0)).ok()?;
        let count = self.sums(&places, &ones_like(&angle, ..)?)?;
        let (x, y) = (self.sums(&places, &angle.cos()?)?, self.sums(&places, &angle.sin()?)?);
        let mean = (atan2(y, x)? * (24.0 / std::f64::consts::TAU)).ok()?;
        let mean = where_(mean.less(0.0)?, (&mean + 24.0).ok()?, &mean)?;
        Ok((count.to_vec::<f64>()?, mean.to_vec::<f64>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn gaps(seconds: &[f64]) -> Gaps {
        let mut times = vec![0];
        for pause in seconds {
            times.push(times[times.len() - 1] + (pause * SECOND as f64) as i64);
        }
        Gaps::of(&Clock::new(&array_protocol::ndarray(), &TimeZone::UTC, times).unwrap()).unwrap()
    }

    #[test]
    fn pauses_before_and_after() {
        let g = gaps(&[1.0, 100.0, 0.1]);
        assert_eq!(g.before.to_vec::<f64>().unwrap(), [0.0, 2.0]);
        assert_eq!(g.after.to_vec::<f64>().unwrap(), [2.0, -1.0]);
        assert_eq!(g.range().unwrap(), (-1.0, 2.0));
    }

    #[test]
    fn burstiness_of_a_clockwork_and_of_bursts() {
        assert_eq!(gaps(&[60.0; 20]).burstiness().unwrap(), -1.0);
        assert_eq!(gaps(&[60.0; 20]).memory().unwrap(), None);
        let bursts: Vec<f64> = (0..200).map(|i| if i % 20 == 0 { 1e5 } else { 1.0 }).collect();
        assert!(gaps(&bursts).burstiness().unwrap() > 0.5);
        let alternating: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 10.0 } else { 1000.0 }).collect();
        assert!((gaps(&alternating).memory().unwrap().unwrap() + 1.0).abs() < 1e-9);
    }

    /// Of the sample, by numpy and scipy's `gaussian_filter`: data/sample.py.
    #[test]
    fn the_density_is_that_of_scipy() {
        let due: serde_json::Value = serde_json::from_str(include_str!("data/sample.json")).unwrap();
        for name in ["person", "program"] {
            let mine =
                crate::SAMPLE.lines().filter_map(|line| line.split_once(',')).filter(|(_, series)| *series == name);
            let times = mine.map(|(at, _)| at.parse::<jiff::Timestamp>().unwrap().as_microsecond()).collect();
            let clock = Clock::new(&array_protocol::ndarray(), &TimeZone::UTC, times).unwrap();
            let grid = Grid { cells: 24, low: -1.0, high: 5.5 };
            let ours = grid.density(&Gaps::of(&clock).unwrap(), 1.6).unwrap();
            let due = due[name]["density"].as_array().unwrap();
            assert_eq!(ours.len(), due.len());
            for (a, b) in ours.iter().zip(due) {
                assert!((a - b.as_f64().unwrap()).abs() < 1e-9, "{name}: {a} {b}");
            }
        }
    }

    #[test]
    fn a_grid_counts_every_event_once_and_means_hours_on_the_circle() {
        // Events at 23:30, 0:30 and 1:30 of following days, an hour apart within, so that hours 23 and 0 share a cell.
        let g = gaps(&[84_600.0, 3600.0, 3600.0, 3600.0, 3600.0]);
        let grid = Grid { cells: 4, low: 3.0, high: 5.0 };
        let (count, hour) = grid.by_hour(&g).unwrap();
        assert_eq!(count.iter().sum::<f64>(), 4.0);
        let full = count.iter().position(|c| *c == 3.0).unwrap();
        assert!((hour[full] - 1.5).abs() < 1e-9, "{hour:?}");
        let density = grid.density(&g, 0.5).unwrap();
        assert!((density.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
