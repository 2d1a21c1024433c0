//! What each command does.

use array_api::Namespace;
use mle::Fit;
use mle::distribution::{Censoring, Distribution, Law};
use mle::glm::{Family, Glm};
use mle::nonlinear::Nonlinear;
use serde::Serialize;

use crate::cli::{Cli, Command, FitArgs, GlmArgs, NlsArgs, Shared};
use crate::figures;
use crate::reading::Columns;
use program::cluster::Cluster;
use program::failure::{Failure, Outcome, fail};
use program::files::write_atomically;

/// What a run says, and whether the fit converged.
pub(crate) struct Done {
    pub(crate) text: String,
    pub(crate) converged: bool,
}

pub(crate) fn run(cli: &Cli) -> Outcome<Done> {
    match &cli.command {
        Command::Fit(args) => fit(args),
        Command::Nls(args) => nls(args),
        Command::Glm(args) => glm(args),
    }
}

fn open(shared: &Shared) -> Outcome<(Namespace, Columns)> {
    let xp = program::backend!(&shared.backend)?;
    if let Some(folder) = &shared.plot {
        std::fs::create_dir_all(folder).map_err(|e| {
            Failure(format!("the folder {} cannot be made: {e}; give another one with --plot", folder.display()))
        })?;
    }
    Ok((xp, Columns::read(&shared.data)?))
}

/// Writes what was asked for beside the text.
fn close(
    shared: &Shared,
    result: &impl Serialize,
    fit: &Fit,
    mut text: String,
    figures: Vec<(&str, Vec<u8>)>,
) -> Outcome<Done> {
    if let Some(path) = &shared.json {
        let json = serde_json::to_string_pretty(result)?;
        write_atomically(path, (json + "\n").as_bytes())?;
        text.push_str(&format!("result in {}\n", path.display()));
    }
    if let Some(folder) = &shared.plot {
        for (name, bytes) in figures {
            let path = folder.join(name);
            write_atomically(&path, &bytes)?;
            text.push_str(&format!("figure in {}\n", path.display()));
        }
    }
    Ok(Done { text, converged: fit.status.is_converged() })
}

fn fit(args: &FitArgs) -> Outcome<Done> {
    let (xp, columns) = open(&args.shared)?;
    let family = Distribution::named(&args.distribution)?;
    let values = columns.numbers(&xp, &args.column)?;
    let mut fitting = family
        .fitting()
        .level(args.shared.level)
        .interval(args.intervals.interval.into())
        .standard_errors(args.standard_errors.into())
        .bootstrap(args.intervals.replicates, args.intervals.seed);
    if let Some(name) = &args.shared.weights {
        fitting = fitting.weights(&columns.numbers(&xp, name)?);
    }
    if let Some(censored) = &args.censored {
        let (how, name) = censored.split_once(':').unwrap_or(("right", censored));
        let column = columns.numbers(&xp, name)?;
        fitting = fitting.censored(match how {
            "right" => Censoring::Right(column),
            "left" => Censoring::Left(column),
            "interval" => Censoring::Interval(column),
            _ => return fail(format!("--censored {censored}: write COLUMN, left:COLUMN or interval:COLUMN")),
        });
    }
    if let Some((low, high)) = args.truncated {
        fitting = fitting.truncated(low, high);
    }
    if args.free_location {
        fitting = fitting.free_location();
    }
    for (name, value) in &args.fix {
        fitting = fitting.fix(name, *value);
    }
    for text in &args.prior {
        let (name, law) = prior(text)?;
        fitting = fitting.prior(&name, law);
    }
    if let Some(address) = &args.scheduler {
        let (pieces, checkpoint) = (args.pieces.get(), args.checkpoint.clone());
        let workers = program::workers!(&Cluster { address: address.clone(), pieces, checkpoint })?;
        fitting = fitting.on(workers.into());
    }
    let fit = fitting.fit(&values)?;
    let mut pictures = vec![];
    let plain = args.censored.is_none() && args.truncated.is_none() && args.fix.is_empty();
    if args.shared.plot.is_some() && plain && fit.status.is_converged() {
        let mut estimates = fit.estimates();
        let location = if args.free_location { estimates.pop() } else { None };
        let mut law = family.with(&estimates)?;
        if let Some(location) = location {
            law = law.at(location)?;
        }
        pictures = figures::distribution(&law, &values, &args.column)?;
    }
    close(&args.shared, &fit, &fit, fit.to_string(), pictures)
}

/// `name=distribution(number, ..)`.
fn prior(text: &str) -> Outcome<(String, Law)> {
    let wrong = || Failure(format!("--prior {text}: write NAME=DISTRIBUTION(NUMBER,..), as in mean=normal(0,10)"));
    let (name, law) = text.split_once('=').ok_or_else(wrong)?;
    let (family, numbers) = law.trim().strip_suffix(')').and_then(|l| l.split_once('(')).ok_or_else(wrong)?;
    let numbers: Vec<f64> =
        numbers.split(',').map(|n| n.trim().parse().map_err(|_| wrong())).collect::<Outcome<_>>()?;
    Ok((name.trim().to_string(), Distribution::named(family.trim())?.with(&numbers)?))
}

fn nls(args: &NlsArgs) -> Outcome<Done> {
    let (xp, columns) = open(&args.shared)?;
    let table = columns.table(&xp)?;
    let mut model = Nonlinear::new(&args.response, &args.formula)?
        .level(args.shared.level)
        .interval(args.intervals.interval.into())
        .standard_errors(args.standard_errors.into())
        .bootstrap(args.intervals.replicates, args.intervals.seed);
    if let Some(name) = &args.shared.weights {
        model = model.weights(&columns.numbers(&xp, name)?);
    }
    let start: Vec<(&str, f64)> = args.start.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let fit = model.fit(table.columns(), &start)?;
    let mut pictures = vec![];
    if args.shared.plot.is_some() && fit.status.is_converged() {
        pictures = figures::regression(&args.response, &args.formula, table.columns(), &fit)?;
    }
    close(&args.shared, &fit, &fit, fit.to_string(), pictures)
}

fn glm(args: &GlmArgs) -> Outcome<Done> {
    let (xp, columns) = open(&args.shared)?;
    let mut model = Glm::new(&args.formula, Family::named(&args.family)?)?
        .level(args.shared.level)
        .interval(args.intervals.interval.into())
        .standard_errors(args.standard_errors.into())
        .bootstrap(args.intervals.replicates, args.intervals.seed);
    if let Some(link) = args.link {
        model = model.link(link);
    }
    if let Some(dispersion) = args.dispersion {
        model = model.dispersion(dispersion);
    }
    if let Some(name) = &args.shared.weights {
        model = model.weights(&columns.numbers(&xp, name)?);
    }
    let table = columns.table(&xp)?;
    let fit = model.fit(&table)?;
    let mut pictures = vec![];
    if args.shared.plot.is_some() && fit.fit.status.is_converged() {
        let rows = model.fitted(&table, &fit)?;
        let residuals = rows.deviance()?;
        let [observed, means, residuals] = [&rows.observed, &rows.means, &residuals].map(|x| x.to_vec::<f64>());
        let response = args.formula.split('~').next().unwrap_or_default().trim();
        pictures = figures::fit_and_residuals(response, observed?, means?, residuals?, "deviance residual")?;
    }
    close(&args.shared, &fit, &fit.fit, fit.to_string(), pictures)
}
