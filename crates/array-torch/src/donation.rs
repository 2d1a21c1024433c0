//! Donated arrays: elementwise results may take an operand's place where nobody can tell.
//!
//! libtorch counts who holds a tensor, and how many tensors are on a storage: clones of an array, views, and what a user or
//! Python made of its tensor. Where both counts are one, and a kernel of this crate had libtorch make the storage, the array
//! that was given away is the only way to the elements, and they may be overwritten. What a user brought in never is, since
//! its memory may be known elsewhere.
//!
//! The result goes through libtorch's form with an output, operands in their order: the same loops on the same numbers.

use array_api::{Arg, Result, Verdict};
use tch::{TchError, Tensor};

use crate::array::{TorchArray, ruled};
use crate::elementwise::{lent, on_one_device, place};
use crate::kind::together;

type Outcome = std::result::Result<Tensor, TchError>;
pub(crate) type Unary = fn(&Tensor) -> Outcome;
/// The operand, then where the result goes.
pub(crate) type UnaryInto = fn(&Tensor, &Tensor) -> Outcome;
pub(crate) type Binary = fn(&Tensor, &Tensor) -> Outcome;
/// The first operand, where the result goes, and the second operand.
pub(crate) type BinaryInto = fn(&Tensor, &Tensor, &Tensor) -> Outcome;

/// Whether the operand may hold the result. Complex products have other last bits in other orders of memory, which an
/// output of its own may have.
fn takes(x: &mut Arg<'_, TorchArray>, verdict: &Verdict) -> bool {
    match x {
        Arg::Own(x) => {
            x.dtype() == verdict.dtype() && !x.dtype().is_complex() && x.has_dims(verdict.dims()) && x.is_sole()
        }
        _ => false,
    }
}

/// A row of one array whose result `new` never shares with it.
pub(crate) fn one(
    op: &str,
    mut x: Arg<'_, TorchArray>,
    verdict: &Verdict,
    (new, into): (Unary, UnaryInto),
) -> Result<TorchArray> {
    if let Arg::Ref(a) = &x {
        return ruled(op, new(a.tensor()), verdict, a.device()).map(TorchArray::fresh);
    }
    let device = place(&x, &x);
    if takes(&mut x, verdict) {
        let done = into(&*lent(&x)?, &*lent(&x)?);
        return match (done, x) {
            (Ok(_), Arg::Own(x)) => Ok(x),
            (done, _) => ruled(op, done, verdict, device),
        };
    }
    ruled(op, new(&*lent(&x)?), verdict, device).map(TorchArray::fresh)
}

/// A row of two arrays whose result `new` never shares with them.
#[inline]
pub(crate) fn two(
    op: &str,
    mut x1: Arg<'_, TorchArray>,
    mut x2: Arg<'_, TorchArray>,
    verdict: &Verdict,
    (new, into): (Binary, BinaryInto),
) -> Result<TorchArray> {
    if let (Arg::Ref(a), Arg::Ref(b)) = (&x1, &x2) {
        // Nothing is given away; what donations need would take as long as the rest of the call.
        together(op, a, b)?;
        return ruled(op, new(a.tensor(), b.tensor()), verdict, a.device()).map(TorchArray::fresh);
    }
    on_one_device(op, &x1, &x2)?;
    let device = place(&x1, &x2);
    let first = takes(&mut x1, verdict);
    let second = !first && takes(&mut x2, verdict);
    let done = {
        let (a, b) = (lent(&x1)?, lent(&x2)?);
        match (first, second) {
            (true, _) => into(&a, &a, &b),
            (_, true) => into(&a, &b, &b),
            _ => new(&a, &b),
        }
    };
    match (done, x1, x2) {
        (Ok(_), Arg::Own(x), _) if first => Ok(x),
        (Ok(_), _, Arg::Own(x)) if second => Ok(x),
        (done, ..) => ruled(op, done, verdict, device).map(TorchArray::fresh),
    }
}

#[cfg(test)]
mod tests {
    use crate::TorchArray;
    use array_api::{
        Args, Array, Class, DTYPES, DType, Operand, Result, add, astype, at, exp, index, multiply, operations,
    };

    const N: usize = 10_000;

    fn ones() -> Array {
        add(crate::namespace().zeros([N]).unwrap(), 1.0).unwrap()
    }

    /// Where the elements lie.
    fn place(x: &Array) -> usize {
        x.downcast_ref::<TorchArray>().unwrap().tensor().data_ptr() as usize
    }

    fn all(x: &Array, value: f64) {
        assert_eq!(x.to_vec::<f64>().unwrap(), vec![value; N]);
    }

    #[test]
    fn what_nobody_else_holds_is_overwritten() {
        let x = ones();
        let at = place(&x);
        let y = multiply(x, 3.0).unwrap();
        assert_eq!(place(&y), at);
        let y = array_api::subtract(10.0, y).unwrap();
        assert_eq!(place(&y), at);
        let other = ones();
        let y = multiply(&other, y).unwrap();
        assert_eq!(place(&y), at);
        all(&exp(y).unwrap(), 7.0_f64.exp());
        all(&other, 1.0);
    }

    #[test]
    fn what_somebody_else_holds_is_not() {
        let first = |x: Array| at(x, index![..N as isize]).unwrap();
        let ways: [fn(&Array) -> Array; 7] = [
            |x| x.clone(),
            |x| x.reshape([N as isize / 10, 10]).unwrap().reshape([N as isize]).unwrap(),
            |x| Array::new(x.downcast_ref::<TorchArray>().unwrap().clone()),
            |x| {
                let tensor = x.downcast_ref::<TorchArray>().unwrap().tensor().shallow_clone();
                Array::new(TorchArray::new(tensor, x.dtype()).unwrap())
            },
            |x| array_api::real(x).unwrap(),
            |x| array_api::positive(x).unwrap(),
            |x| array_api::stop_gradient(x).unwrap(),
        ];
        for way in ways {
            let x = ones();
            let kept = way(&x);
            all(&add(x, 1.0).unwrap(), 2.0);
            all(&kept, 1.0);
            // Of a view that is donated, the base stays.
            let x = ones();
            let view = first(way(&x));
            all(&exp(view).unwrap(), 1.0_f64.exp());
            all(&x, 1.0);
            // An operand twice.
            let x = ones();
            let again = way(&x);
            all(&add(x, again).unwrap(), 2.0);
        }
    }

    #[test]
    fn a_borrowed_operand_and_another_type_or_shape_stay() {
        let x = ones();
        let at = place(&x);
        all(&exp(&x).unwrap(), 1.0_f64.exp());
        all(&x, 1.0);
        let whole = array_api::less(x, 2.0).unwrap();
        assert_ne!(place(&whole), at);
        let row = ones().reshape([1, N as isize]).unwrap();
        let wide = add(row, crate::namespace().ones([3, 1]).unwrap()).unwrap();
        assert_eq!(wide.shape().unwrap(), [3, N]);
    }

    /// Row-major, or with the axes of its memory turned where the type has sums; the same numbers either way.
    fn operand(i: isize, dtype: DType, turned: bool) -> Option<Array> {
        let xp = crate::namespace();
        let drawn = xp.normal(xp.key(8).unwrap().split(2).unwrap().at(i).unwrap(), ([20, 30], DType::Float64)).unwrap();
        let drawn = astype((drawn * 3.0).ok().unwrap(), dtype).unwrap();
        if !turned {
            return xp.from_host(drawn.to_host().unwrap(), [20, 30]).ok();
        }
        let copy = drawn.matrix_transpose().unwrap().to_host().unwrap();
        add(xp.from_host(copy, [30, 20]).unwrap().matrix_transpose().unwrap(), 0).ok()
    }

    #[test]
    fn results_are_those_of_borrowed_operands() {
        let mut taken = 0;
        for op in operations().filter(|op| op.class == Class::Elementwise && op.args.len() <= 2) {
            for (dtype, turned) in DTYPES.into_iter().flat_map(|t| [(t, [false, false]), (t, [true, false])]) {
                let all: Option<Vec<Array>> =
                    (0..op.args.len()).map(|i| operand(i as isize, dtype, turned[i])).collect();
                let Some(all) = all else { continue };
                let call = |args: &mut Args<'_>| op.apply(&*op.read(&[])?, args, None);
                let Ok(due) = call(&mut all.iter().map(Operand::Ref).collect()) else { continue };
                for donated in 0..all.len() {
                    let Some(mine) = operand(donated as isize, dtype, turned[donated]) else { continue };
                    let at = place(&mine);
                    let mut args: Args<'_> = all.iter().map(Operand::Ref).collect();
                    args[donated] = Operand::Own(mine);
                    let found = call(&mut args).unwrap();
                    let (found, due) = (&found.as_slice()[0], &due.as_slice()[0]);
                    let text = |x: &Array| format!("{:?}", x.to_host().unwrap());
                    assert_eq!(text(found), text(due), "{} of {dtype}, operand {donated} donated", op.name);
                    taken += usize::from(place(found) == at);
                }
            }
        }
        assert!(taken > 200, "{taken} results went over an operand");
    }

    #[test]
    fn the_last_of_many_threads_may_take_it() -> Result<()> {
        for _ in 0..200 {
            let x = ones();
            std::thread::scope(|s| {
                for i in 0..4 {
                    let mine = x.clone();
                    s.spawn(move || all(&multiply(mine, f64::from(i)).unwrap(), f64::from(i)));
                }
            });
            let at = place(&x);
            let y = add(x, 1.0)?;
            assert_eq!(place(&y), at);
            all(&y, 2.0);
        }
        Ok(())
    }
}
