//! The header of NPY files: a Python dictionary with the type, the order and the shape of what follows.
//!
//! Source: [NEP 1](https://numpy.org/neps/nep-0001-npy-format.html) and the documentation of `numpy.lib.format`, versions 1 to 3.

use std::io::Read;

use array_api::{DType, Dims};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Elements begin at a multiple of this.
const ALIGNED: usize = 64;

/// A longer header is not one of an array of numbers.
const LONGEST: usize = 1 << 16;

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Header {
    pub(crate) dtype: DType,
    /// Whether the bytes of an element lie in the other order than this project writes them.
    pub(crate) big_endian: bool,
    /// Whether the first axis is the one whose elements lie side by side.
    pub(crate) fortran: bool,
    pub(crate) dims: Dims,
    /// Where the elements begin.
    pub(crate) data: u64,
}

/// Names of the types without the character for the order of bytes.
const TYPES: [(&str, DType); 13] = [
    ("b1", DType::Bool),
    ("i1", DType::Int8),
    ("i2", DType::Int16),
    ("i4", DType::Int32),
    ("i8", DType::Int64),
    ("u1", DType::UInt8),
    ("u2", DType::UInt16),
    ("u4", DType::UInt32),
    ("u8", DType::UInt64),
    ("f4", DType::Float32),
    ("f8", DType::Float64),
    ("c8", DType::Complex64),
    ("c16", DType::Complex128),
];

/// The type that NumPy gives this name.
pub(super) fn named(name: &str) -> Option<DType> {
    let name = name.trim_start_matches(['<', '>', '|', '=']);
    TYPES.iter().find(|(n, _)| *n == name).map(|(_, dtype)| *dtype)
}

/// NumPy's name for little-endian elements of a type.
pub(super) fn name_of(dtype: DType) -> String {
    let name = TYPES.iter().find(|(_, d)| *d == dtype).map_or("", |(name, _)| name);
    format!("{}{name}", if dtype.size() == 1 { '|' } else { '<' })
}

impl Header {
    /// The header of an array as this project writes it.
    pub(crate) fn of(dims: &[usize], dtype: DType) -> Header {
        let mut header = Header { dtype, big_endian: false, fortran: false, dims: dims.into(), data: 0 };
        header.data = header.bytes().len() as u64;
        header
    }

    /// Extents or places in the order in which elements lie in the file: in Fortran's order it holds the rows of the array with
    /// its axes in reverse.
    pub(crate) fn order(&self, axes: &[usize]) -> Dims {
        if self.fortran { axes.iter().rev().copied().collect() } else { axes.into() }
    }

    /// The header as bytes, padded so that the elements are aligned.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let name = name_of(self.dtype);
        let shape: Vec<String> = self.dims.iter().map(usize::to_string).collect();
        let comma = if shape.len() == 1 { "," } else { "" };
        let shape = shape.join(", ");
        let mut text = format!("{{'descr': '{name}', 'fortran_order': False, 'shape': ({shape}{comma}), }}");
        // Version 1 has two bytes for the length, version 2 four.
        let wide = text.len() + ALIGNED > usize::from(u16::MAX);
        let before = MAGIC.len() + 2 + if wide { 4 } else { 2 };
        let end = (before + text.len() + 1).next_multiple_of(ALIGNED);
        text.extend(std::iter::repeat_n(' ', end - before - text.len() - 1));
        text.push('\n');
        let mut bytes = MAGIC.to_vec();
        bytes.extend([if wide { 2 } else { 1 }, 0]);
        match wide {
            true => bytes.extend((text.len() as u32).to_le_bytes()),
            false => bytes.extend((text.len() as u16).to_le_bytes()),
        }
        bytes.extend(text.as_bytes());
        bytes
    }

    /// Reads a header. The inner error says what is wrong with it.
    pub(crate) fn read(from: &mut impl Read) -> std::io::Result<Result<Header, String>> {
        let mut start = [0; 8];
        match from.read_exact(&mut start) {
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(Err("it is no NPY file".into())),
            other => other?,
        }
        if start[..6] != *MAGIC {
            return Ok(Err("it is no NPY file: the first bytes are others".into()));
        }
        let mut length = [0; 4];
        let width = match start[6] {
            1 => 2,
            2 | 3 => 4,
            version => return Ok(Err(format!("version {version} of the format is not known"))),
        };
        from.read_exact(&mut length[..width])?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST {
            return Ok(Err(format!("its header has {length} bytes, which no array of numbers needs")));
        }
        let mut text = vec![0; length];
        match from.read_exact(&mut text) {
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Ok(Err("it ends within the header".into()));
            }
            other => other?,
        }
        let text = String::from_utf8_lossy(&text);
        Ok(parse(&text).map(|header| Header { data: (8 + width + length) as u64, ..header }))
    }
}

/// The dictionary of a header.
fn parse(text: &str) -> Result<Header, String> {
    let wrong = || format!("its header {:?} is not one of an array", text.trim());
    let mut rest = Rest(text.trim());
    rest.expect('{').ok_or_else(wrong)?;
    let (mut descr, mut fortran, mut dims) = (None, None, None);
    while rest.expect('}').is_none() {
        let key = rest.text().ok_or_else(wrong)?;
        rest.expect(':').ok_or_else(wrong)?;
        match key {
            "descr" => match rest.text() {
                Some(name) => descr = Some(name),
                None => return Err("it holds records, not numbers; read the columns one by one".into()),
            },
            "fortran_order" => fortran = Some(rest.truth().ok_or_else(wrong)?),
            "shape" => dims = Some(rest.extents().ok_or_else(wrong)?),
            _ => return Err(wrong()),
        }
        let _ = rest.expect(',');
    }
    let (Some(descr), Some(fortran), Some(dims)) = (descr, fortran, dims) else { return Err(wrong()) };
    let Some(dtype) = named(descr) else {
        return Err(format!("its elements are of NumPy's type '{descr}', which is none of the standard's"));
    };
    let bytes = dims.iter().try_fold(dtype.size(), |n, &d| n.checked_mul(d)).filter(|&n| n <= isize::MAX as usize);
    if bytes.is_none() {
        return Err(format!("its header says shape {:?}, which no memory holds", &dims[..]));
    }
    let big_endian = descr.starts_with('>') && dtype.size() > 1;
    Ok(Header { dtype, big_endian, fortran, dims: dims.into(), data: 0 })
}

/// What is left of a literal.
struct Rest<'t>(&'t str);

impl<'t> Rest<'t> {
    fn expect(&mut self, mark: char) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(mark)?.trim_start();
        Some(())
    }

    fn text(&mut self) -> Option<&'t str> {
        let quote = self.0.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (text, rest) = self.0[1..].split_once(quote)?;
        self.0 = rest;
        Some(text)
    }

    fn truth(&mut self) -> Option<bool> {
        for (word, truth) in [("True", true), ("False", false)] {
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Some(truth);
            }
        }
        None
    }

    fn extents(&mut self) -> Option<Vec<usize>> {
        let (inside, rest) = self.0.strip_prefix('(')?.split_once(')')?;
        self.0 = rest;
        // Python 2 wrote long integers with an L.
        let number = |n: &str| n.trim().trim_end_matches('L').parse().ok();
        inside.split(',').filter(|n| !n.trim().is_empty()).map(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Header, String> {
        Header::read(&mut &bytes[..]).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        for dims in [&[][..], &[0], &[7], &[3, 4, 5]] {
            for (_, dtype) in TYPES {
                let header = Header::of(dims, dtype);
                let bytes = header.bytes();
                assert_eq!(bytes.len() % ALIGNED, 0);
                assert_eq!(read(&bytes).unwrap(), header);
            }
        }
    }

    #[test]
    fn headers_of_others_are_read() {
        let text = "{'shape': (2L, 3L), \"fortran_order\": True, 'descr': '>c16'}";
        let header = parse(text).unwrap();
        assert_eq!((header.dtype, header.big_endian, header.fortran), (DType::Complex128, true, true));
        assert_eq!(&header.dims[..], [2, 3]);
    }

    #[test]
    fn what_is_no_array_of_numbers_is_refused_with_the_reason() {
        let refused = |text: &str, why: &str| {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        };
        refused("{'descr': '<U4', 'fortran_order': False, 'shape': (2,), }", "'<U4'");
        refused("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,), }", "records");
        refused("{'descr': '<f8', 'fortran_order': False}", "not one of an array");
        refused("{'descr': '<f8', 'fortran_order': False, 'shape': (-2,), }", "not one of an array");
        refused("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "no memory");
        refused("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), ", "not one of an array");
        for bytes in [&b""[..], b"PK\x03\x04....", b"\x93NUMPY\x09\0..", b"\x93NUMPY\x01\0\xff\0{"] {
            assert!(read(bytes).is_err());
        }
    }
}
