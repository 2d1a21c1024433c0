//! Trains the article's ensemble in groups: the vertical slice.
use array_api::*;
use array_transforms::{value_and_grad, vmap};
use ensemble::network::{Mlp, MlpParams};
use ensemble::optimizer::Optimizer;
use std::time::Instant;

fn train(xp: &Namespace, mlp: &Mlp, keys: Array, x: &Array, y: &Array, epochs: u64) -> Result<(MlpParams, Array)> {
    let n = x.shape()?[0];
    let (params, target, weight) = vmap(|key: &Array| {
        let params = mlp.init(xp, &fold_in(key, 0)?, DType::Float32)?;
        let prior = mlp.apply(&mlp.init(xp, &fold_in(key, 1)?, DType::Float32)?, x)?;
        let rows = xp.uniform(&fold_in(key, 2)?, ([n, 1], DType::Float32))?;
        Ok((params, subtract(y, prior)?, rows))
    })(&keys)?;
    let optimizer = Optimizer::default();
    let mut state = optimizer.start(&params)?;
    let mut params = params;
    let step = vmap(|(params, target, weight): &(MlpParams, Array, Array)| {
        let loss = |p: &MlpParams| mean(multiply(square(subtract(mlp.apply(p, x)?, target)?)?, weight)?, ..);
        value_and_grad(loss)(params)
    });
    let mut loss = None;
    for t in 1..=epochs {
        let input = (params, target.clone(), weight.clone());
        let (l, g) = step(&input)?;
        params = input.0;
        (params, state) = optimizer.step(params, g, state, t, 0.05)?;
        loss = Some(l);
    }
    Ok((params, loss.unwrap()))
}

fn run(k: usize, groups: usize, epochs: u64) -> Result<Vec<f32>> {
    let xp = array_ndarray::namespace();
    let mlp = Mlp::new(1, &[20, 20], 1);
    let x = xp.uniform(&xp.key(1u64)?, ([100, 1], DType::Float32))?;
    let y = sin(multiply(&x, 6.0)?)?;
    let key = xp.key(0u64)?;
    let size = k.div_ceil(groups);
    let chunks: Vec<(usize, usize)> = (0..k).step_by(size).map(|s| (s, (s + size).min(k))).collect();
    let out = parallel::map(chunks, |(a, b)| {
        let keys = fold_in(&key, xp.arange(a as i64..b as i64)?)?;
        let (params, loss) = train(&xp, &mlp, keys, &x, &y, epochs)?;
        let mut v = loss.to_vec::<f32>()?;
        v.extend(params.layers[1].weight.to_vec::<f32>()?.chunks(400).flat_map(|c| [c[0], c[399]]));
        Ok((b - a, v))
    })?;
    let mut all = vec![];
    for (n, v) in out {
        for i in 0..n {
            all.extend([v[i], v[n + 2 * i], v[n + 2 * i + 1]]);
        }
    }
    Ok(all)
}

fn main() -> Result<()> {
    let k: usize = std::env::args().nth(1).map_or(50, |s| s.parse().unwrap());
    if let Some(g) = std::env::args().nth(2) {
        let g: usize = g.parse().unwrap();
        let t = Instant::now();
        run(k, g, 100)?;
        println!("{:.4}", t.elapsed().as_secs_f64());
        return Ok(());
    }
    let reference = run(k, 8, 100)?;
    for groups in [1, 2, 4, 8, 16, 25, 50] {
        let mut best = f64::MAX;
        for _ in 0..5 {
            let t = Instant::now();
            assert_eq!(run(k, groups.min(k), 100)?, reference, "groups {groups}");
            best = best.min(t.elapsed().as_secs_f64());
        }
        println!("K={k} groups={groups}: {best:.4} s, loss {:?}", &reference[..1]);
    }
    let one = run(1, 1, 100)?;
    assert_eq!(one, reference[..3]);
    Ok(())
}
