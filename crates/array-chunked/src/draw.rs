//! Boxes of random draws: a chunk has the numbers that the whole draw has there.

use array_api::random::{self, Key};
use array_api::{
    Array, Bits, DType, Dims, Error, Exponential, Field, Gamma, Integers, Normal, Op, Params, Poisson, Result, Uniform,
    Value, operation,
};

operation! {
    /// The box of a draw that lies at `start` and has the given extents; `law` and `settings` are the name and the parameters
    /// of the draw, `whole` its shape.
    DrawPart = draw_part(key: One) {
        law: String = String::new(), /** Names and values in turn. */ settings: Settings = Settings::default(),
        whole: Dims = Dims::SCALAR, start: Dims = Dims::SCALAR, extents: Dims = Dims::SCALAR,
        dtype: DType = DType::Float64,
    } -> Array;
    "chunks", Other,
    |_, p, _| Ok(array_api::Verdict::same(p.extents.clone(), p.dtype)),
    compose |p, call| {
        let key = array_api::rule::array(call.op, call.args, 0)?;
        let words = key.to_vec::<u32>()?;
        let keys: Vec<Key> = words.as_chunks().0.iter().map(|&words| Key(words)).collect();
        let op = Op::named(&p.law)?;
        let fields: Vec<(&str, Value)> = p.settings.0.iter().map(|(name, value)| (&name[..], value.clone())).collect();
        let params = op.read(&fields)?;
        let elements = random::part(op, &*params, &keys, &p.whole, &p.start, &p.extents)?;
        key.namespace().from_host(elements, &p.extents)
    },
    methods (trait DrawPartMethods)
}

/// Parameters of another operation, as data.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Settings(Vec<(String, Value)>);

impl Field for Settings {
    fn to_value(&self) -> Value {
        let pair = |(name, value): &(String, Value)| Value::List(vec![Value::Text(name.clone()), value.clone()]);
        Value::List(self.0.iter().map(pair).collect())
    }

    fn from_value(v: &Value) -> Result<Settings> {
        let wrong = || Error::value("settings", format!("{v} is not a list of names and values"));
        let Value::List(pairs) = v else { return Err(wrong()) };
        let pair = |p: &Value| match p {
            Value::List(both) => match &both[..] {
                [Value::Text(name), value] => Ok((name.clone(), value.clone())),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        };
        pairs.iter().map(pair).collect::<Result<_>>().map(Settings)
    }
}

/// The parameters of a part of a draw.
pub(crate) fn part(
    op: &'static Op,
    params: &dyn Params,
    whole: &Dims,
    start: Dims,
    extents: &Dims,
    dtype: DType,
) -> Result<DrawPart> {
    let any: &dyn std::any::Any = params;
    let known = any.is::<Bits>()
        || any.is::<Uniform>()
        || any.is::<Normal>()
        || any.is::<Exponential>()
        || any.is::<Integers>()
        || any.is::<Poisson>()
        || any.is::<Gamma>();
    if !known {
        return Err(Error::backend(op.name, "is none of the laws that are drawn element by element"));
    }
    let settings = params.write().into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    Ok(DrawPart {
        law: op.name.into(),
        settings: Settings(settings),
        whole: whole.clone(),
        start,
        extents: extents.clone(),
        dtype,
    })
}
