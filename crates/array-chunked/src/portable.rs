//! Jobs as JSON: what another process needs to compute the same arrays, bit for bit.
//!
//! What is written down are the operations on whole arrays, with their parameters and chunks; the tasks follow from these, as
//! they do here.

use std::collections::HashMap;
use std::sync::Arc;

use array_api::{Array, DType, Dims, Error, Field, Namespace, Op, Result, Scalar, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::chunks::{AxisChunks, Chunks};
use crate::job::Job;
use crate::node::{Layout, Lazy, Node, Slot, Work};
use crate::plan::needed;
use crate::rules::Emit;
use crate::storage::{Address, from_bytes, to_bytes};

const WRITE: &str = "to_json";
const READ: &str = "from_json";

/// Plans are made otherwise from version to version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize, Deserialize)]
struct Document {
    version: String,
    /// Of the expression as it is written here.
    checksum: String,
    expression: Expression,
}

#[derive(Serialize, Deserialize)]
struct Expression {
    nodes: Vec<Written>,
    /// Which results of which nodes are asked for.
    wanted: Vec<(usize, usize)>,
}

/// A node; its inputs come before it.
#[derive(Serialize, Deserialize)]
struct Written {
    work: Doing,
    inputs: Vec<(usize, usize)>,
    outputs: Vec<Form>,
    space: Value,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Doing {
    Call { operation: String, parameters: Vec<(String, Value)>, operands: Vec<Given>, way: String },
    Rechunk,
    Read { from: Address, start: Vec<usize> },
    Array(Held),
    Chunks(Vec<Held>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Given {
    Input(usize),
    Number(Value),
    Absent,
}

/// Elements as hexadecimal digits of their bytes.
#[derive(Serialize, Deserialize)]
struct Held {
    dtype: DType,
    shape: Vec<usize>,
    bytes: String,
}

#[derive(Serialize, Deserialize)]
struct Form {
    dtype: DType,
    chunks: Vec<Axis>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Axis {
    /// How often, and which extent.
    Sizes(Vec<(usize, usize)>),
    Unknown {
        pieces: usize,
        origin: u64,
    },
}

impl Job {
    /// The job as JSON: operations by name with their parameters, files by their paths, and how everything is cut.
    ///
    /// ```
    /// use array_chunked::{Executor, Job, Local};
    /// let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", array_api::Value::Int(10));
    /// let x = array_api::sum(xp.normal(&xp.key(7)?, [100])?, ..)?;
    /// let text = Job::new(&[&x])?.to_json()?;
    /// // In another process:
    /// let job = Job::from_json(&text)?;
    /// assert_eq!(Local::new().values(&job)?[0].item::<f64>()?, x.item::<f64>()?);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the job has functions of the program, as those of `from_fn` and `map_blocks`, sources that have no address, or
    /// arrays in memory: [`to_json_with_arrays`](Job::to_json_with_arrays) writes these too.
    pub fn to_json(&self) -> Result<String> {
        written(self, false)
    }

    /// The job as JSON, with the elements of arrays in memory, two letters for each byte.
    ///
    /// # Errors
    /// If the job has functions of the program, or sources that have no address.
    pub fn to_json_with_arrays(&self) -> Result<String> {
        written(self, true)
    }

    /// Reads a job that [`to_json`](Job::to_json) has written.
    ///
    /// # Errors
    /// If the text is no job or was changed, another version of this library has written it, an operation or a kind of arrays
    /// is not known here, or a file cannot be opened.
    pub fn from_json(text: &str) -> Result<Job> {
        let wrong = |why: String| Error::value(READ, format!("the text is no job: {why}"));
        let document: Document = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
        if document.version != VERSION {
            let message =
                format!("the job was written by version {}, this is {VERSION}; plan it again", document.version);
            return Err(Error::value(READ, message));
        }
        if checksum(&document.expression)? != document.checksum {
            return Err(wrong("it was changed after it was written, its checksum is another one".into()));
        }
        read(document.expression)
    }
}

fn checksum(expression: &Expression) -> Result<String> {
    let text = serde_json::to_vec(expression).map_err(|e| Error::backend(WRITE, e.to_string()))?;
    Ok(format!("{:x}", Sha256::digest(text)))
}

fn written(job: &Job, arrays: bool) -> Result<String> {
    let nodes = needed(&job.wanted);
    let place: HashMap<_, usize> = nodes.iter().enumerate().map(|(i, node)| (node.key, i)).collect();
    let at = |x: &Lazy| (place[&x.node.key], x.output);
    let node = |node: &Arc<Node>| {
        Ok(Written {
            work: doing(node, arrays)?,
            inputs: node.inputs.iter().map(at).collect(),
            outputs: node.outputs.iter().map(form).collect(),
            space: node.space.to_value(),
        })
    };
    let nodes = nodes.iter().map(node).collect::<Result<_>>()?;
    let expression = Expression { nodes, wanted: job.wanted.iter().map(at).collect() };
    let document = Document { version: VERSION.into(), checksum: checksum(&expression)?, expression };
    serde_json::to_string(&document).map_err(|e| Error::backend(WRITE, e.to_string()))
}

fn doing(node: &Node, arrays: bool) -> Result<Doing> {
    let refused = |why: &str| {
        let place = node.place().map_or(String::new(), |place| format!(", built by {place},"));
        Error::not_implemented(WRITE, format!("{}{place} {why}", node.work.name()))
    };
    Ok(match &node.work {
        Work::Call { op, params, operands, emit } => Doing::Call {
            operation: op.name.into(),
            parameters: params.write().into_iter().map(|(name, value)| (name.into(), value)).collect(),
            operands: operands.iter().map(given).collect(),
            way: emit.name.into(),
        },
        Work::Rechunk => Doing::Rechunk,
        Work::Boxes(_) => return Err(refused("is a part of `map_overlap`, whose function no other process has")),
        Work::Read { source, start } => match source.address() {
            Some(from) => Doing::Read { from, start: start.to_vec() },
            None => return Err(refused("is a source without an address, which another process cannot open")),
        },
        Work::Made { .. } | Work::Blocked { .. } => {
            return Err(refused(
                "is a function of this program; no other one has it. Say it in operations of the protocol",
            ));
        }
        Work::Stored { .. } => return Err(refused("writes here; compute the array there and store what comes back")),
        Work::Held(_) | Work::Blocks(_) if !arrays => {
            return Err(refused(
                "is in memory. `to_json_with_arrays` writes the elements too; or store the array and read it from there",
            ));
        }
        Work::Held(array) => Doing::Array(held(array)?),
        Work::Blocks(blocks) => Doing::Chunks(blocks.iter().map(held).collect::<Result<_>>()?),
    })
}

fn given(slot: &Slot) -> Given {
    match slot {
        Slot::Input(i) => Given::Input(*i),
        Slot::Scalar(number) => Given::Number(number.to_value()),
        Slot::Absent => Given::Absent,
    }
}

fn form(layout: &Layout) -> Form {
    let axis = |axis: &AxisChunks| match axis {
        AxisChunks::Known(sizes) => Axis::Sizes(sizes.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0])).collect()),
        AxisChunks::Unknown { pieces, origin } => Axis::Unknown { pieces: *pieces, origin: *origin },
    };
    Form { dtype: layout.dtype, chunks: layout.chunks.axes().iter().map(axis).collect() }
}

fn held(array: &Array) -> Result<Held> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: u8| [DIGITS[usize::from(byte >> 4)] as char, DIGITS[usize::from(byte & 15)] as char];
    let bytes = to_bytes(&array.to_host()?).into_iter().flat_map(digits).collect();
    Ok(Held { dtype: array.dtype(), shape: array.shape()?.to_vec(), bytes })
}

fn read(expression: Expression) -> Result<Job> {
    let mut nodes: Vec<Arc<Node>> = Vec::with_capacity(expression.nodes.len());
    let mut origins: HashMap<u64, AxisChunks> = HashMap::new();
    let lazy = |nodes: &[Arc<Node>], (node, output): (usize, usize)| {
        let found = nodes.get(node).filter(|n| output < n.outputs.len());
        let found = found.ok_or_else(|| Error::value(READ, format!("result {output} of node {node} is not there")))?;
        Ok(Lazy { node: found.clone(), output })
    };
    for written in expression.nodes {
        let inputs = written.inputs.iter().map(|&at| lazy(&nodes, at)).collect::<Result<Vec<_>>>()?;
        let outputs = written.outputs.into_iter().map(|form| layout(form, &mut origins)).collect::<Result<Vec<_>>>()?;
        let space = Namespace::from_value(&written.space)?;
        let work = work(written.work, inputs.len(), &space)?;
        nodes.push(Node::new(work, inputs, outputs, space));
    }
    Job::of(expression.wanted.into_iter().map(|at| lazy(&nodes, at)).collect::<Result<_>>()?)
}

fn work(doing: Doing, inputs: usize, space: &Namespace) -> Result<Work> {
    Ok(match doing {
        Doing::Rechunk => Work::Rechunk,
        Doing::Read { from, start } => Work::Read { source: from.open()?, start: start.into() },
        Doing::Array(array) => Work::Held(unpacked(&array, space)?),
        Doing::Chunks(blocks) => Work::Blocks(blocks.iter().map(|b| unpacked(b, space)).collect::<Result<_>>()?),
        Doing::Call { operation, parameters, operands, way } => {
            let op = Op::named(&operation)?;
            let fields: Vec<(&str, Value)> =
                parameters.iter().map(|(name, value)| (&name[..], value.clone())).collect();
            let slot = |given: &Given| match given {
                Given::Input(i) if *i >= inputs => {
                    Err(Error::value(READ, format!("{operation} takes input {i}, and has {inputs}")))
                }
                Given::Input(i) => Ok(Slot::Input(*i)),
                Given::Number(value) => Scalar::from_value(value).map(Slot::Scalar),
                Given::Absent => Ok(Slot::Absent),
            };
            let emit = Emit::named(&way, op)
                .ok_or_else(|| Error::value(READ, format!("{operation} is not done by way of `{way}` here")))?;
            Work::Call {
                op,
                params: op.read(&fields)?,
                operands: operands.iter().map(slot).collect::<Result<_>>()?,
                emit,
            }
        }
    })
}

fn layout(form: Form, origins: &mut HashMap<u64, AxisChunks>) -> Result<Layout> {
    let axis = |axis: Axis| match axis {
        Axis::Sizes(runs) => {
            let sizes: Vec<usize> =
                runs.into_iter().flat_map(|(count, size)| std::iter::repeat_n(size, count)).collect();
            if sizes.is_empty() {
                return Err(Error::value(READ, "an axis has no pieces"));
            }
            Ok(AxisChunks::Known(sizes.into()))
        }
        // Axes of one origin stay of one origin.
        Axis::Unknown { pieces, origin } => {
            Ok(origins.entry(origin).or_insert_with(|| AxisChunks::unknown(pieces)).clone())
        }
    };
    let chunks = form.chunks.into_iter().map(axis).collect::<Result<Vec<_>>>()?;
    Ok(Layout { dtype: form.dtype, chunks: Chunks::new(chunks) })
}

fn unpacked(held: &Held, space: &Namespace) -> Result<Array> {
    let size = held.shape.iter().try_fold(held.dtype.size(), |n, &d| n.checked_mul(d));
    let digit = |d: u8| (d as char).to_digit(16).map(|d| d as u8);
    let byte = |pair: &[u8; 2]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    let bytes: Option<Vec<u8>> = held.bytes.as_bytes().as_chunks().0.iter().map(byte).collect();
    match bytes {
        Some(bytes) if Some(bytes.len()) == size => {
            space.from_host(from_bytes(&bytes, held.dtype), Dims::new(&held.shape))
        }
        _ => Err(Error::value(
            READ,
            format!("an array of shape {:?} does not have the elements it should have", held.shape),
        )),
    }
}
