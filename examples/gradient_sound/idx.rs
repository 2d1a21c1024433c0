//! MNIST's file format, idx: two zero bytes, the type of the elements, the number of axes, the extents, the elements; all
//! numbers big-endian (LeCun, Cortes and Burges).

use std::path::Path;

use program::failure::{Failure, Outcome, fail};

/// Bytes with their extents.
#[derive(Debug, PartialEq)]
pub(crate) struct Idx {
    /// Outermost first.
    pub(crate) shape: Vec<usize>,
    /// Row-major.
    pub(crate) bytes: Vec<u8>,
}

/// Reads a file of unsigned bytes with `axes` axes.
pub(crate) fn read(path: &Path, axes: usize) -> Outcome<Idx> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|e| Failure(format!("{shown}: cannot be read: {e}")))?;
    parse(&bytes, axes).or_else(|why| fail(format!("{shown}: {why}")))
}

/// The same of a file's bytes; what is wrong comes in words that go behind the file's name.
pub(crate) fn parse(file: &[u8], axes: usize) -> Result<Idx, String> {
    if file.starts_with(&[0x1f, 0x8b]) {
        return Err("is compressed; unpack it with gunzip".into());
    }
    let header = 4 + 4 * axes;
    let Some((head, bytes)) = file.split_at_checked(header) else {
        return Err(format!("is {} bytes long, shorter than an idx header of {header} bytes", file.len()));
    };
    if head[..3] != [0, 0, 8] || usize::from(head[3]) != axes {
        return Err(format!(
            "begins with {:02x?}, where an idx file of bytes with {axes} axes begins with {:02x?}",
            &head[..4],
            [0, 0, 8, axes as u8]
        ));
    }
    let extent = |word: &[u8]| word.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
    let shape: Vec<usize> = head[4..].chunks(4).map(extent).collect();
    let due = shape.iter().try_fold(1usize, |n, extent| n.checked_mul(*extent));
    match due {
        Some(due) if due == bytes.len() => Ok(Idx { shape, bytes: bytes.to_vec() }),
        Some(due) => Err(format!("holds {} elements, where its shape {shape:?} needs {due}", bytes.len())),
        None => Err(format!("its shape {shape:?} has more elements than can be counted")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_every_damage_named() {
        let file = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9];
        assert_eq!(parse(&file, 2), Ok(Idx { shape: vec![1, 3], bytes: vec![7, 8, 9] }));
        assert!(parse(&file[..14], 2).unwrap_err().contains("holds 2 elements, where its shape [1, 3] needs 3"));
        assert!(parse(&file[..6], 2).unwrap_err().contains("6 bytes long"));
        assert!(parse(&file, 1).unwrap_err().contains("[00, 00, 08, 01]"));
        assert!(parse(&[0x1f, 0x8b, 8, 0], 1).unwrap_err().contains("gunzip"));
        let huge = [0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(parse(&huge, 3).unwrap_err().contains("more elements"));
    }
}
