//! The experiments of the article and its notebook: which trainings, which figures.

use std::sync::Mutex;

use ensemble::{Activation, BiasInitializer, Initializer, Noise, Options, Prior, Snapshot};

use crate::animation::{self, training_gif};
use crate::cli::{Experiment, Train};
use crate::dataset::{self, Dataset};
use crate::figures::{Data, all_members, data_points, mean_and_bands, panel, prior_and_trainable, priors};
use crate::measured::{Curves, Record};
use crate::summary;
use crate::training::{Trained, Trainer, matrix};
use program::failure::{Failure, Outcome, fail};
use program::output::Output;
use program::report::Block;

/// A run of an experiment.
pub(crate) struct Run<'a> {
    trainer: &'a Trainer,
    output: &'a mut Output,
    data: Dataset,
    trained: Vec<(Trained, Curves)>,
}

/// What a run leaves for the lines that are printed, and for the JSON file.
pub(crate) struct Done {
    /// The short table.
    pub(crate) text: String,
    /// One record per training.
    pub(crate) records: Vec<Record>,
    /// The report's title.
    pub(crate) title: String,
    /// The first ensemble, which is saved.
    pub(crate) model: Trained,
    /// The middle of the inputs.
    pub(crate) middle: f64,
}

/// The notebook's settings.
fn notebook() -> Options {
    Options {
        members: 9,
        widths: vec![16, 16],
        activation: Activation::Elu,
        weights: Initializer::GlorotNormal,
        biases: Some(BiasInitializer::Zeros),
        prior_scale: 3.0,
        learning_rate: 0.03,
        epochs: 3000,
        ..Options::default()
    }
}

/// What an experiment starts from; the command line goes over it.
fn base(experiment: Experiment) -> Options {
    match experiment {
        Experiment::Article => Options::default(),
        Experiment::Animation => Options { members: 40, ..Options::default() },
        Experiment::Notebook | Experiment::BetaSweep => notebook(),
        Experiment::Combinations => Options { prior_scale: 50.0, ..notebook() },
    }
}

/// The experiment's name on the command line.
pub(crate) fn name(experiment: Experiment) -> &'static str {
    match experiment {
        Experiment::Article => "article",
        Experiment::Notebook => "notebook",
        Experiment::BetaSweep => "beta-sweep",
        Experiment::Combinations => "combinations",
        Experiment::Animation => "animation",
    }
}

/// Refuses what an experiment cannot heed, and options that no run can use, before anything is written.
pub(crate) fn options(experiment: Experiment, train: &Train) -> Outcome<Options> {
    let c = &train.choices;
    match experiment {
        Experiment::BetaSweep if c.prior_scale.is_some() => {
            return fail("--prior-scale: the experiment beta-sweep sets the prior scale itself; leave the option out");
        }
        Experiment::Animation if train.resume => {
            return fail(
                "--resume: an animation shows every epoch, so it cannot go on in the middle; leave the option out",
            );
        }
        _ if train.rows == Some(0) => return fail("--rows 0: at least one row is needed to train on"),
        _ => {}
    }
    let options = c.over(base(experiment));
    options.check()?;
    Ok(options)
}

/// Runs an experiment.
pub(crate) fn run(
    experiment: Experiment,
    options: &Options,
    train: &Train,
    trainer: &Trainer,
    output: &mut Output,
) -> Outcome<Done> {
    let data = match (train.rows, experiment) {
        (Some(rows), _) => dataset::notebook(rows, options.seed),
        (None, Experiment::Article | Experiment::Animation) => dataset::article()?,
        (None, _) => dataset::notebook(100, options.seed),
    };
    let mut run = Run { trainer, output, data, trained: vec![] };
    match experiment {
        Experiment::Article => run.article(options)?,
        Experiment::Notebook => run.notebook(options, train.choices.epochs)?,
        Experiment::BetaSweep => run.beta_sweep(options)?,
        Experiment::Combinations => run.combinations("1-combinations.png", "2-members.png", options)?,
        Experiment::Animation => run.animation(options)?,
    }
    run.done(experiment, options)
}

/// What the noise between members is called in a title.
fn noise_word(options: &Options) -> &'static str {
    match options.noise {
        Noise::Multinomial | Noise::Poisson | Noise::Exponential => "bootstrap",
        Noise::Gaussian { .. } | Noise::None => "noise",
    }
}

impl Run<'_> {
    fn points(&self) -> Data<'_> {
        Data { x: &self.data.x, y: &self.data.y }
    }

    /// Trains, and predicts the grid.
    fn fit(&mut self, name: &str, options: &Options) -> Outcome<usize> {
        let trained = self.trainer.fit(name, options, &self.data.x, &self.data.y)?;
        self.keep(trained)
    }

    fn keep(&mut self, trained: Trained) -> Outcome<usize> {
        let curves = Curves::of(&trained.model, &self.trainer.xp, &self.data.grid)?;
        self.trained.push((trained, curves));
        Ok(self.trained.len() - 1)
    }

    fn article(&mut self, options: &Options) -> Outcome<()> {
        let main = self.fit("ensemble", options)?;
        let sine = Options { prior: Prior::Sine { frequency: 3.0 }, ..options.clone() };
        let cells = self.four(options, Some(main))?;
        let sine = self.fit("sine prior", &sine)?;
        let (model, curves) = (&self.trained[main].0.model, &self.trained[main].1);
        let parts = model.parts(&matrix(&self.trainer.xp, &self.data.grid, self.data.grid.len())?)?;
        let prior = parts.prior.to_host()?.to_f64()?;
        let (x, k) = (&self.data.grid[..], model.options().members);
        let data = Data { x: &self.data.x, y: &self.data.y };
        let out = &mut *self.output;
        out.figure("1-data.png", "The data.", &[data_points("Data", data)], 1)?;
        let bands = mean_and_bands("Mean and uncertainty", x, &curves.mean, &curves.sd, data, Some(&curves.members));
        out.figure("2-bands.png", "Predictive mean with bands of one and two standard deviations.", &[bands], 1)?;
        let title = format!("{k} priors alone");
        out.figure("3-priors.png", "The fixed prior functions, before any training.", &[priors(&title, x, &prior)], 1)?;
        let used = model.used().len();
        let title = format!("{used} trained members");
        let caption = "Every member that did not fail, and the data in red.";
        out.figure("4-members.png", caption, &[all_members(&title, x, &curves.members, data)], 1)?;
        let plots = cells.iter().map(|(i, title)| {
            let c = &self.trained[*i].1;
            mean_and_bands(title, x, &c.mean, &c.sd, data, Some(&c.members))
        });
        let caption = "The four combinations of prior and bootstrap, on one scale.";
        out.figure("5-combinations.png", caption, &panel(plots.collect(), true), 2)?;
        let c = &self.trained[sine].1;
        let plots = vec![
            mean_and_bands("Sine prior: uncertainty", x, &c.mean, &c.sd, data, None),
            all_members("Sine prior: members", x, &c.members, data),
        ];
        let caption = "The prior sin(3x), the same for all members: only the networks and the data differ.";
        out.figure("6-sine-prior.png", caption, &panel(plots, true), 2)
    }

    /// The four combinations of prior and noise; the one with both may have been trained already.
    fn four(&mut self, options: &Options, both: Option<usize>) -> Outcome<Vec<(usize, String)>> {
        let word = noise_word(options);
        let cases = [
            (format!("prior and {word}"), options.prior, options.noise),
            ("prior only".into(), options.prior, Noise::None),
            (format!("{word} only"), Prior::None, options.noise),
            ("neither".into(), Prior::None, Noise::None),
        ];
        let mut cells = vec![];
        for (i, (title, prior, noise)) in cases.into_iter().enumerate() {
            let at = match both.filter(|_| i == 0) {
                Some(at) => at,
                None => self.fit(&title, &Options { prior, noise, ..options.clone() })?,
            };
            cells.push((at, title));
        }
        Ok(cells)
    }

    fn notebook(&mut self, options: &Options, epochs: Option<u64>) -> Outcome<()> {
        let main = self.fit("ensemble", options)?;
        let single = Options { members: 1, noise: Noise::None, epochs: epochs.unwrap_or(2000), ..options.clone() };
        let one = self.fit("one model", &single)?;
        let x = &self.data.grid[..];
        let parts = self.trained[one].0.model.parts(&matrix(&self.trainer.xp, x, x.len())?)?;
        let (prior, trained) = (parts.prior.to_host()?.to_f64()?, parts.trained.to_host()?.to_f64()?);
        let data = Data { x: &self.data.x, y: &self.data.y };
        let c = &self.trained[main].1;
        let out = &mut *self.output;
        out.figure("1-data.png", "The data.", &[data_points("Data", data)], 1)?;
        let plot = prior_and_trainable("One model: prior, trained part and sum", x, &prior, &trained, data);
        out.figure("2-one-model.png", "The scaled prior is fixed; the trained part makes up the rest.", &[plot], 1)?;
        let bands = mean_and_bands("Mean and uncertainty", x, &c.mean, &c.sd, data, None);
        out.figure("3-bands.png", "Predictive mean with bands of one and two standard deviations.", &[bands], 1)?;
        let title = format!("{} trained members", self.trained[main].0.model.used().len());
        out.figure("4-members.png", "Every member that did not fail.", &[all_members(&title, x, &c.members, data)], 1)
    }

    fn beta_sweep(&mut self, options: &Options) -> Outcome<()> {
        let mut cells = vec![];
        for scale in [0.001, 5.0, 50.0, 100.0] {
            // The seed stays, so that all four share every random number.
            let at = self.fit(&format!("beta {scale}"), &Options { prior_scale: scale, ..options.clone() })?;
            cells.push((at, format!("prior scale {scale}")));
        }
        self.two_panels("1-bands.png", "2-members.png", "The same random numbers under four prior scales", &cells)
    }

    fn combinations(&mut self, bands: &str, members: &str, options: &Options) -> Outcome<()> {
        let cells = self.four(options, None)?;
        self.two_panels(bands, members, "The four combinations of prior and bootstrap", &cells)
    }

    /// Bands and members of the same four trainings.
    fn two_panels(&mut self, bands: &str, members: &str, what: &str, cells: &[(usize, String)]) -> Outcome<()> {
        let x = &self.data.grid[..];
        let data = Data { x: &self.data.x, y: &self.data.y };
        let curves = |i: usize| &self.trained[i].1;
        let plots: Vec<_> =
            cells.iter().map(|(i, t)| mean_and_bands(t, x, &curves(*i).mean, &curves(*i).sd, data, None)).collect();
        self.output.figure(bands, &format!("{what}: mean with bands of one and two sd."), &panel(plots, true), 2)?;
        let plots: Vec<_> = cells.iter().map(|(i, t)| all_members(t, x, &self.trained[*i].1.members, data)).collect();
        self.output.figure(members, &format!("{what}: every member."), &panel(plots, true), 2)
    }

    fn animation(&mut self, options: &Options) -> Outcome<()> {
        let word = noise_word(options);
        let sine = Prior::Sine { frequency: 3.0 };
        let cases = [
            ("1-neither.gif", format!("no prior, no {word}"), Prior::None, Noise::None),
            ("2-prior.gif", "prior".into(), options.prior, Noise::None),
            ("3-prior-and-bootstrap.gif", format!("prior and {word}"), options.prior, options.noise),
            ("4-sine-prior.gif", format!("sine prior and {word}"), sine, options.noise),
        ];
        for (file, title, prior, noise) in cases {
            let options = Options { prior, noise, ..options.clone() };
            let frames = Frames::new(&options, &self.data.grid);
            let grid = matrix(&self.trainer.xp, &self.data.grid, self.data.grid.len())?;
            let watch = |s: &Snapshot<'_>| frames.take(s, &grid);
            let trained = self.trainer.watched(&title, &options, &self.data.x, &self.data.y, Some(&watch))?;
            let frames = frames.done();
            let run = animation::Training {
                x: &self.data.grid,
                frames: &frames,
                data: self.points(),
                title: &title,
                delay: 6,
            };
            let gif = training_gif(&run)?;
            self.output.picture(file, &format!("{title}: all members, epoch by epoch."), gif)?;
            self.keep(trained)?;
        }
        Ok(())
    }

    /// The tables, printed and in the report.
    fn done(self, experiment: Experiment, options: &Options) -> Outcome<Done> {
        let Run { trainer, output, data, trained } = self;
        let title = format!("Randomized-prior ensemble: {}", name(experiment));
        let settings = summary::settings(options, &trainer.xp.to_string(), &data.name);
        let all: Vec<&Trained> = trained.iter().map(|t| &t.0).collect();
        let trainings = summary::trainings(&all);
        let mut text =
            format!("{title}\n\n{}\n{}", summary::pairs(&settings), summary::aligned(&summary::TRAININGS, &trainings));
        output.push(Block::Heading("Settings".into()));
        output.push(Block::table(
            "Of the first training; the others differ as their names say.",
            &["setting", "value"],
            settings,
        ));
        output.push(Block::Heading("Trainings".into()));
        output.push(Block::table("", &summary::TRAININGS, trainings));
        let (said, blocks) = summary::failed(&all);
        text += &said;
        blocks.into_iter().for_each(|b| output.push(b));

        let ends = |v: &[f64]| v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
        let (low, high) = ends(&data.x);
        let (first, last) = ends(&data.grid);
        let places = [first, 0.5 * (first + low), low, 0.5 * (low + high), high, 0.5 * (high + last), last];
        let header: Vec<&str> = std::iter::once("x").chain(trained.iter().map(|t| t.0.name.as_str())).collect();
        let rows: Vec<Vec<String>> = places
            .iter()
            .map(|x| {
                // One model has nobody to disagree with: that is no certainty.
                let near = |t: &(Trained, Curves)| match t.0.model.options().members {
                    1 => "-".into(),
                    _ => summary::digits(t.1.near(*x).2),
                };
                std::iter::once(format!("{:.2}", trained[0].1.near(*x).0)).chain(trained.iter().map(near)).collect()
            })
            .collect();
        let what = if summary::epistemic_only(options) { "Epistemic sd" } else { "Total sd" };
        let caption = format!("{what} at some x; the data lie between {low:.2} and {high:.2}.");
        text += &format!("\n{caption}\n{}", summary::aligned(&header, &rows));
        output.push(Block::table(&caption, &header, rows));
        if summary::epistemic_only(options) {
            text += &format!("\n{}\n", summary::EPISTEMIC_ONLY);
            output.push(Block::Warning(summary::EPISTEMIC_ONLY.into()));
        }
        let records = trained.iter().map(|(t, c)| Record::new(t, Some(c))).collect();
        let middle = data.x.iter().sum::<f64>() / data.x.len() as f64;
        let model = trained.into_iter().next().map(|t| t.0).ok_or_else(|| Failure("nothing was trained".into()))?;
        Ok(Done { text, records, title, model, middle })
    }
}

/// All members' curves, epoch by epoch, filled by groups of members in any order.
struct Frames {
    points: usize,
    members: usize,
    /// Epochs between two frames: 1 up to 500 epochs.
    stride: u64,
    values: Mutex<Vec<(usize, Vec<f64>)>>,
}

impl Frames {
    fn new(options: &Options, grid: &[f64]) -> Frames {
        let stride = options.epochs.div_ceil(500).max(1);
        let blank = |i: u64| ((i * stride) as usize, vec![f64::NAN; options.members * grid.len()]);
        let values = Mutex::new((0..=options.epochs / stride).map(blank).collect());
        Frames { points: grid.len(), members: options.members, stride, values }
    }

    fn take(&self, s: &Snapshot<'_>, grid: &array_api::Array) -> array_api::Result<()> {
        if !s.epoch.is_multiple_of(self.stride) {
            return Ok(());
        }
        let curves = s.predict(grid)?.to_host()?.to_f64()?;
        let mut frames = self.values.lock().unwrap_or_else(|e| e.into_inner());
        if let Some((_, frame)) = frames.get_mut((s.epoch / self.stride) as usize) {
            for (&member, curve) in s.members.iter().zip(curves.chunks(self.points)) {
                let at = member.min(self.members - 1) * self.points;
                frame[at..at + self.points].copy_from_slice(curve);
            }
        }
        Ok(())
    }

    fn done(self) -> Vec<(usize, Vec<f64>)> {
        self.values.into_inner().unwrap_or_else(|e| e.into_inner())
    }
}
