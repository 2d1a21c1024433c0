//! Trees of parameters: structs, nested lists, options, tuples, maps, and fields that are not parameters.

use array_api::{Array, Namespace, Result, Tree, stack};
use array_transforms::{CheckGrads, check_grads, grad, jvp, value_and_grad, vmap, vmap_n};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Tree)]
struct Linear {
    weight: Array,
    bias: Option<Array>,
    #[tree(skip)]
    name: String,
}

#[derive(Clone, Debug, Tree)]
struct Network {
    layers: Vec<Linear>,
    scales: (Array, [Array; 2]),
    more: BTreeMap<String, Array>,
    #[tree(skip)]
    depth: usize,
}

#[derive(Clone, Debug, Tree)]
struct Pair<T>(T, T);

#[derive(Clone, Debug, Tree)]
struct Nothing;

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn ramp(shape: &[usize], from: f64) -> Array {
    let n: usize = shape.iter().product();
    xp().from_host((0..n).map(|i| from + 0.3 * i as f64).collect::<Vec<f64>>(), shape).unwrap()
}

fn network(from: f64) -> Network {
    let layer = |name: &str, bias: bool, shape: &[usize]| Linear {
        weight: ramp(shape, from),
        bias: bias.then(|| ramp(&shape[1..], from - 0.5)),
        name: name.into(),
    };
    Network {
        layers: vec![layer("first", true, &[2, 3]), layer("second", false, &[3, 1])],
        scales: (ramp(&[], from), [ramp(&[3], 0.1), ramp(&[], 0.2)]),
        more: [("shift".to_string(), ramp(&[1], from))].into(),
        depth: 2,
    }
}

fn loss(n: &Network) -> Result<Array> {
    assert_eq!((n.depth, n.layers[0].name.as_str()), (2, "first"));
    let mut x = ramp(&[4, 2], -1.0);
    for (i, layer) in n.layers.iter().enumerate() {
        x = x.matmul(&layer.weight)?;
        if let Some(bias) = &layer.bias {
            x = (x + bias).ok()?;
        }
        if i == 0 {
            x = (x.tanh()? * &n.scales.1[0] * &n.scales.0).ok()?;
        }
    }
    (x * &n.scales.1[1] + &n.more["shift"]).square()?.mean(..)
}

#[test]
fn gradients_have_the_structure_of_the_parameters() {
    let n = network(0.2);
    let g = grad(loss)(&n).unwrap();
    let names: Vec<String> = g.named_leaves().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["layers.0.weight", "layers.0.bias", "layers.1.weight", "scales.0", "scales.1.0", "scales.1.1", "more.shift"]
    );
    assert_eq!((g.depth, g.layers[1].name.as_str(), g.layers[1].bias.is_none()), (2, "second", true));
    for (x, g) in n.leaves().iter().zip(g.leaves()) {
        assert_eq!(x.dims(), g.dims());
    }
    check_grads(loss, &n, CheckGrads::order(2)).unwrap();
}

#[test]
fn members_of_an_ensemble_train_as_one() {
    let members: Vec<Network> = [0.1, 0.4, -0.2].map(network).into();
    let places: Vec<Vec<&Array>> = members.iter().map(Tree::leaves).collect();
    let stacked = members[0]
        .with_leaves(
            (0..places[0].len()).map(|k| stack(places.iter().map(|p| p[k].clone()).collect::<Vec<_>>(), 0).unwrap()),
        )
        .unwrap();
    let (values, gradients) = vmap(value_and_grad(loss))(&stacked).unwrap();
    for (b, member) in members.iter().enumerate() {
        let (value, gradient) = value_and_grad(loss)(member).unwrap();
        assert_eq!(values.at(b as isize).unwrap().item::<f64>().unwrap(), value.item::<f64>().unwrap());
        for (all, one) in gradients.leaves().iter().zip(gradient.leaves()) {
            assert_eq!(all.at(b as isize).unwrap().to_vec::<f64>().unwrap(), one.to_vec::<f64>().unwrap());
        }
    }
}

#[test]
fn tuple_structs_and_trees_without_leaves() {
    let p = Pair(ramp(&[2], 1.0), ramp(&[2], 2.0));
    let g = grad(|p: &Pair<Array>| (&p.0 * &p.1).sum(..))(&p).unwrap();
    assert_eq!(g.0.to_vec::<f64>().unwrap(), p.1.to_vec::<f64>().unwrap());
    let nested = Pair(Pair(ramp(&[], 1.0), ramp(&[], 2.0)), Pair(ramp(&[], 3.0), ramp(&[], 4.0)));
    let f = |p: &Pair<Pair<Array>>| (&p.0.0 * &p.0.1 * &p.1.0 * &p.1.1).ok();
    let g: Vec<f64> = grad(f)(&nested).unwrap().leaves().iter().map(|g| g.item().unwrap()).collect();
    close(&g, &[2. * 2.3 * 0. + 24., 12., 8., 6.]);
    let (y, t) = jvp(|_: &Nothing| Ok(ramp(&[2], 1.0)), &Nothing, &Nothing).unwrap();
    assert_eq!((y.to_vec::<f64>().unwrap(), t.to_vec::<f64>().unwrap()), (vec![1.0, 1.3], vec![0.0; 2]));
    assert_eq!(vmap_n(|_: &Nothing| Ok(ramp(&[2], 1.0)), 3, &Nothing).unwrap().shape().unwrap(), [3, 2]);
    let e = vmap(|_: &Nothing| Ok(ramp(&[2], 1.0)))(&Nothing).unwrap_err();
    assert!(e.message().contains("no arrays to vectorise over"), "{e}");
}

fn close(a: &[f64], b: &[f64]) {
    assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} {b:?}");
}

#[test]
fn structures_that_differ_are_refused() {
    let v = vec![ramp(&[2], 1.0)];
    let e = jvp(|x: &Vec<Array>| x[0].sum(..), &v, &vec![]).unwrap_err();
    assert!(e.message().contains("x has 1 leaves, v has 0"), "{e}");
    assert!(v.with_leaves([]).unwrap_err().message().contains("fewer leaves"));
    assert!(v.with_leaves([ramp(&[], 0.0), ramp(&[], 0.0)]).unwrap_err().message().contains("more leaves"));
}
