//! `check_grads`: derivatives held against differences and against each other.

use array_api::random::{Domain, Key};
use array_api::{Array, Complex, Dims, Error, Host, Result, Scalar, Tree, add, astype, multiply};

use crate::derivative::differentiable;
use crate::forward::jvp;
use crate::reverse::vjp;

/// What [`check_grads`] does: the order of the derivatives, the modes, the step and the tolerances.
///
/// ```
/// use array_transforms::CheckGrads;
/// let options = CheckGrads::order(2).forward_only();
/// assert!(!options.reverse);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CheckGrads {
    /// The highest order of derivative; 2 checks each mode over each.
    pub order: usize,
    /// Forward mode against central differences.
    pub forward: bool,
    /// Reverse mode against forward mode.
    pub reverse: bool,
    /// Half the distance of the nearer two of the four points that a difference is made of.
    pub step: f64,
    /// Allowed difference to central differences, relative to the larger of 1 and the numbers compared.
    pub difference: f64,
    /// Allowed difference between reverse and forward mode, relative to the larger of 1 and the numbers compared.
    pub adjoint: f64,
    /// The seed of the random directions.
    pub seed: u64,
}

impl Default for CheckGrads {
    /// Order 2, both modes, and steps and tolerances for `float64` and `complex128`.
    fn default() -> CheckGrads {
        // The difference's error is about step^4 f''''' / 30 + 1e-16 / step: 1e-12 for functions of ordinary size.
        CheckGrads { order: 2, forward: true, reverse: true, step: 1e-3, difference: 1e-7, adjoint: 1e-10, seed: 0 }
    }
}

impl CheckGrads {
    /// Derivatives up to this order.
    pub fn order(order: usize) -> CheckGrads {
        CheckGrads { order, ..CheckGrads::default() }
    }

    /// Steps and tolerances for `float32` and `complex64`.
    pub fn single(self) -> CheckGrads {
        CheckGrads { step: 3e-2, difference: 2e-2, adjoint: 1e-4, ..self }
    }

    /// Forward mode only, for functions that cannot be walked backward.
    pub fn forward_only(self) -> CheckGrads {
        CheckGrads { reverse: false, ..self }
    }

    /// Reverse mode only. It is held against forward mode, whose differences are then not taken.
    pub fn reverse_only(self) -> CheckGrads {
        CheckGrads { forward: false, ..self }
    }
}

type Arrays = Vec<Array>;
type Function<'f> = &'f dyn Fn(&Arrays) -> Result<Arrays>;

/// Checks the derivatives of a function at a point, in random directions from a fixed key.
///
/// Forward mode is held against central differences of the function; reverse mode against forward mode by the identity
/// `Re<ct, jvp(v)> = Re<vjp(ct), v>`. For higher orders the same is done with the derivative functions themselves, so that
/// order 2 checks forward over forward, reverse over forward, forward over reverse and reverse over reverse. Results that
/// are not floating (positions, truth values) are left out. Complex numbers follow the convention of
/// [`derivative`](crate::derivative).
///
/// # Errors
/// Where two numbers differ by more than the tolerance: names the order and modes, the leaf of the argument or result, and
/// shows both numbers. Also the function's own errors, leaves that are not floating, and a function whose results are all
/// not floating.
///
/// ```
/// use array_api::Array;
/// use array_transforms::{CheckGrads, check_grads};
/// let xp = array_ndarray::namespace();
/// let x = xp.asarray([0.5, 1.0, 2.0])?;
/// check_grads(|x: &Array| x.log(), &x, CheckGrads::order(3))?;
///
/// // The derivative of a function with a stopped part is not that of its values.
/// let wrong = |x: &Array| (x * x.stop_gradient()?).ok();
/// let message = check_grads(wrong, &x, CheckGrads::order(1)).unwrap_err().to_string();
/// assert!(message.contains("central differences"));
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn check_grads<T: Tree, O: Tree>(f: impl Fn(&T) -> Result<O>, x: &T, options: CheckGrads) -> Result<()> {
    let names: Vec<String> = x.named_leaves().into_iter().map(|(name, _)| name).collect();
    let flat = |leaves: &Arrays| -> Result<Arrays> {
        let y = f(&x.with_leaves(leaves.iter().cloned())?)?;
        Ok(y.leaves().into_iter().filter(|y| differentiable(y.dtype())).cloned().collect())
    };
    let leaves: Arrays = x.leaves().into_iter().cloned().collect();
    for (name, leaf) in names.iter().zip(&leaves) {
        if !differentiable(leaf.dtype()) {
            let message = format!("leaf `{name}` has type {}; capture what has no derivative", leaf.dtype());
            return Err(Error::dtype("check_grads", message));
        }
    }
    Check { options: &options, names: &names }.run(
        &flat,
        &leaves,
        options.order,
        "the function",
        Key::new(options.seed),
    )
}

struct Check<'c> {
    options: &'c CheckGrads,
    names: &'c [String],
}

impl Check<'_> {
    fn run(&self, f: Function<'_>, x: &Arrays, order: usize, what: &str, key: Key) -> Result<()> {
        if order == 0 {
            return Ok(());
        }
        let v = directions(x, key.child(0))?;
        let (y, dy) = jvp(f, x, &v)?;
        if y.is_empty() {
            return Err(Error::transform("check_grads", "no result of the function is floating"));
        }
        if self.options.forward {
            self.against_differences(f, x, &v, &dy, what)?;
        }
        let ct = directions(&y, key.child(1))?;
        if self.options.reverse {
            self.against_forward(f, x, &v, &dy, &ct, what)?;
        }
        if self.options.forward {
            let forward = |x: &Arrays| Ok(jvp(f, x, &v)?.1);
            self.run(&forward, x, order - 1, &format!("the forward derivative of {what}"), key.child(2))?;
        }
        if self.options.reverse {
            let reverse = |x: &Arrays| vjp(f, x)?.1.apply(&ct);
            self.run(&reverse, x, order - 1, &format!("the reverse derivative of {what}"), key.child(3))?;
        }
        Ok(())
    }

    /// Central differences of fourth order.
    fn against_differences(&self, f: Function<'_>, x: &Arrays, v: &Arrays, dy: &Arrays, what: &str) -> Result<()> {
        let h = self.options.step;
        let value = |t: f64| -> Result<Vec<Vec<Complex<f64>>>> {
            let moved: Arrays = x.iter().zip(v).map(|(x, v)| add(x, multiply(v, t)?)).collect::<Result<_>>()?;
            f(&moved)?.iter().map(numbers).collect()
        };
        let points = [value(-2.0 * h)?, value(-h)?, value(h)?, value(2.0 * h)?];
        for (k, dy) in dy.iter().enumerate() {
            for (i, &got) in numbers(dy)?.iter().enumerate() {
                let at = |p: usize| points[p][k][i];
                let expected = ((at(2) - at(1)) * 8.0 - (at(3) - at(0))) / (12.0 * h);
                let size = got.norm().max(expected.norm()).max(1.0);
                let off = (got - expected).norm();
                if off.is_nan() || off > self.options.difference * size {
                    return Err(Error::transform(
                        "check_grads",
                        format!(
                            "element {i} of result {k} of {what}: forward mode gives {}, central differences {}",
                            shown(got),
                            shown(expected)
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    /// The adjoint identity, once for all leaves together and, where that fails, for each.
    fn against_forward(
        &self,
        f: Function<'_>,
        x: &Arrays,
        v: &Arrays,
        dy: &Arrays,
        ct: &Arrays,
        what: &str,
    ) -> Result<()> {
        let g = vjp(f, x)?.1.apply(ct)?;
        let (forward, reverse) = (product(ct, dy)?, product(&g, v)?);
        if self.agree(forward, reverse) {
            return Ok(());
        }
        let mut message =
            format!("{what}: reverse mode gives <vjp(ct), v> = {reverse:?}, forward mode <ct, jvp(v)> = {forward:?}");
        for (k, name) in self.names.iter().enumerate() {
            let only =
                v.iter().enumerate().map(|(i, v)| multiply(v, f64::from(u8::from(i == k)))).collect::<Result<_>>()?;
            let (forward, reverse) = (product(ct, &jvp(f, x, &only)?.1)?, product(&g, &only)?);
            if !self.agree(forward, reverse) {
                message.push_str(&format!("; leaf `{name}` alone: {reverse:?} and {forward:?}"));
            }
        }
        Err(Error::transform("check_grads", message))
    }

    fn agree(&self, a: f64, b: f64) -> bool {
        (a - b).abs() <= self.options.adjoint * a.abs().max(b.abs()).max(1.0)
    }
}

/// The elements as complex numbers.
fn numbers(x: &Array) -> Result<Vec<Complex<f64>>> {
    let host = x.to_host()?;
    Ok((0..host.len()).filter_map(|i| host.get(i)).map(Scalar::to_complex).collect())
}

fn shown(z: Complex<f64>) -> String {
    if z.im == 0.0 { format!("{:?}", z.re) } else { format!("{z}") }
}

/// `Re(sum(conj(a) * b))` over all leaves.
fn product(a: &Arrays, b: &Arrays) -> Result<f64> {
    let mut sum = 0.0;
    for (a, b) in a.iter().zip(b) {
        sum += numbers(a)?.iter().zip(numbers(b)?).map(|(a, b)| a.re * b.re + a.im * b.im).sum::<f64>();
    }
    Ok(sum)
}

/// Random arrays between -1 and 1 like those given. Drawn here, so that no backend's generator is needed.
fn directions(like: &Arrays, key: Key) -> Result<Arrays> {
    let one = |(i, x): (usize, &Array)| -> Result<Array> {
        let key = key.child(i as u64);
        let n = x.size()?;
        let draw = |i: usize| f64::from(key.block(Domain::Bits32, i as u64, 0)[0]) / f64::from(u32::MAX) * 2.0 - 1.0;
        let host: Host = match x.dtype().is_complex() {
            true => (0..n).map(|i| Complex::new(draw(2 * i), draw(2 * i + 1))).collect::<Vec<_>>().into(),
            false => (0..n).map(draw).collect::<Vec<_>>().into(),
        };
        astype(x.namespace().from_host(host, Dims::new(x.shape()?))?, x.dtype())
    };
    like.iter().enumerate().map(one).collect()
}
