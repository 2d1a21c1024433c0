//! Elementwise calls in one pass against the same calls one by one: the same bits, whatever the layouts.

use array_api::{
    Abs, Add, Args, Array, At, Clip, DType, Divide, Elu, Exp, Greater, Index, Less, Link, LogicalAnd, LogicalNot,
    Maximum, Multiply, Operand, Operation, Outs, Params, Pow, Result, Scalar, Sin, Sinh, Sqrt, Step, Subtract, Tanh,
    Where, chain,
};
use proptest::prelude::*;

/// The last call's result, call by call.
fn one_by_one(steps: &[Step<'_>], inputs: &[Array]) -> Result<Array> {
    let mut values: Vec<Array> = vec![];
    for step in steps {
        let operand = |link: &Link| match *link {
            Link::Input(i) => Operand::Own(inputs[i].clone()),
            Link::Step(s) => Operand::Own(values[s].clone()),
            Link::Scalar(s) => Operand::Scalar(s),
            Link::Absent => Operand::Absent,
        };
        let mut operands: Args<'_> = step.operands.iter().map(operand).collect();
        match step.op.apply(step.params, &mut operands, None)? {
            Outs::One(value) => values.push(value),
            Outs::Many(_) => unreachable!("elementwise functions have one result"),
        }
    }
    Ok(values.pop().expect("at least one call"))
}

fn step<'p>(op: &'static array_api::Op, params: &'p dyn Params, operands: &[Link]) -> Step<'p> {
    Step { op, params, operands: operands.iter().copied().collect() }
}

/// A sequence of choices.
struct Choices(u64);

impl Choices {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// Numbers of both signs, some of them special, in a layout that `c` chooses, some axes narrowed to one.
fn operand(c: &mut Choices, shape: &[usize], dtype: DType) -> Array {
    let xp = array_ndarray::namespace();
    let narrowed: Vec<usize> = shape.iter().map(|&n| if c.below(4) == 0 { 1 } else { n }).collect();
    let stored: Vec<usize> = narrowed.iter().rev().map(|n| n * 2).collect();
    let special = [f64::NAN, f64::INFINITY, -0.0, 0.0, 1e-310];
    let values: Vec<f64> = (0..stored.iter().product())
        .map(|_| match c.below(12) {
            0 => special[c.below(5)],
            _ => c.below(4000) as f64 / 1000.0 - 2.0,
        })
        .collect();
    let x = xp.from_host(values, &stored).unwrap();
    // Every other element, axes in the opposite order or the same after all.
    let every_other = |_| Index::Slice { start: None, stop: None, step: if c.below(2) == 0 { 2 } else { -2 } };
    let index: Vec<Index> = (0..stored.len()).map(every_other).collect();
    let x = array_api::at(x, At { index: array_api::Indices(index) }).unwrap();
    let x = array_api::permute_dims(x, (0..stored.len() as isize).rev().collect::<Vec<_>>()).unwrap();
    let x = array_api::astype(x, dtype).unwrap();
    if c.below(2) == 0 { array_api::multiply(x, 1.0).unwrap() } else { x }
}

/// Calls on arrays of one floating-point type and on what comparisons of them give.
fn program(c: &mut Choices, inputs: usize) -> Vec<Step<'static>> {
    const UNARY: [&array_api::Op; 5] = [Abs::OP, Exp::OP, Sin::OP, Sqrt::OP, Tanh::OP];
    const BINARY: [&array_api::Op; 6] = [Add::OP, Divide::OP, Maximum::OP, Multiply::OP, Pow::OP, Subtract::OP];
    let mut steps: Vec<Step<'static>> = vec![];
    let mut numbers: Vec<Link> = (0..inputs).map(Link::Input).collect();
    let mut truths: Vec<Link> = vec![];
    let calls = 2 + c.below(9);
    while steps.len() < calls {
        let any = |c: &mut Choices, from: &[Link]| from[c.below(from.len())];
        let (x, y) = (any(c, &numbers), any(c, &numbers));
        let scalar = Link::Scalar(if c.below(2) == 0 { Scalar::from(3_i64) } else { Scalar::Float(0.1) });
        let made = Link::Step(steps.len());
        match c.below(9) {
            0 | 1 => {
                let op = UNARY[c.below(5)];
                steps.push(Step { op, params: unary(op), operands: [x].into_iter().collect() });
                numbers.push(made);
            }
            2..=4 => {
                let op = BINARY[c.below(6)];
                let (x, y) = [(x, y), (x, scalar), (scalar, y)][c.below(3)];
                steps.push(step(op, binary(op), &[x, y]));
                numbers.push(made);
            }
            5 => {
                steps.push(if c.below(2) == 0 {
                    step(Less::OP, &Less {}, &[x, y])
                } else {
                    step(Greater::OP, &Greater {}, &[x, scalar])
                });
                truths.push(made);
            }
            6 if truths.len() > 1 => {
                let (a, b) = (any(c, &truths), any(c, &truths));
                steps.push(if c.below(2) == 0 {
                    step(LogicalAnd::OP, &LogicalAnd {}, &[a, b])
                } else {
                    step(LogicalNot::OP, &LogicalNot {}, &[a])
                });
                truths.push(made);
            }
            7 if !truths.is_empty() => {
                let condition = any(c, &truths);
                steps.push(step(Where::OP, &Where {}, &[condition, x, if c.below(2) == 0 { y } else { scalar }]));
                numbers.push(made);
            }
            8 => {
                steps.push(step(
                    Clip::OP,
                    &Clip {},
                    &[x, Link::Scalar(Scalar::from(-1_i64)), Link::Scalar(Scalar::Float(1.5))],
                ));
                numbers.push(made);
            }
            _ => {}
        }
    }
    steps
}

fn unary(op: &array_api::Op) -> &'static dyn Params {
    match op.name {
        "abs" => &Abs {},
        "exp" => &Exp {},
        "sin" => &Sin {},
        "sqrt" => &Sqrt {},
        _ => &Tanh {},
    }
}

fn binary(op: &array_api::Op) -> &'static dyn Params {
    match op.name {
        "add" => &Add {},
        "divide" => &Divide {},
        "maximum" => &Maximum {},
        "multiply" => &Multiply {},
        "pow" => &Pow {},
        _ => &Subtract {},
    }
}

/// The bits; the interpreter chooses those of not-a-number by chance.
fn same(value: f64, bits: u64) -> u64 {
    if cfg!(miri) && value.is_nan() { 0 } else { bits }
}

fn bits(x: &Array) -> (Vec<usize>, DType, Vec<u64>) {
    let shape = x.shape().unwrap().to_vec();
    let values = match x.dtype() {
        DType::Bool => x.to_vec::<bool>().unwrap().into_iter().map(u64::from).collect(),
        DType::Float32 => x.to_vec::<f32>().unwrap().into_iter().map(|v| same(v.into(), v.to_bits().into())).collect(),
        _ => x.to_vec::<f64>().unwrap().into_iter().map(|v| same(v, v.to_bits())).collect(),
    };
    (shape, x.dtype(), values)
}

fn shapes() -> impl Strategy<Value = Vec<usize>> {
    // The interpreter takes milliseconds for an element; tiles end within the last one.
    let few = prop_oneof![prop::collection::vec(0_usize..4, 0..4), Just(vec![2, 300])];
    if cfg!(miri) {
        return few.boxed();
    }
    let many = prop_oneof![
        prop::collection::vec(0_usize..7, 0..5),
        prop::collection::vec(1_usize..90, 1..3),
        prop::collection::vec(200_usize..700, 2),
        Just(vec![3, 1500]),
        Just(vec![70_001]),
    ];
    many.boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 8 } else { 192 }))]

    #[test]
    fn one_pass_gives_the_same_bits(shape in shapes(), seed in any::<u64>(), narrow in any::<bool>()) {
        let c = &mut Choices(seed);
        let dtype = if narrow { DType::Float32 } else { DType::Float64 };
        let inputs: Vec<Array> = (0..1 + c.below(4)).map(|_| operand(c, &shape, dtype)).collect();
        let steps = program(c, inputs.len());
        let borrowed: Vec<&Array> = inputs.iter().collect();
        let run = chain(&steps, &borrowed).expect("all of these have tables");
        let due = one_by_one(&steps, &inputs).unwrap();
        let made = run(&borrowed).unwrap();
        // An operand that the last call does not depend on takes part in the shape.
        let due = array_api::broadcast_to(due, made.dims()).unwrap();
        prop_assert_eq!(bits(&made), bits(&due));
    }
}

#[test]
fn what_has_no_form_in_one_pass_is_left_to_the_calls() {
    let xp = array_ndarray::namespace();
    let (x, n) = (xp.asarray([1.0, 2.0]).unwrap(), xp.asarray([1_i64, 2]).unwrap());
    let twice = |op, params| [step(op, params, &[Link::Input(0), Link::Input(0)])];
    assert!(chain(&twice(Add::OP, &Add {}), &[&x]).is_some());
    assert!(chain(&twice(Add::OP, &Add {}), &[&n]).is_none(), "integers");
    let elu = Elu { alpha: 2.0 };
    assert!(chain(&[step(Elu::OP, &elu, &[Link::Input(0)])], &[&x]).is_none(), "a function with a parameter");
    let mixed = [step(Add::OP, &Add {}, &[Link::Input(0), Link::Input(1)])];
    let single = xp.asarray([1.0_f32, 2.0]).unwrap();
    assert!(chain(&mixed, &[&x, &single]).is_none(), "two data types");
    let astray = [step(Add::OP, &Add {}, &[Link::Input(0), Link::Input(1)])];
    assert!(chain(&astray, &[&x]).is_none(), "an array that is not there");
    assert!(chain(&[step(Add::OP, &Add {}, &[Link::Input(0), Link::Step(0)])], &[&x]).is_none(), "its own result");
    let run = chain(&astray, &[&x, &x]).unwrap();
    let longer = xp.asarray([1.0, 2.0, 3.0]).unwrap();
    assert_eq!(run(&[&x, &longer]).unwrap_err().kind(), array_api::ErrorKind::Shape);
    assert!(run(&[&x]).is_err(), "too few arrays");
    // Arrays of another type than planned are an error, not read as if they were.
    let run = chain(&twice(Add::OP, &Add {}), &[&x]).unwrap();
    assert!(run(&[&single]).is_err());
}

#[test]
fn an_override_counts() {
    let xp = array_ndarray::namespace();
    let x = xp.asarray([1.0, 2.0]).unwrap();
    // A function that no other test of this program calls.
    let steps = [step(Sinh::OP, &Sinh {}, &[Link::Input(0)])];
    assert!(chain(&steps, &[&x]).is_some());
    let same =
        |call: &mut array_api::Call<'_, '_>| Ok(Outs::One(array_api::rule::array(call.op, call.args, 0)?.clone()));
    let guard = array_api::register_override(Sinh::OP, x.kind(), same).unwrap();
    assert!(chain(&steps, &[&x]).is_none());
    drop(guard);
    assert!(chain(&steps, &[&x]).is_some());
}
