//! Elementwise calls in one pass against the same calls one by one: the same bits, whatever the layouts.

use array_api::{
    Abs, Add, All, Any, Args, Array, At, Axes, Clip, DType, Divide, Elu, Exp, Fold, Folding, Greater, Index, Less,
    Link, LogicalAnd, LogicalNot, Max, Maximum, Mean, Min, Multiply, Operand, Operation, Outs, Params, Pow, Prod,
    Result, Scalar, Sin, Sinh, Sqrt, Step, Subtract, Sum, Tanh, Var, Where, chain, fold,
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

/// The bits. One not-a-number is as good as another: where two meet, the instruction keeps its first operand, and which one
/// that is the compiler chooses for each loop.
fn same(value: f64, bits: u64) -> u64 {
    if value.is_nan() { 0 } else { bits }
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
        let Some(run) = chain(&steps, &borrowed) else {
            // All of these have tables, but numbers and intermediate results may want too many buffers.
            let numbers = steps.iter().flat_map(|step| &step.operands).filter(|link| matches!(link, Link::Scalar(_)));
            prop_assert!(inputs.len() + steps.len() + numbers.count() > 24);
            return Ok(());
        };
        let due = one_by_one(&steps, &inputs).unwrap();
        let made = run(&borrowed).unwrap();
        // An operand that the last call does not depend on takes part in the shape.
        let due = array_api::broadcast_to(due, made.dims()).unwrap();
        prop_assert_eq!(bits(&made), bits(&due));
    }
}

/// Small whole numbers, in a layout that `c` chooses, some axes narrowed to one.
fn whole_numbers(c: &mut Choices, shape: &[usize], dtype: DType) -> Array {
    let xp = array_ndarray::namespace();
    let mut narrowed: Vec<usize> = shape.iter().map(|&n| if c.below(5) == 0 { 1 } else { n }).collect();
    let turned = c.below(4) == 0;
    if turned {
        narrowed.reverse();
    }
    let values: Vec<f64> = (0..narrowed.iter().product()).map(|_| c.below(7) as f64 - 3.0).collect();
    let x = array_api::astype(xp.from_host(values, &narrowed).unwrap(), dtype).unwrap();
    match turned {
        true => array_api::permute_dims(x, (0..shape.len() as isize).rev().collect::<Vec<_>>()).unwrap(),
        false => x,
    }
}

/// Calls whose results are whole numbers again, and small.
fn whole_program(c: &mut Choices, inputs: usize) -> Vec<Step<'static>> {
    const OPS: [&array_api::Op; 4] = [Add::OP, Maximum::OP, Multiply::OP, Subtract::OP];
    let mut steps: Vec<Step<'static>> = vec![];
    for _ in 0..c.below(4) {
        let any = |c: &mut Choices| match c.below(inputs + 1) {
            i if i < inputs => Link::Input(i),
            _ if c.below(2) == 0 => Link::Scalar(Scalar::from(2_i64)),
            _ => Link::Input(0),
        };
        let first = if steps.is_empty() { Link::Input(c.below(inputs)) } else { Link::Step(steps.len() - 1) };
        let op = OPS[c.below(4)];
        let other = any(c);
        steps.push(step(op, binary(op), &[first, other]));
    }
    steps
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 8 } else { 384 }))]

    #[test]
    fn a_fold_is_the_calls_and_the_reduction(
        shape in prop_oneof![
            prop::collection::vec(1_usize..30, 1..4),
            Just(vec![3, 40, 25]), Just(vec![40, 3000]), Just(vec![300, 700]), Just(vec![5, 3, 1500]),
            Just(vec![9000, 3]), Just(vec![2, 9001]), Just(vec![100_000]), Just(vec![700, 2, 20]),
        ],
        seed in any::<u64>(),
        narrow in any::<bool>(),
    ) {
        let shape = if cfg!(miri) { vec![40, 30] } else { shape };
        let c = &mut Choices(seed);
        let dtype = if narrow { DType::Float32 } else { DType::Float64 };
        let inputs: Vec<Array> = (0..1 + c.below(3)).map(|_| whole_numbers(c, &shape, dtype)).collect();
        let mut steps = whole_program(c, inputs.len());
        if steps.is_empty() && inputs.len() > 1 {
            steps = vec![step(Add::OP, &Add {}, &[Link::Input(0), Link::Input(1)])];
        }
        let truths = c.below(4) == 0;
        if truths {
            let last = if steps.is_empty() { Link::Input(0) } else { Link::Step(steps.len() - 1) };
            steps.push(step(Greater::OP, &Greater {}, &[last, Link::Scalar(Scalar::from(0_i64))]));
        }
        let values = if steps.is_empty() { inputs[0].clone() } else { one_by_one(&steps, &inputs).unwrap() };
        let borrowed: Vec<&Array> = inputs.iter().collect();
        let dims = array_api::broadcast_arrays(inputs.clone()).unwrap()[0].dims().to_vec();
        let values = array_api::broadcast_to(values, &dims[..]).unwrap();
        let from = c.below(dims.len());
        let axes: Vec<usize> = (from..from + 1 + c.below(dims.len() - from)).collect();
        let axis = Axes::Many(axes.iter().map(|&a| a as isize).collect());
        let run = |how| fold(&steps, &Fold { how, axes: &axes, dtype: None }, &borrowed);
        let reduction = |op: &'static array_api::Op, due: Result<Array>| {
            if let Some(made) = run(Folding::Reduction(op)) {
                let made = made.unwrap();
                assert_eq!(made.len(), 1);
                let due = due.unwrap();
                assert_eq!((made[0].dims(), made[0].dtype()), (due.dims(), due.dtype()));
                // Which of two zeros is the larger one depends on the order.
                let differs = array_api::any(array_api::not_equal(&made[0], due).unwrap(), ..).unwrap();
                assert!(!differs.item::<bool>().unwrap(), "{}", op.name);
            }
        };
        if truths {
            reduction(Any::OP, array_api::any(&values, Any { axis: axis.clone(), keepdims: true }));
            reduction(All::OP, array_api::all(&values, All { axis, keepdims: true }));
            prop_assert!(run(Folding::Moments).is_none() && run(Folding::Reduction(Sum::OP)).is_none());
            return Ok(());
        }
        reduction(Max::OP, array_api::max(&values, Max { axis: axis.clone(), keepdims: true }));
        reduction(Min::OP, array_api::min(&values, Min { axis: axis.clone(), keepdims: true }));
        // Sums of these numbers are exact in double precision, and in single precision where there are few.
        if !narrow || values.dims().iter().product::<usize>() < 5000 {
            reduction(Sum::OP, array_api::sum(&values, Sum { axis: axis.clone(), keepdims: true, dtype: None }));
        }
        if let Some(moments) = run(Folding::Moments) {
            let moments = moments.unwrap();
            let count: usize = axes.iter().map(|&a| dims[a]).product();
            let wide = array_api::astype(values, DType::Float64).unwrap();
            let mean = array_api::mean(&wide, Mean { axis: axis.clone(), keepdims: true }).unwrap();
            let var = array_api::var(&wide, Var { axis, keepdims: true, correction: 0.0 }).unwrap();
            let tolerance = if narrow { 1e-4 } else { 1e-12 };
            for (made, due) in [(&moments[0], mean), (&moments[1], array_api::multiply(var, count as f64).unwrap())] {
                prop_assert_eq!(made.dtype(), dtype);
                prop_assert_eq!(made.dims(), due.dims());
                let made = array_api::astype(made, DType::Float64).unwrap().to_vec::<f64>().unwrap();
                for (made, due) in made.into_iter().zip(due.to_vec::<f64>().unwrap()) {
                    prop_assert!((made - due).abs() <= tolerance * (1.0 + due.abs()), "{made} is not {due}");
                }
            }
        }
    }
}

#[test]
fn deviations_keep_their_digits_far_from_zero() {
    let xp = array_ndarray::namespace();
    let shape = if cfg!(miri) { [20, 100] } else { [2000, 100] };
    let count = (shape[0] * shape[1]) as u32;
    let values: Vec<f64> = (0..count).map(|i| 1e9 + f64::from(i % 2000 / 20)).collect();
    let x = xp.from_host(values, shape).unwrap();
    for axes in [vec![0], vec![1], vec![0, 1]] {
        let axis = Axes::Many(axes.iter().map(|&a| a as isize).collect());
        let due = array_api::var(&x, Var { axis, keepdims: true, correction: 0.0 }).unwrap().to_vec::<f64>().unwrap();
        let count: usize = axes.iter().map(|&a| shape[a]).product();
        let made =
            fold(&[], &Fold { how: Folding::Moments, axes: &axes, dtype: None }, &[&x]).map(|made| made.unwrap());
        let Some(made) = made else {
            assert!(axes == [1], "{axes:?} has enough to join");
            continue;
        };
        for (made, due) in made[1].to_vec::<f64>().unwrap().into_iter().zip(due) {
            assert!((made / count as f64 - due).abs() <= 1e-9 * due, "{made} is not {count} times {due}");
        }
    }
}

#[test]
fn what_cannot_be_folded_is_left_to_the_calls() {
    let xp = array_ndarray::namespace();
    let x = xp.ones([60, 50, 4]).unwrap();
    let double = [step(Add::OP, &Add {}, &[Link::Input(0), Link::Input(0)])];
    let sum = |axes: &[usize], dtype, inputs: &[&Array]| {
        fold(&double, &Fold { how: Folding::Reduction(Sum::OP), axes, dtype }, inputs).is_some()
    };
    assert!(sum(&[0, 1], None, &[&x]) && sum(&[0], Some(DType::Float64), &[&x]));
    assert!(!sum(&[0, 2], None, &[&x]), "axes apart");
    assert!(!sum(&[0], Some(DType::Float32), &[&x]), "another data type");
    assert!(!sum(&[2], None, &[&x]), "too little to join");
    assert!(!sum(&[], None, &[&x]), "no axes");
    let product = Fold { how: Folding::Reduction(Prod::OP), axes: &[0], dtype: None };
    assert!(fold(&double, &product, &[&x]).is_some());
    assert!(fold(&[], &product, &[&x, &x]).is_none(), "two arrays and no call");
    let longer = xp.ones([61, 50, 4]).unwrap();
    let both = [step(Add::OP, &Add {}, &[Link::Input(0), Link::Input(1)])];
    let wrong = fold(&both, &product, &[&x, &longer]).unwrap().unwrap_err();
    assert_eq!(wrong.kind(), array_api::ErrorKind::Shape);
    let integers = array_api::astype(&x, DType::Int64).unwrap();
    assert!(!sum(&[0], None, &[&integers]), "integers");
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
