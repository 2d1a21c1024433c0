//! Sets: unique values, where each occurs first, how often, and the way back.

use array_api::{DType, Result, implements, with_element};

use crate::array::NdArray;
use crate::engine::argsort::argsort;
use crate::engine::by_type::with_real;
use crate::engine::order::Ordered;
use crate::engine::pool;
use crate::sorting::{back, sorted_keys};

/// Values are sorted, complex ones by real, then by imaginary part. 0.0 and -0.0 are one value, the first that occurs;
/// each not-a-number is a value of its own, and they come last.
#[implements(unique_all)]
fn unique_all(x: &NdArray) -> Result<[NdArray; 4]> {
    let n = x.len();
    with_element!(x.dtype(), T => {
        let all = x.to_vec::<T>().unwrap_or_default();
        let (mut values, mut indices, mut counts) = (vec![], vec![], vec![]);
        let mut inverse = vec![0_i64; n];
        let last = !<T as Ordered>::Key::default();
        let mut before = None;
        let mut order = vec![0_i64; n];
        argsort(&all, &mut order, false);
        for i in order {
            let key = all[i as usize].key();
            let nan = <T as Ordered>::NAN && key == last;
            if before != Some(key) || nan {
                before = Some(key);
                values.push(all[i as usize]);
                indices.push(i);
                counts.push(0_i64);
            }
            inverse[i as usize] = counts.len() as i64 - 1;
            if let Some(count) = counts.last_mut() {
                *count += 1;
            }
        }
        let m = values.len();
        Ok([
            NdArray::from_vec(values, &[m]),
            NdArray::from_vec(indices, &[m]),
            NdArray::from_vec(inverse, x.shape()),
            NdArray::from_vec(counts, &[m]),
        ])
    })
}

/// The same values without the way back, which takes most of the time.
#[implements(unique_values)]
fn unique_values(x: &NdArray) -> Result<NdArray> {
    if x.dtype() == DType::Bool || x.dtype().is_complex() {
        let [values, ..] = unique_all(x)?;
        return Ok(values);
    }
    with_real!("unique_values", x.dtype(), T => {
        let x = x.contiguous();
        let view = x.view::<T>();
        let all = view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default();
        let mut keys = sorted_keys(all, false);
        let last = !<T as Ordered>::Key::default();
        // Without a branch, since which keys are new cannot be foreseen.
        let (mut m, mut before) = (0, keys.first().copied());
        for i in 0..keys.len() {
            let key = keys[i];
            let again = i > 0 && before == Some(key);
            // Each not-a-number is a value of its own.
            let nan = <T as Ordered>::NAN && key == last;
            keys[m] = key;
            m += usize::from(!again | nan);
            before = Some(key);
        }
        keys.truncate(m);
        let mut values = pool::vector::<T>(m);
        values.resize(m, T::default());
        back(all, &keys, &mut values, false);
        pool::keep(keys);
        Ok(NdArray::from_vec(values, &[m]))
    })
}
