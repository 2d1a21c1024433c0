//! Gradient norms as tones: a tone per layer and a pause per batch, as a WAV file.

use std::io::Cursor;

use array_protocol::prelude::*;
use program::failure::{Failure, Outcome};

/// Samples per second.
pub(crate) const RATE: u32 = 44_100;
/// Samples of a tone: 0.01 s. A pause has twice as many.
const TONE: usize = 441;
/// Samples over which a tone swells and fades; a tone that is cut off clicks.
const FADE: f64 = 44.0;
const AMPLITUDE: f64 = 0.1;
/// The article's pitch: 200 Hz and 100 Hz more per unit of the norm.
const LOWEST: f64 = 200.0;
const PER_NORM: f64 = 100.0;
/// Pitches above this are bent, so that all stay below `HIGHEST`, which is below the Nyquist frequency of 22,050 Hz.
const BENT: f64 = 10_000.0;
const HIGHEST: f64 = 20_000.0;

/// A sound with what it is made of.
pub(crate) struct Sound {
    /// Samples between -1 and 1, `(n,)`, `float64`.
    pub(crate) samples: Array,
    /// The pitch of each tone in Hz as the norms give it, before any is bent.
    pub(crate) asked: Vec<f64>,
    /// Tones whose pitch was bent.
    pub(crate) bent: usize,
    /// The highest pitch that sounds, in Hz.
    pub(crate) highest: f64,
}

/// The pitch that sounds for the pitch that is asked for: the same up to 10 kHz, from there on approaching 20 kHz, so that
/// higher stays higher.
fn audible(asked: &Array) -> Result<Array> {
    let room = HIGHEST - BENT;
    let above = maximum((asked - BENT).ok()?, 0.0)?;
    let bent = (1.0 - (above / -room).exp()?).ok()?;
    (minimum(asked, BENT)? + bent * room).ok()
}

/// The sound of norms, one row per batch; a falling tone at the end says that the training broke.
pub(crate) fn of(xp: &Namespace, norms: &[Vec<f64>], broke: bool) -> Outcome<Sound> {
    let (mut parts, mut asked, mut highest, mut bent) = (vec![], vec![], 0.0, 0);
    if !norms.is_empty() {
        let pitch = (xp.asarray(norms.to_vec())? * PER_NORM + LOWEST).ok()?;
        let heard = audible(&pitch)?;
        (highest, asked) = (heard.max(..)?.item::<f64>()?, pitch.to_vec::<f64>()?);
        bent = asked.iter().filter(|f| **f > BENT).count();
        // (batches, layers, samples), and behind the layers of a batch the pause.
        let tones = tones(&heard.expand_dims(2)?)?;
        let batches = norms.len() as isize;
        let pause = xp.zeros([norms.len(), 2 * TONE])?;
        parts.push(concat(vec![tones.reshape([batches, -1])?, pause], 1)?.reshape(-1)?);
    }
    if broke {
        parts.push(fall(xp)?);
    }
    let samples = if parts.is_empty() { xp.zeros([0])? } else { concat(parts, 0)? };
    Ok(Sound { samples, asked, bent, highest })
}

fn tones(pitch: &Array) -> Result<Array> {
    let i = pitch.namespace().arange(0..TONE as i64)?.astype(DType::Float64)?;
    let edge = minimum((&i + 0.5).ok()?, (TONE as f64 - 0.5 - &i).ok()?)?;
    let envelope = minimum((edge / FADE).ok()?, 1.0)?;
    ((pitch * (i * (std::f64::consts::TAU / f64::from(RATE)))).sin()? * envelope * AMPLITUDE).ok()
}

/// A tone that falls from 880 to 110 Hz in a second: the phase is the integral of the pitch.
fn fall(xp: &Namespace) -> Result<Array> {
    let t = (xp.arange(0..i64::from(RATE))?.astype(DType::Float64)? / f64::from(RATE)).ok()?;
    let octaves = 3.0 * std::f64::consts::LN_2;
    let phase = ((1.0 - (&t * -octaves).exp()?) * (880.0 * std::f64::consts::TAU / octaves)).ok()?;
    let envelope = minimum((minimum(&t, (1.0 - &t).ok()?)? * 100.0).ok()?, 1.0)?;
    (phase.sin()? * envelope * (2.0 * AMPLITUDE)).ok()
}

impl Sound {
    /// Seconds of sound.
    pub(crate) fn seconds(&self) -> f64 {
        self.samples.size().unwrap_or(0) as f64 / f64::from(RATE)
    }

    /// A WAV file: one channel of 16-bit PCM.
    pub(crate) fn wav(&self) -> Outcome<Vec<u8>> {
        let said = |e: hound::Error| Failure(format!("the sound cannot be written: {e}"));
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let samples = (&self.samples * f64::from(i16::MAX)).round()?.astype(DType::Int16)?.to_vec::<i16>()?;
        let mut file = Cursor::new(vec![]);
        let mut writer = hound::WavWriter::new(&mut file, spec).map_err(said)?;
        let mut fast = writer.get_i16_writer(samples.len() as u32);
        samples.into_iter().for_each(|s| fast.write_sample(s));
        fast.flush().map_err(said)?;
        writer.finalize().map_err(said)?;
        Ok(file.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The strongest frequency of a tone, in Hz, to half a bin of its spectrum.
    fn heard(samples: &Array) -> f64 {
        let spectrum = samples.rfft(Rfft::default().n(1 << 15)).unwrap().abs().unwrap();
        spectrum.argmax(..).unwrap().item::<i64>().unwrap() as f64 * f64::from(RATE) / f64::from(1 << 15)
    }

    #[test]
    fn each_layer_has_its_tone_and_each_batch_its_pause() {
        let sound = of(&array_protocol::ndarray(), &[vec![8.0, 28.0], vec![48.0, 1e9]], false).unwrap();
        let part = |from: usize| sound.samples.at(index![from as isize..(from + TONE) as isize]).unwrap();
        assert_eq!(sound.samples.size().unwrap(), 2 * (2 + 2) * TONE);
        for (from, pitch) in [(0, 1000.0), (TONE, 3000.0), (4 * TONE, 5000.0)] {
            assert!((heard(&part(from)) - pitch).abs() < 15.0, "{pitch} {}", heard(&part(from)));
        }
        assert_eq!(part(2 * TONE).abs().unwrap().max(..).unwrap().item::<f64>().unwrap(), 0.0);
        // 100 GHz is asked for; 20 kHz is heard, below the Nyquist frequency.
        assert!((heard(&part(5 * TONE)) - HIGHEST).abs() < 15.0);
        assert_eq!((sound.bent, sound.highest <= HIGHEST), (1, true));
    }

    #[test]
    fn bending_keeps_the_order() {
        let asked = array_protocol::ndarray().asarray([200.0, 10_000.0, 11_000.0, 20_000.0, 50_000.0]).unwrap();
        let heard = audible(&asked).unwrap().to_vec::<f64>().unwrap();
        assert_eq!(heard[..2], [200.0, 10_000.0]);
        assert!(heard.windows(2).all(|w| w[0] < w[1]) && heard[4] < HIGHEST, "{heard:?}");
    }

    #[test]
    fn a_break_is_heard_and_the_file_is_a_wav() {
        let sound = of(&array_protocol::ndarray(), &[], true).unwrap();
        let half = |from: isize| heard(&sound.samples.at(index![from..from + 2000]).unwrap());
        assert!(half(0) > 700.0 && half(42_000) < 150.0, "{} {}", half(0), half(42_000));
        let wav = sound.wav().unwrap();
        let read = hound::WavReader::new(Cursor::new(&wav[..])).unwrap();
        assert_eq!((read.spec().sample_rate, read.spec().bits_per_sample, read.spec().channels), (RATE, 16, 1));
        assert_eq!(read.duration(), RATE);
        assert_eq!(wav.len(), 44 + 2 * RATE as usize);
    }
}
