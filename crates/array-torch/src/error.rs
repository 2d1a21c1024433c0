//! libtorch's failures as the protocol's errors.

use array_api::{Error, ErrorKind};
use tch::TchError;

/// What libtorch writes where the protocol has a kind of error of its own.
const KNOWN: &[(&str, ErrorKind)] = &[
    ("out of memory", ErrorKind::Memory),
    ("not enough memory", ErrorKind::Memory),
    ("can't allocate memory", ErrorKind::Memory),
    ("Storage size calculation overflowed", ErrorKind::Memory),
    ("Stride calculation overflowed", ErrorKind::Memory),
    ("integer multiplication overflow", ErrorKind::Memory),
    ("same device", ErrorKind::Device),
    ("invalid device ordinal", ErrorKind::Device),
    ("No CUDA GPUs", ErrorKind::Device),
    ("not compiled with CUDA", ErrorKind::Device),
    ("Cannot initialize CUDA", ErrorKind::Device),
    ("without linking", ErrorKind::Device),
    ("from the 'CUDA' backend", ErrorKind::Device),
    ("not implemented for", ErrorKind::NotImplemented),
];

/// An exception of libtorch's as an error of the operation: its first line, without where libtorch raised it.
#[cold]
pub(crate) fn failed(op: &str, e: TchError) -> Error {
    let text = match e {
        TchError::Torch(text) => text,
        other => other.to_string(),
    };
    let kind = KNOWN.iter().find(|(words, _)| text.contains(words)).map_or(ErrorKind::Backend, |&(_, kind)| kind);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("libtorch gave no reason").trim();
    Error::new(kind, op, format!("libtorch: {first}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_becomes_one_line_of_the_right_kind() {
        let text = "CUDA out of memory. Tried to allocate 2 GiB.\nException raised from here\n#0 ...";
        let e = failed("add", TchError::Torch(text.to_owned()));
        assert_eq!(e.kind(), ErrorKind::Memory);
        assert_eq!(e.to_string(), "add: libtorch: CUDA out of memory. Tried to allocate 2 GiB.");
        assert_eq!(failed("add", TchError::Torch(String::new())).kind(), ErrorKind::Backend);
    }
}
