//! A training run as a GIF: one frame per epoch with every member's curve and the data.

use std::collections::HashMap;

use gif::{DisposalMethod, Encoder, Frame, Repeat};
use rayon::prelude::*;

use crate::figures::{Data, all_members};
use program::canvas;
use program::draw::{FigureError, figure};
use program::plot::Plot;
use program::scale;

/// Index of the colour that leaves a pixel as it was.
const UNCHANGED: u8 = 255;

/// A run that is to be shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Training<'a> {
    /// The grid, n values.
    pub(crate) x: &'a [f64],
    /// One entry per frame: the epoch shown and all members' curves, row-major with n values a row.
    pub(crate) frames: &'a [(usize, Vec<f64>)],
    /// The training points.
    pub(crate) data: Data<'a>,
    /// What the run is; the epoch is added to it.
    pub(crate) title: &'a str,
    /// How long a frame stands, in hundredths of a second; the last one stands two seconds.
    pub(crate) delay: u16,
}

/// Draws the run. All frames share one y range: that of the data, the first and the last frame.
pub(crate) fn training_gif(run: &Training<'_>) -> Result<Vec<u8>, FigureError> {
    let ends = run.frames.first().into_iter().chain(run.frames.last());
    let y_range = ends.map(|frame| Some(plot(run, frame).y_bounds())).fold(None, scale::union);
    let pictures = run
        .frames
        .par_iter()
        .map(|frame| {
            let pixels = figure(&[Plot { y_range, ..plot(run, frame) }], 1, 1)?;
            Ok((pixels.width(), pixels.height(), canvas::rgb(&pixels)))
        })
        .collect::<Result<Vec<_>, FigureError>>()?;
    encode(&pictures, run.delay).map_err(|e| FigureError::Encode(e.to_string()))
}

fn plot<'a>(run: &Training<'a>, (epoch, members): &'a (usize, Vec<f64>)) -> Plot<'a> {
    all_members(&format!("{}, epoch {epoch}", run.title), run.x, members, run.data)
}

/// A picture: width, height, RGB bytes.
type Picture = (u32, u32, Vec<u8>);

fn encode(pictures: &[Picture], delay: u16) -> Result<Vec<u8>, gif::EncodingError> {
    let Some((width, height, _)) = pictures.first() else {
        return Ok(Vec::new());
    };
    let palette = Palette::of(pictures);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, *width as u16, *height as u16, &palette.bytes())?;
    encoder.set_repeat(Repeat::Infinite)?;
    let indexed: Vec<Vec<u8>> = pictures.par_iter().map(|p| palette.index(&p.2)).collect();
    let mut before: Option<&[u8]> = None;
    for (i, now) in indexed.iter().enumerate() {
        let mut frame = changes(before, now, *width as usize);
        frame.delay = if i + 1 == indexed.len() { 200 } else { delay };
        encoder.write_frame(&frame)?;
        before = Some(now);
    }
    drop(encoder);
    Ok(file)
}

/// The smallest rectangle that differs from the frame before, with the pixels that do not differ left out.
fn changes<'a>(before: Option<&[u8]>, now: &[u8], width: usize) -> Frame<'a> {
    let height = now.len() / width;
    let mut frame = Frame { dispose: DisposalMethod::Keep, ..Frame::default() };
    let changed = |i: usize| before.is_none_or(|b| b[i] != now[i]);
    let rows: Vec<usize> = (0..height).filter(|y| (0..width).any(|x| changed(y * width + x))).collect();
    let columns: Vec<usize> = (0..width).filter(|x| rows.iter().any(|y| changed(y * width + x))).collect();
    let (top, bottom) = rows.first().zip(rows.last()).map_or((0, 0), |(a, b)| (*a, *b));
    let (left, right) = columns.first().zip(columns.last()).map_or((0, 0), |(a, b)| (*a, *b));
    let pixels = (top..=bottom).flat_map(|y| (left..=right).map(move |x| y * width + x));
    frame.buffer = pixels.map(|i| if changed(i) { now[i] } else { UNCHANGED }).collect();
    frame.transparent = before.map(|_| UNCHANGED);
    (frame.left, frame.top) = (left as u16, top as u16);
    (frame.width, frame.height) = ((right - left + 1) as u16, (bottom - top + 1) as u16);
    frame
}

/// At most 255 colours for all frames, so that a pixel keeps its colour from frame to frame.
struct Palette {
    colors: Vec<[u8; 3]>,
    /// The nearest colour of each of the 2^15 coarse colours.
    nearest: Vec<u8>,
}

/// A colour cut to five bits a channel.
fn coarse(c: &[u8]) -> usize {
    (usize::from(c[0]) >> 3) << 10 | (usize::from(c[1]) >> 3) << 5 | usize::from(c[2]) >> 3
}

impl Palette {
    /// The most frequent coarse colours of up to nine frames spread over the run, each as the mean of its pixels.
    /// Antialiased lines on white hold few colours, so this loses nothing visible.
    fn of(pictures: &[Picture]) -> Self {
        let stride = pictures.len().div_ceil(8).max(1);
        let sample = pictures.iter().step_by(stride).chain(pictures.last());
        let mut bins: HashMap<usize, [u64; 4]> = HashMap::new();
        for pixel in sample.flat_map(|p| p.2.chunks_exact(3)) {
            let bin = bins.entry(coarse(pixel)).or_default();
            (0..3).for_each(|c| bin[c] += u64::from(pixel[c]));
            bin[3] += 1;
        }
        let mut bins: Vec<(usize, [u64; 4])> = bins.into_iter().collect();
        // Equal counts are ordered by colour, or the file would depend on the hash's order.
        bins.sort_by_key(|(key, bin)| (std::cmp::Reverse(bin[3]), *key));
        bins.truncate(usize::from(UNCHANGED));
        let colors: Vec<[u8; 3]> =
            bins.iter().map(|(_, b)| std::array::from_fn(|c| ((b[c] + b[3] / 2) / b[3]) as u8)).collect();
        let nearest = (0..1usize << 15)
            .map(|key| {
                let center = [key >> 10, key >> 5 & 31, key & 31].map(|v| (v << 3 | 4) as i32);
                let distance = |color: &[u8; 3]| -> i32 {
                    center.iter().zip(color).map(|(a, b)| (a - i32::from(*b)).pow(2)).sum()
                };
                let best = colors.iter().enumerate().min_by_key(|(_, color)| distance(color));
                best.map_or(0, |(i, _)| i as u8)
            })
            .collect();
        Self { colors, nearest }
    }

    /// Red, green and blue of 256 entries; the unused ones are white.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.colors.concat();
        bytes.resize(3 * 256, 255);
        bytes
    }

    fn index(&self, rgb: &[u8]) -> Vec<u8> {
        rgb.chunks_exact(3).map(|pixel| self.nearest[coarse(pixel)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_hold_only_what_changed_and_decode_to_the_pictures() {
        let mut pictures: Vec<Picture> = Vec::new();
        let mut pixels = vec![255u8; 3 * 40 * 30];
        for at in [(5, 7), (20, 9), (21, 9)] {
            let i = 3 * (at.1 * 40 + at.0);
            pixels[i..i + 3].copy_from_slice(&[200, 0, 0]);
            pictures.push((40, 30, pixels.clone()));
        }
        let file = encode(&pictures, 5).unwrap();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(file.as_slice()).unwrap();
        let mut screen = vec![0u8; 3 * 40 * 30];
        let mut sizes = Vec::new();
        for (_, _, expected) in &pictures {
            let frame = decoder.read_next_frame().unwrap().unwrap();
            sizes.push((frame.width, frame.height));
            for (i, pixel) in frame.buffer.chunks_exact(4).enumerate().filter(|(_, p)| p[3] == 255) {
                let (x, y) = (i % usize::from(frame.width), i / usize::from(frame.width));
                let at = 3 * ((y + usize::from(frame.top)) * 40 + x + usize::from(frame.left));
                screen[at..at + 3].copy_from_slice(&pixel[..3]);
            }
            assert_eq!(&screen, expected);
        }
        assert_eq!(sizes, [(40, 30), (1, 1), (1, 1)]);
    }

    #[test]
    fn no_frames_and_equal_frames_are_no_failure() {
        assert!(encode(&[], 5).unwrap().is_empty());
        let picture: Picture = (4, 4, vec![9; 48]);
        assert!(!encode(&[picture.clone(), picture], 5).unwrap().is_empty());
    }
}
