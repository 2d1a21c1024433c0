//! The next step: groups that have something in common.

use array_protocol::mle::Table;
use array_protocol::mle::mixed::Mixed;
use array_protocol::prelude::*;
use program::failure::Outcome;
use program::plot::{Plot, Style, palette};

use crate::stop::{Number, Stop, Tour, curve, line, number, points};

/// Groups, and the rows of each.
const GROUPS: usize = 12;
const ROWS: usize = 4;
/// The common mean, and the standard deviations between groups and within them.
const MEAN: f64 = 2.0;
const BETWEEN: f64 = 1.0;
const WITHIN: f64 = 1.2;
/// Data sets of which errors are averaged.
const SETS: usize = 2000;

/// The groups' true means and their rows, `(sets, groups)` and `(sets, groups, rows)`.
fn draw(tour: &Tour, draw: u64, sets: usize) -> Result<(Array, Array)> {
    let truth = (tour.xp.normal(tour.key(draw)?, [sets, GROUPS])? * BETWEEN + MEAN).ok()?;
    let errors = (tour.xp.normal(tour.key(draw + 1)?, [sets, GROUPS, ROWS])? * WITHIN).ok()?;
    let rows = (truth.expand_dims(-1)? + errors).ok()?;
    Ok((truth, rows))
}

/// The parts of the variance of each data set, by the closed forms of balanced groups, and the groups' means.
struct Parts {
    means: Array,
    within: Array,
    /// By maximum likelihood, and by restricted maximum likelihood; not below zero.
    between: [Array; 2],
}

fn parts(rows: &Array) -> Result<Parts> {
    let m = ROWS as f64;
    let means = rows.mean(-1)?;
    // The squares within groups, over all of them and the degrees of freedom.
    let within = (rows.var(-1)?.sum(-1)? * (m / (GROUPS as f64 * (m - 1.0)))).ok()?;
    let between = |correction: f64| maximum(means.var(axis(-1).correction(correction))? - &within / m, 0.0);
    let between = [between(0.0)?, between(1.0)?];
    Ok(Parts { means, within, between })
}

/// The means of groups, drawn towards the common one by what the parts of the variance say.
fn shrunken(parts: &Parts) -> Result<Array> {
    let share = (&parts.between[1] / (&parts.between[1] + &parts.within / ROWS as f64)).ok()?;
    let common = parts.means.mean(axis(-1).keepdims())?;
    (&common + (&parts.means - &common) * share.expand_dims(-1)?).ok()
}

/// A hierarchical regression against its closed forms, and what it is good for.
pub(crate) fn hierarchy(tour: &Tour) -> Outcome<Stop> {
    let xp = &tour.xp;
    let (truth, rows) = draw(tour, 100, 1)?;
    let one = parts(&rows)?;
    let labels: Vec<String> = (0..GROUPS * ROWS).map(|i| format!("group {:02}", i / ROWS)).collect();
    let table = Table::new().numbers("y", rows.reshape([(GROUPS * ROWS) as isize])?).labels(xp, "g", &labels)?;
    let model = Mixed::new("y ~ 1", "1", "g")?;
    let mut numbers = vec![];
    for (i, fit) in [model.fit(&table)?, model.clone().restricted().fit(&table)?].iter().enumerate() {
        let how = ["maximum likelihood", "restricted likelihood"][i];
        let (within, between) = (number(one.within.squeeze(0))?, number(one.between[i].squeeze(0))?);
        // Where groups differ by less than their errors explain, the fit ends at the boundary, and the forms are others.
        if between > 0.0 {
            numbers.push(Number::same(format!("variance within groups, {how}"), fit.sigma.powi(2), within, 1e-5));
            let found = fit.standard_deviations[0].powi(2);
            numbers.push(Number::equal(
                format!("variance between groups, {how}"),
                found,
                between,
                1e-5 * (within + between),
            ));
        }
        numbers.push(Number::equal(
            format!("common mean, {how}"),
            fit.fit.estimates()[0],
            number(rows.mean(..))?,
            1e-8,
        ));
    }
    let (truths, many) = draw(tour, 102, SETS)?;
    let all = parts(&many)?;
    let error = |estimates: &Array| -> Outcome<f64> { number((estimates - &truths).square()?.mean(..)) };
    let pooled = all.means.mean(axis(-1).keepdims())?;
    let (separate, together, between) = (error(&all.means)?, error(&pooled)?, error(&shrunken(&all)?)?);
    numbers.push(Number::shown("mean squared error, every group for itself", separate));
    numbers.push(Number::shown("mean squared error, one mean for all", together));
    numbers.push(Number::at_most("mean squared error, hierarchical", between, separate.min(together)));
    numbers.push(Number::at_least(
        "variance between groups by REML, mean of all sets",
        number(all.between[1].mean(..))?,
        number(all.between[0].mean(..))?,
    ));
    let places: Vec<f64> = (1..=GROUPS).map(|g| g as f64).collect();
    let [own, drawn, right] = [&one.means, &shrunken(&one)?, &truth].map(|x| x.to_vec::<f64>());
    let (own, drawn, right) = (own?, drawn?, right?);
    let common = number(rows.mean(..))?;
    let spread: Vec<f64> = (0..GROUPS * ROWS).map(|i| (i / ROWS + 1) as f64).collect();
    let mut plot = Plot::new("Means of groups, drawn together", "group", "y")
        .with(curve(&[0.5, GROUPS as f64 + 0.5], &[common; 2]), line(palette::GREY, "common mean").dashed())
        .with(points(&spread, &rows.to_vec::<f64>()?), Style::new(palette::GREY, 0.45, 2.0, "data"))
        .with(points(&places, &own), Style::new(palette::ORANGE, 1.0, 4.5, "every group for itself"))
        .with(points(&places, &drawn), Style::new(palette::BLUE, 1.0, 4.5, "hierarchical"))
        .with(points(&places, &right), Style::new(palette::INK, 1.0, 2.5, "true"));
    plot.size = (760, 400);
    Ok(Stop {
        title: "The next step: hierarchical regression",
        says: "Groups that are draws of one law inform each other: each mean is drawn towards the common one, by the share of \
               the variance that is within groups. That beats both extremes, a mean for every group and one for all."
            .into(),
        slip: "The groups' effects are no parameters to maximise over together with the variances: that joint likelihood has \
               no maximum. They are integrated out, and predicted afterwards.",
        numbers,
        plots: vec![plot],
    })
}
