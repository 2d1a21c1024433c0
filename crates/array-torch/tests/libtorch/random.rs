//! Random numbers are those of every other kind, on every device: raw bits, uniforms and integers to the bit, normals within 4
//! numbers of their type.

use array_api::{
    Array, Beta, DTYPES, DType, Exponential, Gamma, Host, Integers, Namespace, Normal, Poisson, Result, Uniform,
};

use crate::devices;

/// Keys of one and of several members, none among them, made on the namespace itself.
fn keys(xp: &Namespace) -> Vec<Array> {
    let one = xp.key(2_024).unwrap();
    let three = one.split(3).unwrap();
    let table = three.fold_in(7).unwrap().split(2).unwrap();
    vec![one.clone(), three, table, one.split(0).unwrap()]
}

/// No element, one, several, and more than a thread fills at a time.
const SHAPES: [&[usize]; 4] = [&[], &[0], &[3, 5], &[40_001]];

/// The distance in numbers of the type; what is not a real number must be equal.
fn apart(here: &Host, there: &Host) -> u64 {
    // Numbers of one sign are ordered as their bits are.
    let line = |bits: i64| if bits < 0 { i64::MIN - bits } else { bits };
    let far = |a: i64, b: i64| line(a).abs_diff(line(b));
    match (here, there) {
        (Host::Float32(a), Host::Float32(b)) => {
            let wide = |x: f32| i64::from(x.to_bits() as i32);
            let short = |bits: i64| if bits < 0 { i64::from(i32::MIN) - bits } else { bits };
            a.iter().zip(b).map(|(&a, &b)| short(wide(a)).abs_diff(short(wide(b)))).max().unwrap_or(0)
        }
        (Host::Float64(a), Host::Float64(b)) => {
            a.iter().zip(b).map(|(a, b)| far(a.to_bits() as i64, b.to_bits() as i64)).max().unwrap_or(0)
        }
        _ if here == there => 0,
        _ => u64::MAX,
    }
}

/// The draw on libtorch's devices, against that in memory.
fn agrees(
    name: &str,
    within: u64,
    dtypes: &[DType],
    draw: impl Fn(&Namespace, &Array, &[usize], DType) -> Result<Array>,
) {
    let here = array_ndarray::namespace();
    for there in devices() {
        for (key, same) in keys(&here).iter().zip(&keys(&there)) {
            assert_eq!(key.to_host().unwrap(), same.to_host().unwrap(), "keys on {there}");
            for (&shape, &dtype) in SHAPES.iter().flat_map(|shape| dtypes.iter().map(move |dtype| (shape, dtype))) {
                let call = format!("{name} of {dtype} of shape {shape:?} under keys {} on {there}", key.dims());
                let [ours, theirs] = [(&here, key), (&there, same)].map(|(xp, key)| draw(xp, key, shape, dtype));
                let (ours, theirs) = (ours.unwrap(), theirs.unwrap_or_else(|e| panic!("{call}: {e}")));
                assert_eq!(theirs.namespace(), there, "{call}");
                assert_eq!((ours.dims(), ours.dtype()), (theirs.dims(), theirs.dtype()), "{call}");
                let far = apart(&ours.to_host().unwrap(), &theirs.to_host().unwrap());
                assert!(far <= within, "{call}: elements are {far} numbers of the type apart");
            }
        }
    }
}

const REAL: [DType; 2] = [DType::Float32, DType::Float64];

/// The types of counts.
fn countable(real: bool) -> Vec<DType> {
    DTYPES.into_iter().filter(|t| t.is_integer() || real && REAL.contains(t)).collect()
}

#[test]
fn bits_uniforms_and_integers_are_the_same_to_the_bit() {
    agrees("bits", 0, &[DType::UInt32, DType::UInt64], |xp, key, shape, t| xp.bits(key, (shape, t)));
    agrees("uniform", 0, &REAL, |xp, key, shape, t| xp.uniform(key, (shape, t)));
    let scaled = |shape: &[usize], t| Uniform::from((shape, t)).low(-0.3).high(1.7);
    agrees("scaled uniform", 0, &REAL, |xp, key, shape, t| xp.uniform(key, scaled(shape, t)));
    let law = |shape: &[usize], t| Integers::from((shape, t)).low(3).high(101);
    agrees("integers", 0, &countable(false), |xp, key, shape, t| xp.integers(key, law(shape, t)));
    agrees("permutation", 0, &[DType::Int64], |xp, key, shape, _| xp.permutation(key, shape.iter().product::<usize>()));
}

#[test]
fn normals_and_exponentials_are_within_four_numbers() {
    agrees("normal", 4, &REAL, |xp, key, shape, t| xp.normal(key, (shape, t)));
    let law = |shape: &[usize], t| Normal::from((shape, t)).mean(1e-3).sd(2.5);
    agrees("scaled normal", 4, &REAL, |xp, key, shape, t| xp.normal(key, law(shape, t)));
    let law = |shape: &[usize], t| Exponential::from((shape, t)).scale(0.3);
    agrees("exponential", 4, &REAL, |xp, key, shape, t| xp.exponential(key, law(shape, t)));
}

/// One portable routine draws these; of beta variates the quotients at its end are the backend's own.
#[test]
fn gamma_and_poisson_are_the_same_and_beta_within_four_numbers() {
    for alpha in [0.2, 1.0, 30.0] {
        let law = |shape: &[usize], t| Gamma::from((shape, t)).alpha(alpha).scale(1.5);
        agrees("gamma", 0, &REAL, |xp, key, shape, t| xp.gamma(key, law(shape, t)));
    }
    for rate in [0.5, 4.0, 200.0] {
        let law = |shape: &[usize], t| Poisson::from((shape, t)).rate(rate);
        agrees("poisson", 0, &countable(true), |xp, key, shape, t| xp.poisson(key, law(shape, t)));
    }
    for (a, b) in [(0.2, 0.3), (2.0, 3.0)] {
        let law = |shape: &[usize], t| Beta::from((shape, t)).a(a).b(b);
        agrees("beta", 4, &REAL, |xp, key, shape, t| xp.beta(key, law(shape, t)));
    }
}
