//! Digits to learn from and digits held out, as arrays.

use std::path::{Path, PathBuf};

use array_protocol::prelude::*;
use program::failure::{Failure, Outcome, fail};

use crate::idx::{self, Idx};

/// Side of the images that the network takes.
pub(crate) const SIDE: usize = 28;

const SHIPPED_IMAGES: &[u8] = include_bytes!("data/digits-images-idx3-ubyte");
const SHIPPED_LABELS: &[u8] = include_bytes!("data/digits-labels-idx1-ubyte");

/// Images with what they show.
pub(crate) struct Set {
    /// `(n, h, w)`, `uint8`.
    images: Array,
    /// `(n,)`, `int64`, 0 to 9.
    pub(crate) labels: Array,
}

/// What is learnt from and what is held out.
pub(crate) struct Digits {
    /// To learn from.
    pub(crate) training: Set,
    /// Held out.
    pub(crate) held_out: Set,
    /// What they are, for people.
    pub(crate) text: String,
}

impl Set {
    fn new(xp: &Namespace, images: Idx, labels: Idx) -> Outcome<Set> {
        if images.shape[0] != labels.shape[0] {
            return fail(format!("there are {} images but {} labels", images.shape[0], labels.shape[0]));
        }
        if images.bytes.is_empty() {
            return fail(format!("the images have shape {:?}: there are none", images.shape));
        }
        if let Some(i) = labels.bytes.iter().position(|l| *l > 9) {
            return fail(format!("label {i} is {}, where digits are 0 to 9", labels.bytes[i]));
        }
        let labels = xp.asarray(labels.bytes)?.astype(DType::Int64)?;
        Ok(Set { images: xp.from_host(images.bytes, images.shape)?, labels })
    }

    /// The number of digits.
    pub(crate) fn len(&self) -> usize {
        self.labels.dims().first().copied().unwrap_or(0)
    }

    fn part(&self, rows: &Array) -> Outcome<Set> {
        Ok(Set { images: self.images.take(rows, 0)?, labels: self.labels.take(rows, 0)? })
    }

    /// The images at these rows as the network takes them, `(rows, 1, 28, 28)`, `float32`, 0 to 1, and their labels.
    pub(crate) fn batch(&self, rows: &Array) -> Outcome<(Array, Array)> {
        let part = self.part(rows)?;
        let images = (part.images.astype(DType::Float32)? / 255.0).ok()?;
        let [n, height, width] = *images.shape()? else { return fail("images have two axes each") };
        let xp = images.namespace();
        let images = match (height, width) {
            (SIDE, SIDE) => images,
            _ => {
                let (down, across) = (enlarging(&xp, height)?, enlarging(&xp, width)?);
                matmul(down, matmul(images, across.matrix_transpose()?)?)?
            }
        };
        Ok((images.reshape([n as isize, 1, SIDE as isize, SIDE as isize])?, part.labels))
    }
}

/// The matrix `(28, from)` that interpolates linearly between pixels' middles, as PyTorch's `interpolate` does with
/// `align_corners=False`; at the edge the outermost pixel continues.
fn enlarging(xp: &Namespace, from: usize) -> Result<Array> {
    let scale = from as f64 / SIDE as f64;
    let to = xp.arange(0..SIDE as i64)?.astype(DType::Float64)?;
    let at = clip(((to + 0.5) * scale - 0.5).ok()?, 0.0, from as f64 - 1.0)?.expand_dims(1)?;
    let pixels = xp.arange(0..from as i64)?.astype(DType::Float64)?;
    maximum((1.0 - (at - pixels).abs()?).ok()?, 0.0)?.astype(DType::Float32)
}

impl Digits {
    /// The digits that come with the program, a fifth of them held out.
    pub(crate) fn shipped(xp: &Namespace, seed: u64) -> Outcome<Digits> {
        let all = shipped(xp)?;
        let n = all.len();
        let rows = xp.permutation(xp.key(seed)?.fold_in(u64::MAX)?, n)?;
        let cut = (n - n / 5) as isize;
        Ok(Digits {
            training: all.part(&rows.at(index![..cut])?)?,
            held_out: all.part(&rows.at(index![cut..])?)?,
            text: format!("The shipped digits of UCI: {cut} to learn from, {} held out.", n / 5),
        })
    }

    /// MNIST's files in a folder, by either of the names that they go by.
    pub(crate) fn mnist(xp: &Namespace, folder: &Path) -> Outcome<Digits> {
        let set = |name: &str| {
            let images = idx::read(&file(folder, &format!("{name}-images"), "idx3-ubyte")?, 3)?;
            let labels = idx::read(&file(folder, &format!("{name}-labels"), "idx1-ubyte")?, 1)?;
            Set::new(xp, images, labels).map_err(|Failure(why)| Failure(format!("{}: {name}: {why}", folder.display())))
        };
        let (training, held_out) = (set("train")?, set("t10k")?);
        let text = format!("{}: {} to learn from, {} held out.", folder.display(), training.len(), held_out.len());
        Ok(Digits { training, held_out, text })
    }
}

fn shipped(xp: &Namespace) -> Outcome<Set> {
    let images = idx::parse(SHIPPED_IMAGES, 3).map_err(Failure)?;
    Set::new(xp, images, idx::parse(SHIPPED_LABELS, 1).map_err(Failure)?)
}

fn file(folder: &Path, stem: &str, format: &str) -> Outcome<PathBuf> {
    let names = [format!("{stem}-{format}"), format!("{stem}.{format}")];
    match names.iter().map(|n| folder.join(n)).find(|p| p.exists()) {
        Some(path) => Ok(path),
        None => fail(format!(
            "--mnist {}: there is neither {} nor {}; unpack what is compressed with gunzip",
            folder.display(),
            names[0],
            names[1]
        )),
    }
}

/// The first of the shipped digits, in their order.
#[cfg(test)]
pub(crate) fn first(xp: &Namespace, n: i64) -> (Array, Array) {
    shipped(xp).unwrap().batch(&xp.arange(0..n).unwrap()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_split_without_loss() {
        let xp = array_protocol::ndarray();
        let digits = Digits::shipped(&xp, 3).unwrap();
        assert_eq!((digits.training.len(), digits.held_out.len()), (1438, 359));
        let counts = |s: &Set| s.labels.bincount(10).unwrap();
        let both = (counts(&digits.training) + counts(&digits.held_out)).ok().unwrap();
        // Counts per class of the UCI test set.
        assert_eq!(both.to_vec::<i64>().unwrap(), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    }

    #[test]
    fn enlarging_keeps_a_constant_and_a_slope() {
        let xp = array_protocol::ndarray();
        let m = enlarging(&xp, 8).unwrap().astype(DType::Float64).unwrap();
        let rows = m.sum(1).unwrap().to_vec::<f64>().unwrap();
        assert!(rows.iter().all(|r| (r - 1.0).abs() < 1e-6), "{rows:?}");
        let slope =
            m.matmul(xp.arange(0..8_i64).unwrap().astype(DType::Float64).unwrap()).unwrap().to_vec::<f64>().unwrap();
        assert!((slope[14] - slope[13] - 8.0 / 28.0).abs() < 1e-6 && slope[0] == 0.0 && slope[27] == 7.0);
    }
}
