//! Trees of arrays as safetensors files: weights with the members as leading axis, readable from Python.

use array_api::{Array, DType, Error, Host, Namespace, Result, Tree};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use std::path::Path;

use crate::files::{failed, write_atomically};

/// The file format's name of a data type.
fn format_dtype(dtype: DType) -> Result<Dtype> {
    Ok(match dtype {
        DType::Bool => Dtype::BOOL,
        DType::Int8 => Dtype::I8,
        DType::Int16 => Dtype::I16,
        DType::Int32 => Dtype::I32,
        DType::Int64 => Dtype::I64,
        DType::UInt8 => Dtype::U8,
        DType::UInt16 => Dtype::U16,
        DType::UInt32 => Dtype::U32,
        DType::UInt64 => Dtype::U64,
        DType::Float32 => Dtype::F32,
        DType::Float64 => Dtype::F64,
        other => return Err(Error::dtype("save", format!("safetensors files cannot hold {other}"))),
    })
}

macro_rules! hosts {
    ($host:expr; $($variant:ident $t:ty),*) => {
        match $host { $(Host::$variant(v) => v.iter().flat_map(|x| <$t>::to_le_bytes(*x)).collect(),)*
            Host::Bool(v) => v.iter().map(|&b| u8::from(b)).collect(),
            other => return Err(Error::dtype("save", format!("safetensors files cannot hold {}", other.dtype()))) }
    };
}

fn bytes(host: &Host) -> Result<Vec<u8>> {
    Ok(
        hosts!(host; Int8 i8, Int16 i16, Int32 i32, Int64 i64, UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64, Float32 f32, Float64 f64),
    )
}

macro_rules! from_bytes {
    ($dtype:expr, $data:expr; $($variant:ident $t:ty),*) => {
        match $dtype { $(DType::$variant => Host::$variant($data.chunks_exact(size_of::<$t>()).map(|c| {
            let mut word = [0; size_of::<$t>()];
            word.copy_from_slice(c);
            <$t>::from_le_bytes(word)
        }).collect()),)*
            DType::Bool => Host::Bool($data.iter().map(|&b| b != 0).collect()),
            other => return Err(Error::dtype("load", format!("safetensors files cannot hold {other}"))) }
    };
}

/// Writes the leaves of a tree, named by their paths, and metadata; whole or not at all.
///
/// # Errors
/// For complex leaves, and the file system's.
pub fn save(path: &Path, tree: &impl Tree, metadata: HashMap<String, String>) -> Result<()> {
    let file = written(tree, metadata)
        .map_err(|e| Error::new(e.kind(), "save", format!("{}: {}", path.display(), e.message())))?;
    write_atomically(path, &file)
}

/// The bytes of such a file.
pub(crate) fn written(tree: &impl Tree, metadata: HashMap<String, String>) -> Result<Vec<u8>> {
    let mut parts = vec![];
    for (name, leaf) in tree.named_leaves() {
        let host = leaf.to_host()?;
        parts.push((name, format_dtype(leaf.dtype())?, leaf.shape()?.to_vec(), bytes(&host)?));
    }
    let views = parts
        .iter()
        .map(|(name, dtype, shape, data)| {
            let view = TensorView::new(*dtype, shape.clone(), data);
            view.map(|v| (name.as_str(), v)).map_err(|e| Error::backend("save", format!("tensor {name}: {e}")))
        })
        .collect::<Result<Vec<_>>>()?;
    safetensors::serialize(views, Some(metadata)).map_err(|e| Error::backend("save", e.to_string()))
}

/// A file that has been read and checked.
pub struct Stored {
    path: String,
    tensors: HashMap<String, (DType, Vec<usize>, Vec<u8>)>,
    /// The file's metadata.
    pub metadata: HashMap<String, String>,
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read, is truncated, or is not a safetensors file; the message names it.
pub fn load(path: &Path) -> Result<Stored> {
    let bytes = std::fs::read(path).map_err(|e| failed("load", path, &e))?;
    read(&bytes, path.display().to_string())
}

/// The same of a file's bytes; errors say what they are.
pub(crate) fn read(bytes: &[u8], what: String) -> Result<Stored> {
    let bad = |e: safetensors::SafeTensorError| {
        Error::backend("load", format!("{what} is not a whole safetensors file: {e}"))
    };
    let file = SafeTensors::deserialize(bytes).map_err(bad)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(bad)?;
    let mut tensors = HashMap::new();
    for (name, view) in file.tensors() {
        let dtype = array_api::DTYPES.into_iter().find(|&d| format_dtype(d).is_ok_and(|f| f == view.dtype()));
        let dtype = dtype.ok_or_else(|| {
            Error::dtype("load", format!("{what}: tensor {name} has type {:?}, which no array has", view.dtype()))
        })?;
        tensors.insert(name, (dtype, view.shape().to_vec(), view.data().to_vec()));
    }
    Ok(Stored { path: what, tensors, metadata: header.metadata().clone().unwrap_or_default() })
}

impl Stored {
    /// A metadata entry.
    ///
    /// # Errors
    /// If the file has none of this name.
    pub fn meta(&self, name: &str) -> Result<&str> {
        self.metadata.get(name).map(String::as_str).ok_or_else(|| {
            Error::value("load", format!("{} has no metadata `{name}`: it was not written by this program", self.path))
        })
    }

    /// A tensor as an array.
    ///
    /// # Errors
    /// If the file has none of this name.
    pub fn array(&self, xp: &Namespace, name: &str) -> Result<Array> {
        let (dtype, shape, data) = self.tensors.get(name).ok_or_else(|| {
            let mut names: Vec<_> = self.tensors.keys().map(String::as_str).collect();
            names.sort_unstable();
            Error::value("load", format!("{} has no tensor `{name}`; it has {}", self.path, names.join(", ")))
        })?;
        let host = from_bytes!(*dtype, data; Int8 i8, Int16 i16, Int32 i32, Int64 i64, UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64, Float32 f32, Float64 f64);
        xp.from_host(host, shape)
    }

    /// A tree with the structure, shapes and types of `like`, from the tensors of the same names.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape or type.
    pub fn tree<T: Tree>(&self, xp: &Namespace, prefix: &str, like: &T) -> Result<T> {
        let mut names =
            like.named_leaves().into_iter().map(|(n, _)| format!("{prefix}{n}")).collect::<Vec<_>>().into_iter();
        like.map(&mut |leaf| {
            let name = names.next().unwrap_or_default();
            let array = self.array(xp, &name)?;
            if array.dims() != leaf.dims() || array.dtype() != leaf.dtype() {
                let message = format!(
                    "{}: tensor `{name}` is {}{}, but {}{} is due",
                    self.path,
                    array.dtype(),
                    array.dims(),
                    leaf.dtype(),
                    leaf.dims()
                );
                return Err(Error::shape("load", message));
            }
            Ok(array)
        })
    }
}
