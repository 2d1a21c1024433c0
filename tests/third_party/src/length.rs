//! Arrays with a unit: powers of the metre, checked in every function by one handler.

use array_api::*;

/// An array of any kind, in metres to a power.
#[derive(Clone, Debug)]
pub struct Length {
    content: Array,
    power: i32,
}

/// The kind of [`Length`].
pub static LENGTH: Kind = Kind::new("length").rank(2).handled_by(checked);

impl Length {
    /// Puts an array into metres to a power.
    ///
    /// # Errors
    /// If the array is further out than units are, such as an array under differentiation.
    pub fn array(content: Array, power: i32) -> Result<Array> {
        let inside = content.clone();
        Array::wrap(Length { content, power }, LENGTH.level(), &inside)
    }

    /// The array without its unit.
    pub fn content(&self) -> &Array {
        &self.content
    }

    /// The power of the metre.
    pub fn power(&self) -> i32 {
        self.power
    }
}

impl ArrayImpl for Length {
    fn kind(&self) -> &'static Kind {
        &LENGTH
    }
    fn dims(&self) -> Dims {
        self.content.dims().clone()
    }
    fn dtype(&self) -> DType {
        self.content.dtype()
    }
    fn namespace(&self) -> Namespace {
        self.content.namespace()
    }
    fn to_host(&self) -> Result<Host> {
        self.content.to_host()
    }
}

/// The unit of the result, or why there is none.
fn unit(op: &Op, powers: &[i32]) -> Result<i32, String> {
    let same = || match powers.iter().find(|&&p| p != powers[0]) {
        Some(other) => Err(format!("m^{} and m^{other} do not go together in {}", powers[0], op.name)),
        None => Ok(powers[0]),
    };
    match (op.name, op.class) {
        ("multiply" | "matmul" | "vecdot", _) => Ok(powers.iter().sum()),
        ("divide", _) => Ok(powers[0] - powers[1]),
        ("square", _) => Ok(2 * powers[0]),
        ("sqrt", _) if powers[0] % 2 == 0 => Ok(powers[0] / 2),
        ("add" | "subtract" | "maximum" | "minimum" | "abs" | "negative" | "positive" | "stop_gradient", _)
        | ("sum" | "mean" | "max" | "min" | "std", _)
        | (_, Class::Movement | Class::Indexing) => same(),
        ("less" | "greater" | "equal", _) => same().map(|_| 0),
        (_, Class::Creation) => Ok(0),
        _ if powers.iter().all(|&p| p == 0) => Ok(0),
        _ => Err(format!("{} of m^{} has no unit", op.name, powers[0])),
    }
}

fn checked(call: &mut Call<'_, '_>) -> Handled {
    let of = |a: &Array| a.downcast_ref::<Length>().map_or(0, Length::power);
    let powers: Vec<i32> = call.args.iter().map(|o| o.array().map_or(0, of)).collect();
    let power = match unit(call.op, &powers) {
        Ok(power) => power,
        Err(why) => return decline(why),
    };
    let (op, params, verdict, namespace) = (call.op, call.params, call.verdict, call.namespace);
    let mut args = call.peel(|a| a.downcast_ref::<Length>().map(|l| &l.content));
    let inner = Call { op, params, args: &mut [], verdict, namespace };
    let outs = inner.redispatch(&mut args)?;
    Ok(if power == 0 { outs } else { outs.map(|a| Length::array(a, power))? })
}
