//! Which frequencies sound when.

use array_protocol::prelude::*;
use program::failure::Outcome;

use crate::sound::{RATE, Sound};

/// Samples per window: ten milliseconds, the length of a tone.
const WINDOW: usize = 441;
/// Windows at most, evenly spaced: a bound on memory. Up to 500 batches, windows overlap by half.
const MOST: usize = 6000;
/// Columns at most; a picture has no room for more.
const COLUMNS: usize = 660;
/// What is weaker than the loudest by more decibels is not drawn.
const DEPTH: f64 = 30.0;

/// Loudness over time and frequency.
pub(crate) struct Spectrogram {
    /// In decibels above the floor of -30 dB, scaled to 0 to 1; row-major, one row per frequency from 0 Hz up.
    pub(crate) loudness: Vec<f64>,
    /// Windows.
    pub(crate) columns: usize,
    /// Seconds of sound.
    pub(crate) seconds: f64,
    /// The frequency at the upper end, in Hz.
    pub(crate) highest: f64,
}

/// Short-time Fourier transform with Hann's window, up to a fifth above the highest pitch.
pub(crate) fn of(xp: &Namespace, sound: &Sound) -> Outcome<Spectrogram> {
    let n = sound.samples.size()?;
    let seconds = sound.seconds();
    // A falling tone alone has no pitches; it begins at 880 Hz.
    let highest = (1.2 * sound.highest.max(1000.0)).min(0.5 * f64::from(RATE));
    if n < WINDOW {
        return Ok(Spectrogram { loudness: vec![], columns: 0, seconds, highest });
    }
    let step = ((n - WINDOW) / MOST).max(WINDOW / 2);
    let windows = sliding_window_view(&sound.samples, SlidingWindowView::from([WINDOW]).stride([step]))?;
    let phase = (xp.arange(0..WINDOW as i64)?.astype(DType::Float64)? + 0.5).ok()?;
    let hann = ((phase * (std::f64::consts::TAU / WINDOW as f64)).cos()? * -0.5 + 0.5).ok()?;
    // Four times as many frequencies as the window alone gives: a smoother picture of the same spectrum.
    let length = 4 * WINDOW;
    let spectrum = (windows * hann).ok()?.rfft(Rfft::default().n(length))?.abs()?;
    let rows = ((highest / f64::from(RATE) * length as f64).ceil() as isize).min(length as isize / 2);
    let spectrum = spectrum.at(index![.., ..rows])?;
    let loudest = spectrum.max(..)?.item::<f64>()?.max(f64::MIN_POSITIVE);
    let decibels = (maximum((spectrum / loudest).ok()?, 1e-30)?.log10()? * 20.0).ok()?;
    let loudness = clip(((decibels + DEPTH) / DEPTH).ok()?, 0.0, 1.0)?;
    // Of neighbours the loudest: every second one would leave out tones.
    let together = loudness.shape()?[0].div_ceil(COLUMNS);
    let pool = MaxPool2d::from([together, 1]).ceil_mode(true);
    let loudness = max_pool2d(loudness.expand_dims(0)?, pool)?.squeeze(0)?;
    Ok(Spectrogram {
        columns: loudness.shape()?[0],
        loudness: loudness.matrix_transpose()?.to_vec::<f64>()?,
        seconds,
        highest: rows as f64 * f64::from(RATE) / length as f64,
    })
}
