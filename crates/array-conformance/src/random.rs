//! Random rows: element by element what the protocol's laws (`array_api::random`) say for a key and a position.

use array_api::random::{self, Draw, Key};
use array_api::{DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want};
use crate::inputs::moderate;
use crate::kit::{Fields, Kit, fields};
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("key", key),
    ("split", split),
    ("fold_in", fold_in),
    ("bits", bits),
    ("uniform", uniform),
    ("normal", normal),
    ("exponential", exponential),
    ("integers", integers),
    ("poisson", poisson),
];

pub(crate) const SHAPES: [&[usize]; 4] = [&[], &[7], &[3, 5], &[2, 0]];

/// Keys as an array of these extents and two words on the last axis.
pub(crate) fn keys(dims: &[usize]) -> (Reference, Vec<Key>) {
    let n: usize = dims.iter().product();
    let keys: Vec<Key> = (0..n as u64).map(|i| Key::new(1_234_567_890_123 + 77 * i).child(i)).collect();
    (words(&[dims, &[2]].concat(), &keys), keys)
}

fn words(dims: &[usize], keys: &[Key]) -> Reference {
    Reference::new(DType::UInt32, dims, keys.iter().flat_map(|k| k.0).map(Scalar::from).collect())
}

fn key(kit: &mut Kit) {
    for seed in [0u64, 1, 42, u64::from(u32::MAX) + 7, u64::MAX] {
        kit.gives_one(fields![seed = seed], &[], words(&[2], &[Key::new(seed)]));
    }
}

/// What is no key is refused.
pub(crate) fn bad_keys(kit: &mut Kit, fields: Fields<'_>) {
    for x in [moderate(DType::Int64, &[2], 1), moderate(DType::UInt32, &[3], 1), moderate(DType::UInt32, &[], 1)] {
        kit.refuses(fields, &[x.into()], ErrorKind::Value);
    }
}

fn split(kit: &mut Kit) {
    for batch in [&[][..], &[3], &[2, 2], &[0]] {
        for n in [0usize, 1, 2, 5] {
            let (given, all) = keys(batch);
            let children: Vec<Key> = all.iter().flat_map(|k| (0..n as u64).map(|i| k.child(i))).collect();
            kit.gives_one(fields![n = n], &[given.into()], words(&[batch, &[n, 2]].concat(), &children));
        }
    }
    bad_keys(kit, &[]);
}

fn fold_in(kit: &mut Kit) {
    let (given, all) = keys(&[3]);
    let one: Vec<Key> = all.iter().map(|k| k.fold_in(9)).collect();
    kit.gives_one(&[], &[(&given).into(), Scalar::int(9).into()], words(&[3, 2], &one));
    for dtype in DTYPES.into_iter().filter(|d| d.is_integer()) {
        let data = Reference::new(dtype, &[2, 1], [5, 100].map(Scalar::int).to_vec());
        let folded: Vec<Key> = [5, 100].iter().flat_map(|&d| all.iter().map(move |k| k.fold_in(d))).collect();
        kit.gives_one(&[], &[(&given).into(), data.into()], words(&[2, 3, 2], &folded));
    }
    kit.refuses(&[], &[(&given).into(), Scalar::int(-1).into()], ErrorKind::Value);
    kit.refuses(&[], &[(&given).into(), Reference::ints(&[1], &[-1]).into()], ErrorKind::Value);
    kit.refuses(&[], &[given.into(), moderate(DType::Float64, &[3], 1).into()], ErrorKind::DType);
}

/// Element `i` of the draw under each key, for keys of several extents.
pub(crate) fn drawn(kit: &mut Kit, dtype: DType, more: Fields<'_>, close: Close, element: impl Fn(Key, u64) -> Scalar) {
    for batch in [&[][..], &[2], &[0]] {
        let (given, all) = keys(batch);
        for shape in SHAPES {
            let n: usize = shape.iter().product();
            let data = all.iter().flat_map(|&k| (0..n as u64).map(move |i| (k, i))).map(|(k, i)| element(k, i));
            let data: Vec<Option<Scalar>> = data.map(|s| rounded(dtype, s)).collect();
            let want = Want { dims: [batch, shape].concat(), dtype, data, close: close.clone() };
            let mut fields = fields![shape = shape.to_vec(), dtype = dtype].to_vec();
            fields.extend_from_slice(more);
            kit.gives_one(&fields, &[(&given).into()], want);
        }
    }
    bad_keys(kit, more);
}

fn bits(kit: &mut Kit) {
    drawn(kit, DType::UInt32, &[], Close::Exact, |k, i| {
        let word: u32 = random::Bits.element(k, i);
        word.into()
    });
    drawn(kit, DType::UInt64, &[], Close::Exact, |k, i| {
        let word: u64 = random::Bits.element(k, i);
        word.into()
    });
    kit.refuses(fields![dtype = DType::Int32], &[keys(&[]).0.into()], ErrorKind::DType);
}

/// A real law in both precisions, and scaled: one multiplication and one addition.
fn reals<L: Draw<f32> + Draw<f64>>(kit: &mut Kit, law: L, scaled: Fields<'_>, factor: f64, term: f64) {
    for (more, factor, term, close) in [(&[][..], 1.0, 0.0, Close::Exact), (scaled, factor, term, Close::AnyZero(4.0))]
    {
        drawn(kit, DType::Float32, more, close.clone(), |k, i| {
            let x: f32 = law.element(k, i);
            (x * factor as f32 + term as f32).into()
        });
        drawn(kit, DType::Float64, more, close, |k, i| {
            let x: f64 = law.element(k, i);
            (x * factor + term).into()
        });
    }
    kit.refuses(fields![dtype = DType::Int64], &[keys(&[]).0.into()], ErrorKind::DType);
}

fn uniform(kit: &mut Kit) {
    reals(kit, random::Uniform, fields![low = -2.0, high = 3.0], 5.0, -2.0);
    kit.refuses(fields![low = 1.0, high = 1.0], &[keys(&[]).0.into()], ErrorKind::Value);
    kit.refuses(fields![high = f64::INFINITY], &[keys(&[]).0.into()], ErrorKind::Value);
}

fn normal(kit: &mut Kit) {
    reals(kit, random::Normal, fields![sd = 2.5], 2.5, 0.0);
    kit.refuses(fields![sd = -1.0], &[keys(&[]).0.into()], ErrorKind::Value);
}

fn exponential(kit: &mut Kit) {
    reals(kit, random::Exponential, fields![scale = 0.3], 0.3, 0.0);
    kit.refuses(fields![scale = f64::NAN], &[keys(&[]).0.into()], ErrorKind::Value);
}

fn integers(kit: &mut Kit) {
    for dtype in DTYPES.into_iter().filter(|d| d.is_integer()) {
        if let Ok(law) = random::Integers::new(3, 100) {
            drawn(kit, dtype, fields![low = 3isize, high = 100isize], Close::Exact, |k, i| {
                let x: i64 = law.element(k, i);
                x.into()
            });
        }
    }
    let (low, high) = (3isize, 3isize);
    kit.refuses(fields![low = low, high = high], &[keys(&[]).0.into()], ErrorKind::Value);
    kit.refuses(fields![high = 1000isize, dtype = DType::Int8], &[keys(&[]).0.into()], ErrorKind::Value);
    kit.refuses(fields![dtype = DType::Float64], &[keys(&[]).0.into()], ErrorKind::DType);
}

fn poisson(kit: &mut Kit) {
    for dtype in [DType::Int64, DType::UInt16, DType::Int32, DType::Float64, DType::Float32] {
        for rate in [0.0, 0.5, 4.0, 200.0] {
            if let Ok(law) = random::Poisson::new(rate) {
                drawn(kit, dtype, fields![rate = rate], Close::Exact, |k, i| {
                    let x: i64 = law.element(k, i);
                    x.into()
                });
            }
        }
    }
    kit.refuses(fields![rate = -1.0], &[keys(&[]).0.into()], ErrorKind::Value);
    kit.refuses(fields![dtype = DType::Bool], &[keys(&[]).0.into()], ErrorKind::DType);
}
