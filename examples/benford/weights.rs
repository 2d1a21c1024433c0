//! Weights as they are published: a safetensors file, or several with an index.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use array_protocol::prelude::*;
use program::failure::{Failure, Outcome, fail};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::Deserialize;

/// The tensors of a folder, by name. Files stay on disk: a tensor is read when it is asked for, and what a GPT-2 does not ask
/// for, such as the masks `attn.bias` of old files, never is.
pub(crate) struct Weights {
    shards: Vec<Shard>,
    /// What stands before each name: `transformer.` in files that a model with a head has saved, else nothing.
    prefix: &'static str,
}

/// One file: 8 bytes of a length, a header of so many bytes, and the tensors' bytes (the safetensors format).
struct Shard {
    shown: String,
    file: File,
    header: Metadata,
    /// Where the tensors' bytes begin.
    start: u64,
}

const WHOLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
/// Weights that PyTorch has written.
const PICKLE: &str = "pytorch_model.bin";

/// Which file holds which tensor.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Weights {
    /// Opens the files of a folder.
    pub(crate) fn open(folder: &Path) -> Outcome<Weights> {
        let (whole, index) = (folder.join(WHOLE), folder.join(INDEX));
        let shards = match (whole.exists(), index.exists()) {
            (true, _) => vec![Shard::open(&whole)?],
            (false, true) => indexed(folder, &index)?,
            (false, false) if folder.join(PICKLE).exists() => {
                return fail(format!(
                    "{}: {PICKLE} is there and cannot be read; transformers writes {WHOLE} with \
                     save_pretrained(folder, safe_serialization=True)",
                    folder.display()
                ));
            }
            (false, false) => return fail(format!("{}: there is neither {WHOLE} nor {INDEX}", folder.display())),
        };
        let prefixed = shards.iter().any(|shard| shard.header.info("transformer.wpe.weight").is_some());
        Ok(Weights { shards, prefix: if prefixed { "transformer." } else { "" } })
    }

    fn find(&self, name: &str) -> Option<(&Shard, &TensorInfo)> {
        self.shards.iter().find_map(|shard| Some((shard, shard.header.info(name)?)))
    }

    /// The tensor of this name, which must have this shape, as `float32`. What is a token may be saved by the name of the head
    /// that is tied to it.
    pub(crate) fn get(&self, xp: &Namespace, name: &str, shape: &[usize]) -> Outcome<Array> {
        let full = if name == HEAD { name.to_owned() } else { format!("{}{name}", self.prefix) };
        let tied = || if name == "wte.weight" { self.find(HEAD) } else { None };
        let Some((shard, info)) = self.find(&full).or_else(tied) else {
            let files: Vec<&str> = self.shards.iter().map(|shard| shard.shown.as_str()).collect();
            let count: usize = self.shards.iter().map(|shard| shard.header.offset_keys().len()).sum();
            return fail(format!(
                "{}: there is no tensor {full}, which a GPT-2 of this config.json has; {count} tensors are there",
                files.join(", ")
            ));
        };
        let shown = &shard.shown;
        if info.shape != shape {
            return fail(format!(
                "{shown}: tensor {full} has shape {:?}, where config.json needs {shape:?}",
                info.shape
            ));
        }
        let size = match info.dtype {
            Dtype::F32 => 4,
            Dtype::F16 | Dtype::BF16 => 2,
            other => return fail(format!("{shown}: tensor {full} is {other:?}; F32, F16 or BF16 is due")),
        };
        let bytes = shard.read(info).map_err(|e| Failure(format!("{shown}: tensor {full} cannot be read: {e}")))?;
        let value = |b: &[u8]| match info.dtype {
            Dtype::F32 => f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            Dtype::F16 => half(u16::from_le_bytes([b[0], b[1]])),
            // The upper half of a float32.
            _ => f32::from_le_bytes([0, 0, b[0], b[1]]),
        };
        let values: Vec<f32> = bytes.chunks_exact(size).map(value).collect();
        if let Some(i) = values.iter().position(|v| !v.is_finite()) {
            return fail(format!("{shown}: tensor {full} holds {} at position {i}", values[i]));
        }
        Ok(xp.from_host(values, shape)?)
    }
}

/// The matrix that says how likely tokens are, in files of models that do not tie it to what a token is.
pub(crate) const HEAD: &str = "lm_head.weight";

/// The files of an index, each opened once.
fn indexed(folder: &Path, path: &Path) -> Outcome<Vec<Shard>> {
    let shown = path.display();
    let text = std::fs::read(path).map_err(|e| Failure(format!("{shown}: cannot be read: {e}")))?;
    let index: Index = serde_json::from_slice(&text).map_err(|e| Failure(format!("{shown}: {e}")))?;
    let mut shards: BTreeMap<&str, Shard> = BTreeMap::new();
    for (tensor, file) in &index.weight_map {
        if Path::new(file).file_name().is_none_or(|name| name != file.as_str()) {
            return fail(format!(
                "{shown}: {tensor} is said to be in {file}, which is no name of a file beside the index"
            ));
        }
        if !shards.contains_key(file.as_str()) {
            shards.insert(file, Shard::open(&folder.join(file))?);
        }
        if shards[file.as_str()].header.info(tensor).is_none() {
            return fail(format!("{shown}: {tensor} is said to be in {file}, which does not hold it"));
        }
    }
    Ok(shards.into_values().collect())
}

impl Shard {
    /// Reads the header, and makes sure that the tensors behind it are there.
    fn open(path: &Path) -> Outcome<Shard> {
        let shown = path.display().to_string();
        let unreadable = |e: std::io::Error| Failure(format!("{shown}: cannot be read: {e}"));
        let mut file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let torn = |why: String| {
            Failure(format!(
                "{shown}: is no whole safetensors file: {why}; copy or download it again ({length} bytes are here)"
            ))
        };
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => torn("it is shorter than the 8 bytes of a header's length".into()),
            _ => unreadable(e),
        })?;
        let size = u64::from_le_bytes(size);
        if size > length.saturating_sub(8) {
            return Err(torn(format!("its header is said to have {size} bytes")));
        }
        let mut header = vec![0; size as usize];
        file.read_exact(&mut header).map_err(unreadable)?;
        let header: Metadata = serde_json::from_slice(&header).map_err(|e| torn(format!("its header: {e}")))?;
        let due = (8 + size).saturating_add(header.data_len() as u64);
        if due != length {
            return Err(torn(format!("its header needs {due} bytes")));
        }
        Ok(Shard { shown, file, header, start: 8 + size })
    }

    fn read(&self, info: &TensorInfo) -> std::io::Result<Vec<u8>> {
        let (first, last) = info.data_offsets;
        let mut bytes = vec![0; last - first];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.start + first as u64))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// The value of 16 bits by IEEE 754: a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn halves() {
        let values = [0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff, 0x8000].map(half);
        assert_eq!(values, [1.0, -2.0, 0.333_251_95, 5.960_464_5e-8, 65504.0, 0.0]);
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }
}
