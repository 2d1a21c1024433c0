//! Expressions of whole arrays: what a chunked array stands for until it is planned.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use array_api::{Array, DType, Dims, Namespace, Op, Params, Result, Scalar};
use sha2::{Digest, Sha256};

use crate::chunks::Chunks;
use crate::place::Place;
use crate::rechunk::AxisRuns;
use crate::rules::Emit;
use crate::storage::{Source, Stored};

/// Shape, type and chunks of one result.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) dtype: DType,
    pub(crate) chunks: Chunks,
}

/// One result of a node: what a chunked array holds.
#[derive(Clone)]
pub(crate) struct Lazy {
    pub(crate) node: Arc<Node>,
    pub(crate) output: usize,
}

impl Lazy {
    pub(crate) fn layout(&self) -> &Layout {
        &self.node.outputs[self.output]
    }

    pub(crate) fn chunks(&self) -> &Chunks {
        &self.layout().chunks
    }

    pub(crate) fn dtype(&self) -> DType {
        self.layout().dtype
    }

    pub(crate) fn dims(&self) -> Dims {
        self.chunks().dims()
    }

    /// The identity of what the array is: that of its node, and which result it is.
    pub(crate) fn key(&self) -> NodeKey {
        let text = format!("{} {}", self.node.key, self.output);
        NodeKey::of(Sha256::new_with_prefix(text))
    }
}

/// The identity of what a node computes: equal for equal work on equal inputs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeKey(pub(crate) [u8; 16]);

impl NodeKey {
    fn of(hash: Sha256) -> NodeKey {
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        NodeKey(key)
    }
}

impl fmt::Display for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes one chunk, given where it begins and its extents.
pub(crate) type Make = dyn Fn(&[usize], &[usize]) -> Result<Array> + Send + Sync;

/// A function of one chunk of each input.
pub(crate) type BlockFunction = dyn Fn(&[Array]) -> Result<Array> + Send + Sync;

/// A function of the user's as the executor knows it that is to call it elsewhere.
pub type Callable = Arc<dyn std::any::Any + Send + Sync>;

/// An operand of a call: which input, or a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Slot {
    Input(usize),
    Scalar(Scalar),
    Absent,
}

/// What a node does.
pub(crate) enum Work {
    /// Chunks that are there already, in row-major order of the grid.
    Blocks(Vec<Array>),
    /// Parts of an array that is there already.
    Held(Array),
    /// Chunks made by a function of their place.
    Made { name: String, make: Arc<Make>, callable: Option<Callable> },
    /// Boxes of what lies somewhere, from `start` on.
    Read { source: Arc<dyn Source>, start: Dims },
    /// An operation of the protocol.
    Call { op: &'static Op, params: Box<dyn Params>, operands: Vec<Slot>, emit: Emit },
    /// The same elements in other chunks.
    Rechunk,
    /// Chunks put together from these boxes of the input's, for each axis and chunk along it.
    Boxes(Arc<Vec<AxisRuns>>),
    /// A function of the user's, of chunk after chunk.
    Blocked { name: String, function: Arc<BlockFunction>, callable: Option<Callable> },
    /// Chunk after chunk is written.
    Stored { name: String, to: Arc<Stored> },
}

impl Work {
    /// The name in pictures, plans and errors.
    pub(crate) fn name(&self) -> &str {
        match self {
            Work::Blocks(_) => "chunks",
            Work::Held(_) => "array",
            Work::Made { name, .. } | Work::Blocked { name, .. } | Work::Stored { name, .. } => name,
            Work::Read { source, .. } => source.name(),
            Work::Call { op, .. } => op.name,
            Work::Rechunk => "rechunk",
            Work::Boxes(_) => "boxes",
        }
    }
}

/// One operation on whole arrays.
pub(crate) struct Node {
    /// The order in which nodes were made; inputs come before.
    pub(crate) number: u64,
    pub(crate) work: Work,
    pub(crate) inputs: Vec<Lazy>,
    pub(crate) outputs: Vec<Layout>,
    /// Where chunks live.
    pub(crate) space: Namespace,
    pub(crate) key: NodeKey,
    /// Where the user built it.
    built: Place,
}

impl Node {
    pub(crate) fn new(work: Work, inputs: Vec<Lazy>, outputs: Vec<Layout>, space: Namespace) -> Arc<Node> {
        Node::made(work, inputs, outputs, space, Place::here())
    }

    fn made(work: Work, inputs: Vec<Lazy>, outputs: Vec<Layout>, space: Namespace, built: Place) -> Arc<Node> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        let key = key(&work, number, &inputs, &outputs, &space);
        Arc::new(Node { number, work, inputs, outputs, space, key, built })
    }

    /// The same call on other inputs of the same layouts.
    pub(crate) fn with_inputs(&self, inputs: Vec<Lazy>) -> Arc<Node> {
        self.again(inputs, self.outputs.clone())
    }

    /// The same work on other inputs, with other results.
    pub(crate) fn again(&self, inputs: Vec<Lazy>, outputs: Vec<Layout>) -> Arc<Node> {
        let work = match &self.work {
            Work::Blocks(blocks) => Work::Blocks(blocks.clone()),
            Work::Held(array) => Work::Held(array.clone()),
            Work::Made { name, make, callable } => {
                Work::Made { name: name.clone(), make: make.clone(), callable: callable.clone() }
            }
            Work::Call { op, params, operands, emit } => {
                Work::Call { op, params: params.boxed(), operands: operands.clone(), emit: *emit }
            }
            Work::Rechunk => Work::Rechunk,
            Work::Boxes(runs) => Work::Boxes(runs.clone()),
            Work::Read { source, start } => Work::Read { source: source.clone(), start: start.clone() },
            Work::Stored { name, to } => Work::Stored { name: name.clone(), to: to.clone() },
            Work::Blocked { name, function, callable } => {
                Work::Blocked { name: name.clone(), function: function.clone(), callable: callable.clone() }
            }
        };
        Node::made(work, inputs, outputs, self.space.clone(), self.built.clone())
    }

    /// Other work on the same inputs, with the same results.
    pub(crate) fn doing(&self, work: Work) -> Arc<Node> {
        Node::made(work, self.inputs.clone(), self.outputs.clone(), self.space.clone(), self.built.clone())
    }

    /// Other work of the same line of the user's, without inputs.
    pub(crate) fn with_work(&self, work: Work, outputs: Vec<Layout>) -> Arc<Node> {
        Node::made(work, vec![], outputs, self.space.clone(), self.built.clone())
    }

    /// The first line of the user's own among those that built the node, if the program has line tables.
    pub(crate) fn place(&self) -> Option<String> {
        self.built.users_line()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.work.name(), self.key)
    }
}

/// What no other process has, on whichever machine: keys of several meet in one cluster.
fn process() -> String {
    static OWN: OnceLock<u64> = OnceLock::new();
    let own = OWN.get_or_init(|| RandomState::new().hash_one(SystemTime::now()));
    // A forked process has the number of its parent.
    format!("{own:x} {}", std::process::id())
}

/// What cannot be told from its description, memory and closures, is itself only.
fn key(work: &Work, number: u64, inputs: &[Lazy], outputs: &[Layout], space: &Namespace) -> NodeKey {
    use std::fmt::Write;
    let mut text = format!("{}\n{space:?}\n", work.name());
    match work {
        Work::Blocks(_) | Work::Held(_) | Work::Made { .. } | Work::Blocked { .. } | Work::Stored { .. } => {
            let _ = writeln!(text, "{} {number}", process());
        }
        Work::Read { source, start } => {
            let own = || format!("{} {number}", process());
            let _ = writeln!(text, "{} {start}", source.identity().unwrap_or_else(own));
        }
        Work::Call { params, operands, .. } => {
            for (name, value) in params.write() {
                let _ = writeln!(text, "{name} {value}");
            }
            let _ = writeln!(text, "{operands:?}");
        }
        Work::Rechunk => {}
        Work::Boxes(runs) => {
            let _ = writeln!(text, "{runs:?}");
        }
    }
    for input in inputs {
        let _ = writeln!(text, "{} {}", input.node.key, input.output);
    }
    let mut hash = Sha256::new_with_prefix(text);
    for output in outputs {
        hash.update(output.dtype.name());
        for axis in output.chunks.axes() {
            match axis.sizes() {
                Some(sizes) => sizes.iter().for_each(|n| hash.update(n.to_le_bytes())),
                None => hash.update(axis.len().to_le_bytes()),
            }
            hash.update(b";");
        }
    }
    NodeKey::of(hash)
}

impl Drop for Node {
    /// Long chains come apart one by one: dropping them as they are nested would overflow the stack.
    fn drop(&mut self) {
        let mut rest = std::mem::take(&mut self.inputs);
        while let Some(lazy) = rest.pop() {
            if let Some(mut node) = Arc::into_inner(lazy.node) {
                rest.append(&mut node.inputs);
            }
        }
    }
}
