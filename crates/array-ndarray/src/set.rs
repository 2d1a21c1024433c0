//! Sets: unique values, where each occurs first, how often, and the way back.

use array_api::{DType, Result, implements, with_element};

use crate::array::{NdArray, NdElement};
use crate::engine::argsort::argsort;
use crate::engine::by_type::with_real;
use crate::engine::order::{Digits, Keyed, Ordered};
use crate::engine::pool;
use crate::sorting::{back, sorted_keys};

/// Values are sorted, complex ones by real, then by imaginary part. 0.0 and -0.0 are one value, the first that occurs;
/// each not-a-number is a value of its own, and they come last.
#[implements(unique_all)]
fn unique_all(x: &NdArray) -> Result<[NdArray; 4]> {
    let contiguous = x.contiguous();
    with_element!(x.dtype(), T => {
        let view = contiguous.view::<T>();
        let all = view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default();
        let n = all.len();
        let mut order = pool::cleared::<i64>(n);
        argsort(all, &mut order, false);
        let (mut values, mut indices) = (pool::cleared::<T>(n), pool::cleared::<i64>(n));
        let (mut starts, mut inverse) = (pool::cleared::<i64>(n), pool::cleared::<i64>(n));
        let (mut m, mut before) = (0, None);
        // Without a branch, since which values are new cannot be foreseen.
        for (j, &i) in order.iter().enumerate() {
            let value = all[i as usize];
            let key = value.key();
            (values[m], indices[m], starts[m]) = (value, i, j as i64);
            m += usize::from(is_new::<T>(before, key));
            inverse[i as usize] = m as i64 - 1;
            before = Some(key);
        }
        pool::keep(order);
        Ok([
            first(values, m),
            first(indices, m),
            NdArray::from_vec(inverse, x.shape()),
            first(counted(starts, m, n), m),
        ])
    })
}

/// Whether a key is another value than the one before it in order.
#[inline(always)]
fn is_new<T: Ordered>(before: Option<T::Key>, key: T::Key) -> bool {
    // Each not-a-number is a value of its own.
    (before != Some(key)) | (T::NAN & (key == !T::Key::default()))
}

/// How often values occur in order, from where each begins.
fn counted(mut starts: Vec<i64>, m: usize, n: usize) -> Vec<i64> {
    for i in 0..m {
        starts[i] = starts.get(i + 1).filter(|_| i + 1 < m).map_or(n as i64, |&next| next) - starts[i];
    }
    starts
}

/// The first elements of a vector that has room for more.
fn first<T: NdElement>(mut all: Vec<T>, m: usize) -> NdArray {
    if all.len() == m {
        return NdArray::from_vec(all, &[m]);
    }
    let mut some = pool::vector::<T>(m);
    some.extend_from_slice(&all[..m]);
    all.clear();
    pool::keep(all);
    NdArray::from_vec(some, &[m])
}

/// The same values without the way back, which takes most of the time.
#[implements(unique_values)]
fn unique_values(x: &NdArray) -> Result<NdArray> {
    let [values, _] = counts(x, false)?;
    Ok(values)
}

#[implements(unique_counts)]
fn unique_counts(x: &NdArray) -> Result<[NdArray; 2]> {
    counts(x, true)
}

/// Unique values, and how often each occurs if that is `wanted`.
fn counts(x: &NdArray, wanted: bool) -> Result<[NdArray; 2]> {
    if x.dtype().is_complex() {
        let [values, _, _, counts] = unique_all(x)?;
        return Ok([values, counts]);
    }
    let x = x.contiguous();
    if x.dtype() == DType::Bool {
        return Ok(by_byte(x.view::<bool>().as_ref().and_then(|v| v.as_slice()).unwrap_or_default()));
    }
    with_real!("unique_values", x.dtype(), T => {
        let view = x.view::<T>();
        let all = view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default();
        Ok(if size_of::<T>() == 1 { by_byte(all) } else { by_keys(all, wanted) })
    })
}

/// Values of one byte are counted by their keys.
fn by_byte<T: Ordered>(all: &[T]) -> [NdArray; 2] {
    // Of neighbours that are equal, one count need not wait for the other.
    let mut counts = [[0_i64; 256]; 4];
    let mut values = [T::default(); 256];
    for fours in all.chunks(4) {
        for (&value, counts) in fours.iter().zip(&mut counts) {
            let place = value.key().digit(0);
            values[place] = value;
            counts[place] += 1;
        }
    }
    let total = |place: usize| counts.iter().map(|counts| counts[place]).sum::<i64>();
    let present: Vec<usize> = (0..256).filter(|&place| total(place) > 0).collect();
    let values: Vec<T> = present.iter().map(|&place| values[place]).collect();
    let counts: Vec<i64> = present.iter().map(|&place| total(place)).collect();
    let m = present.len();
    [NdArray::from_vec(values, &[m]), NdArray::from_vec(counts, &[m])]
}

/// Keys in order are compared to the ones before.
fn by_keys<T: Keyed>(all: &[T], wanted: bool) -> [NdArray; 2] {
    let mut keys = sorted_keys(all, false);
    let n = keys.len();
    let mut starts = pool::cleared::<i64>(if wanted { n } else { 0 });
    let (mut m, mut before) = (0, None);
    // Without a branch, since which keys are new cannot be foreseen. A new one is kept where it is met, or further ahead.
    for i in 0..n {
        let key = keys[i];
        keys[m] = key;
        if wanted {
            starts[m] = i as i64;
        }
        m += usize::from(is_new::<T>(before, key));
        before = Some(key);
    }
    keys.truncate(m);
    let mut values = pool::cleared::<T>(m);
    back(all, &keys, &mut values, false);
    pool::keep(keys);
    let values = NdArray::from_vec(values, &[m]);
    [values, if wanted { first(counted(starts, m, n), m) } else { first(starts, 0) }]
}
