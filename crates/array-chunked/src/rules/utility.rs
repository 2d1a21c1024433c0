//! Where arrays live: other chunks, another kind of chunks, or one array in memory.

use array_api::{Array, Call, Convert, Error, Exit, Namespace, Outs, Result, ToDevice};

use super::Rule;
use crate::array::{ChunkedArray, of};
use crate::kind::{CHUNKED, space};
use crate::node::{Lazy, Node, Slot, Work};

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    match name {
        "convert" => Some(Rule::Rewrite(convert)),
        "to_device" => Some(Rule::Rewrite(to_device)),
        _ => None,
    }
}

/// To other chunked arrays without computing; to one array of data, which asks for the values by name.
fn convert(call: &mut Call<'_, '_>) -> Result<Outs, Exit> {
    let Some(to) = call.params::<Convert>()?.to.clone() else {
        return Err(Error::value(call.op.name, "needs the namespace to convert to").into());
    };
    let x = array_api::rule::array(call.op, call.args, 0)?;
    if std::ptr::eq(to.kind(), &CHUNKED) {
        // Data beside an array of chunks, and chunks elsewhere.
        let x = if x.downcast_ref::<ChunkedArray>().is_some() {
            x.clone()
        } else {
            crate::from_array(x, crate::ChunkSpec::default())?
        };
        return Ok(Outs::One(moved(of(call.op.name, &x)?, space(&to)?)?));
    }
    Ok(Outs::One(array_api::convert(crate::compute(x)?, &to)?))
}

fn to_device(call: &mut Call<'_, '_>) -> Result<Outs, Exit> {
    let device = call.params::<ToDevice>()?.device;
    let x = of(call.op.name, array_api::rule::array(call.op, call.args, 0)?)?;
    Ok(Outs::One(moved(x, x.node.space.clone().on(device))?))
}

/// The same array with its chunks in another namespace.
fn moved(x: &Lazy, to: Namespace) -> Result<Array> {
    let here = &x.node.space;
    if *here == to {
        return Ok(Array::new(ChunkedArray::new(x.clone())));
    }
    let layout = x.layout().clone();
    let same = std::ptr::eq(here.kind(), to.kind()) && here.device() == to.device();
    let work = if same {
        // Only what new arrays beside it are made like is another.
        Work::Rechunk
    } else {
        let plain = Namespace::new(to.kind()).on(to.device());
        Work::Call {
            op: <Convert as array_api::Operation>::OP,
            params: Box::new(Convert { to: Some(plain) }),
            operands: vec![Slot::Input(0)],
            emit: super::elementwise::EMIT,
        }
    };
    let node = Node::new(work, vec![x.clone()], vec![layout], to);
    Ok(Array::new(ChunkedArray::new(Lazy { node, output: 0 })))
}
