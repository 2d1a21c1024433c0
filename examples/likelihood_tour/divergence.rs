//! Kullback and Leibler's divergence.

use array_protocol::mle::differentiate::Differentiable;
use array_protocol::mle::distribution::Distribution;
use array_protocol::mle::optimize::{Limits, newton};
use array_protocol::prelude::*;
use program::failure::{Outcome, fail};
use program::plot::{Plot, Style, palette};
use std::f64::consts::PI;

use crate::stop::{Number, Stop, Tour, curve, line, number, points};

/// The nearest law in divergence is the most likely; the other direction is another question.
pub(crate) fn divergence(tour: &Tour) -> Outcome<Stop> {
    let xp = &tour.xp;
    let family = Distribution::named("poisson")?;
    let counts = family.with(&[3.4])?.sample(&tour.key(50)?, tour.rows)?;
    // The data's own law: how often each count is there.
    let most = number(counts.max(..))? as usize;
    let often = counts.astype(DType::Int64)?.bincount(most + 1)?.astype(DType::Float64)?;
    let p = (often / tour.rows as f64).ok()?;
    let values = xp.arange(0..p.size()? as i64)?.astype(DType::Float64)?;
    let entropy = -number((&p * where_(p.greater(0.0)?, &p, 1.0)?.log()?).sum(..))?;
    let divergence = |log_q: &Array| -> Outcome<f64> { Ok(-entropy - number(vecdot(&p, log_q, ..))?) };
    let average = |rate: f64| -> Outcome<f64> { number(family.with(&[rate])?.log_prob(&counts)?.mean(..)) };
    let fit = family.fit(&counts)?;
    let best = fit.estimates()[0];
    let rates: Vec<f64> = (0..81).map(|i| best + 0.02 * (f64::from(i) - 40.0)).collect();
    let (mut apart, mut unlikely, mut sums) = (vec![], vec![], vec![]);
    for &rate in &rates {
        let d = divergence(&family.with(&[rate])?.log_prob(&values)?)?;
        let l = average(rate)?;
        apart.push(d);
        unlikely.push(-l);
        sums.push((d + l + entropy).abs());
    }
    let least = |v: &[f64]| (0..v.len()).min_by(|a, b| v[*a].total_cmp(&v[*b])).map_or(f64::NAN, |i| rates[i]);
    let largest = |v: &[f64]| v.iter().fold(0.0_f64, |m, x| m.max(*x));
    let mut numbers = vec![
        Number::equal("divergence + average log-likelihood + entropy, at most", largest(&sums), 0.0, 1e-12),
        Number::equal("the rate at the least divergence", least(&apart), best, 1e-12),
        Number::equal("the most likely rate, and the mean of the counts", best, number(counts.mean(..))?, 1e-12),
    ];
    let (plot, directions) = both_directions(xp)?;
    numbers.extend(directions);
    let entropies: Vec<f64> = unlikely.iter().map(|l| l - entropy).collect();
    let some: Vec<usize> = (0..rates.len()).step_by(4).collect();
    let dots = |v: &[f64]| some.iter().map(|&i| v[i]).collect::<Vec<_>>();
    let same = Plot::new("Divergence of Poisson laws from the data", "rate", "nats")
        .with(curve(&rates, &apart), line(palette::BLUE, "divergence"))
        .with(
            points(&dots(&rates), &dots(&entropies)),
            Style::new(palette::RED, 1.0, 3.0, "minus average log-likelihood, less entropy"),
        );
    Ok(Stop {
        title: "The nearest law is the most likely one",
        says: "The divergence of a model from the data's own law is minus the average log-likelihood, less the entropy of \
               the data, which no parameter changes. So the least divergence is where the likelihood is largest."
            .into(),
        slip: "It is KL(data ‖ model). The other direction, KL(model ‖ data), is another problem with another answer: of two \
               bumps it takes one, where the likelihood covers both.",
        numbers,
        plots: vec![same, plot],
    })
}

/// Two bumps, and the normal laws nearest to them in either direction.
fn both_directions(xp: &Namespace) -> Outcome<(Plot<'static>, Vec<Number>)> {
    let x = xp.linspace((-8.0, 8.0, 1601))?;
    let step = 16.0 / 1600.0;
    let normal = |x: &Array, mean: &Array, log_sd: &Array| -> Result<Array> {
        let z = ((x - mean) * log_sd.negative()?.exp()?).ok()?;
        (z.square()? * -0.5 - log_sd - 0.5 * (2.0 * PI).ln()).ok()
    };
    let bump = |at: f64| normal(&x, &xp.asarray(at)?, &xp.asarray(0.5_f64.ln())?);
    let target = (logaddexp(bump(-2.0)?, bump(2.0)?)? - 2_f64.ln()).ok()?;
    let weight = target.exp()?;
    let law = |u: &Array| normal(&x, &u.at(index![0])?, &u.at(index![1])?);
    let forward = |u: &Array| ((&weight * (&target - law(u)?)) * step).sum(..);
    let reverse = |u: &Array| {
        let own = law(u)?;
        (own.exp()? * (&own - &target) * step).sum(..)
    };
    let covering = newton(&Differentiable::new(xp, forward), &[0.5, 0.0], Limits::default())?.0.point;
    let choosing = newton(&Differentiable::new(xp, reverse), &[1.5, -0.5], Limits::default())?.0.point;
    let [(mean, sd), (one, narrow)] = [&covering, &choosing].map(|u| (u[0], u[1].exp()));
    if !(mean.is_finite() && one.is_finite()) {
        return fail("the nearest normal law was not found");
    }
    let numbers = vec![
        // The likelihood's normal law has the target's mean and variance: 2^2 and 0.5^2.
        Number::equal("nearest to two bumps, KL(p ‖ q): mean", mean, 0.0, 1e-6),
        Number::equal("nearest to two bumps, KL(p ‖ q): variance", sd * sd, 4.25, 1e-5),
        Number::equal("the other direction, KL(q ‖ p): mean", one, 2.0, 1e-2),
        Number::equal("the other direction, KL(q ‖ p): sd", narrow, 0.5, 1e-2),
    ];
    let at = x.to_vec::<f64>()?;
    let shown = |point: &[f64]| -> Outcome<Vec<f64>> { Ok(law(&xp.asarray(point)?)?.exp()?.to_vec::<f64>()?) };
    let mut plot = Plot::new("Two bumps, and a normal law", "x", "density")
        .with(curve(&at, &weight.to_vec::<f64>()?), line(palette::GREY, "two bumps"))
        .with(curve(&at, &shown(&covering)?), line(palette::BLUE, "nearest by KL(p ‖ q), most likely"))
        .with(curve(&at, &shown(&choosing)?), line(palette::ORANGE, "nearest by KL(q ‖ p)").dashed());
    plot.y_range = Some((-0.03, 0.85));
    Ok((plot, numbers))
}
