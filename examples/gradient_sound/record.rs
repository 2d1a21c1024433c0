//! What a training gave, as a table, as text and as JSON.

use std::path::Path;

use array_protocol::prelude::Namespace;
use program::failure::Outcome;
use serde::Serialize;

use crate::cli::Preset;
use crate::digits::Digits;
use crate::network::LAYERS;
use crate::sound::Sound;
use crate::training::Trained;

/// One training.
#[derive(Serialize)]
pub(crate) struct Record {
    preset: String,
    batch: usize,
    batches: usize,
    accuracy: f64,
    train_seconds: f64,
    broke: bool,
    tones_bent: usize,
    highest_pitch_asked: f64,
    highest_pitch_heard: f64,
    losses: Vec<Option<f64>>,
    norms: Vec<Vec<f64>>,
    #[serde(skip)]
    sound_seconds: f64,
}

impl Record {
    /// Of a training and its sound.
    pub(crate) fn new(preset: &Preset, trained: &Trained, sound: &Sound) -> Record {
        Record {
            preset: preset.name(),
            batch: preset.batch,
            batches: trained.norms.len(),
            accuracy: trained.accuracy,
            train_seconds: trained.seconds,
            broke: trained.broke,
            tones_bent: sound.bent,
            highest_pitch_asked: sound.asked.iter().copied().fold(0.0, f64::max),
            highest_pitch_heard: sound.highest,
            losses: trained.losses.iter().map(|l| l.is_finite().then_some(*l)).collect(),
            norms: trained.norms.clone(),
            sound_seconds: sound.seconds(),
        }
    }

    /// Names and values for the report.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let end = match self.broke {
            true => format!(
                "the loss stopped being finite after batch {}: the sound ends with a falling tone",
                self.batches
            ),
            false => "all batches were trained".into(),
        };
        let pitch = match self.tones_bent {
            0 => format!("{:.0} Hz; none had to be lowered", self.highest_pitch_heard),
            n => format!(
                "{:.0} Hz; {n} tones that ask for more than 10,000 Hz, up to {:.3e} Hz, are lowered to 20,000 Hz at most",
                self.highest_pitch_heard, self.highest_pitch_asked
            ),
        };
        let rows = [
            ("held-out accuracy", format!("{:.1} %", 100.0 * self.accuracy)),
            ("training", format!("{} batches of {} in {:.1} s", self.batches, self.batch, self.train_seconds)),
            ("end", end),
            ("sound", format!("{:.1} s", self.sound_seconds)),
            ("highest pitch", pitch),
        ];
        rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
    }

    /// The same for the terminal.
    pub(crate) fn text(&self) -> String {
        let rows = self.rows();
        let lines = rows.iter().map(|row| format!("  {:20} {}\n", row[0], row[1]));
        std::iter::once(format!("{}\n", self.preset)).chain(lines).collect()
    }
}

#[derive(Serialize)]
struct File<'a> {
    backend: String,
    data: &'a str,
    layers: [&'a str; 4],
    runs: &'a [Record],
}

/// Writes the JSON file.
pub(crate) fn write(path: &Path, backend: &Namespace, digits: &Digits, runs: &[Record]) -> Outcome<()> {
    let layers = LAYERS.map(|(name, _)| name);
    let mut text = serde_json::to_vec_pretty(&File { backend: backend.to_string(), data: &digits.text, layers, runs })?;
    text.push(b'\n');
    Ok(program::files::write_atomically(path, &text)?)
}
