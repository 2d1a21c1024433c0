//! Optimisers step by step, the draws of data noise, and early stopping.

use array_api::{Array, Index, Namespace, Tree, at, fold_in};
use ensemble::{
    EarlyStopping, Fit, Head, Member, MemberData, MemberParams, Noise, Optimizer, Options, Penalty, Prior, Reduction,
};
use std::sync::Mutex;

fn values(a: &Array) -> Vec<f64> {
    a.to_host().unwrap().to_f64().unwrap()
}

/// Steps of a single parameter as PyTorch 2's documentation writes them down (torch.optim.Adam, AdamW, SGD).
fn documented(optimizer: Optimizer, lr: f64, gradients: &[f64], start: f64) -> Vec<f64> {
    let (mut p, mut m, mut v) = (start, 0.0, 0.0);
    let step = |(i, &g): (usize, &f64)| {
        let t = (i + 1) as i32;
        match optimizer {
            Optimizer::Adam { beta1, beta2, epsilon } | Optimizer::AdamW { beta1, beta2, epsilon, .. } => {
                if let Optimizer::AdamW { decay, .. } = optimizer {
                    p -= lr * decay * p;
                }
                m = beta1 * m + (1.0 - beta1) * g;
                v = beta2 * v + (1.0 - beta2) * g * g;
                let (m_hat, v_hat) = (m / (1.0 - beta1.powi(t)), v / (1.0 - beta2.powi(t)));
                p -= lr * m_hat / (v_hat.sqrt() + epsilon);
            }
            Optimizer::Sgd { momentum } => {
                m = if t == 1 { g } else { momentum * m + g };
                p -= lr * m;
            }
        }
        p
    };
    gradients.iter().enumerate().map(step).collect()
}

#[test]
fn optimisers_take_the_documented_steps() {
    let xp = crate::namespace();
    let gradients = [0.3, -1.2, 0.0, 4.0, 1e-9, -0.7, 2.5];
    let table = [
        Optimizer::default(),
        Optimizer::Adam { beta1: 0.8, beta2: 0.95, epsilon: 1e-3 },
        Optimizer::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01 },
        Optimizer::Sgd { momentum: 0.0 },
        Optimizer::Sgd { momentum: 0.9 },
    ];
    for optimizer in table {
        let starts = [1.5, -0.25];
        let due: Vec<_> = starts.iter().map(|&s| documented(optimizer, 0.1, &gradients, s)).collect();
        let mut p = vec![xp.asarray(starts).unwrap()];
        let mut state = optimizer.start(&p).unwrap();
        for (i, g) in gradients.iter().enumerate() {
            let g = vec![xp.asarray([*g, *g]).unwrap()];
            (p, state) = optimizer.step(p, g, state, i as u64 + 1, 0.1).unwrap();
            for (found, due) in values(&p[0]).iter().zip(&due) {
                assert!((found - due[i]).abs() < 1e-12, "{optimizer:?} step {i}: {found} {}", due[i]);
            }
        }
    }
    // Adam's first step is the learning rate against the gradient's sign, whatever its size.
    assert!((documented(Optimizer::default(), 0.1, &[3.0], 1.0)[0] - 0.9).abs() < 1e-9);
}

fn member(noise: Noise) -> (Namespace, Member) {
    let xp = crate::namespace();
    let dtype = array_api::DType::Float64;
    let options = Options { noise, prior: Prior::None, dtype, ..Options::default() };
    let member = Member::new(options, &xp, 1, 1, None).unwrap();
    (xp, member)
}

fn rows(xp: &Namespace, n: usize) -> Array {
    xp.asarray((0..n).map(|i| vec![i as f64 / 50.0]).collect::<Vec<_>>()).unwrap()
}

fn drawn(noise: Noise, k: u64, n: usize) -> MemberData {
    let (xp, member) = member(noise);
    let key = fold_in(xp.key(7).unwrap(), k).unwrap();
    let x = rows(&xp, n);
    let prior = member.draw_prior(&key).unwrap();
    member.data(&key, &prior, &x, &x, &xp.ones([1]).unwrap()).unwrap()
}

/// What is drawn: weights, or noise on the targets.
fn draws(noise: Noise, k: u64, n: usize) -> Vec<f64> {
    let data = drawn(noise, k, n);
    match data.weight {
        Some(w) => values(&w),
        None => values(&data.target).iter().enumerate().map(|(i, t)| t - i as f64 / 50.0).collect(),
    }
}

#[test]
fn draws_have_their_distributions_and_depend_on_member_and_row_only() {
    // Mean, variance, and whether they are counts.
    let table = [
        (Noise::Multinomial, 1.0, 1.0, true),
        (Noise::Poisson, 1.0, 1.0, true),
        (Noise::Exponential, 1.0, 1.0, false),
        (Noise::Gaussian { sd: 3.0 }, 0.0, 9.0, false),
    ];
    for (noise, mean, variance, counts) in table {
        let n = 500;
        let all: Vec<f64> = (0..40).flat_map(|k| draws(noise, k, n)).collect();
        let count = all.len() as f64;
        let m = all.iter().sum::<f64>() / count;
        let v = all.iter().map(|w| (w - m).powi(2)).sum::<f64>() / count;
        // Four standard errors; an exponential's fourth central moment is 9.
        assert!((m - mean).abs() < 4.0 * (variance / count).sqrt(), "{noise:?}: mean {m}");
        assert!((v / variance - 1.0).abs() < 4.0 * (8.0 / count).sqrt(), "{noise:?}: variance {v}");
        if counts {
            assert!(all.iter().all(|w| w.fract() == 0.0 && *w >= 0.0));
        }
        assert_ne!(draws(noise, 0, n), draws(noise, 1, n));
        assert_eq!(draws(noise, 3, n), draws(noise, 3, n));
        if noise == Noise::Multinomial {
            for n in [1, 2, 17, 500] {
                assert_eq!(draws(noise, 5, n).iter().sum::<f64>(), n as f64);
            }
        } else {
            for shorter in [1, 3, 64, 333] {
                let (a, b) = (draws(noise, 5, shorter), draws(noise, 5, n));
                assert_eq!(a[..], b[..shorter], "{noise:?}: the first {shorter} rows");
            }
        }
    }
}

#[test]
fn out_of_bag_rows_are_those_of_weight_zero() {
    for noise in [Noise::Multinomial, Noise::Poisson] {
        let (xp, member) = member(noise);
        let n = 30;
        let x = rows(&xp, n);
        let params = member.init(&fold_in(xp.key(1).unwrap(), 0).unwrap()).unwrap();
        let data = drawn(noise, 2, n);
        let out = values(&member.out_of_bag(&params, &x, &data).unwrap())[0];
        let (mean, _) = member.apply(&params, &x).unwrap();
        let squares: Vec<f64> =
            values(&mean).iter().zip(values(&data.target)).map(|(m, t)| (m - t) * (m - t)).collect();
        let left: Vec<usize> = (0..n).filter(|&i| draws(noise, 2, n)[i] == 0.0).collect();
        assert!((5..20).contains(&left.len()));
        let due = left.iter().map(|&i| squares[i]).sum::<f64>() / left.len() as f64;
        assert!((out - due).abs() < 1e-12 * due, "{out} {due}");
        // The training loss counts the others as often as they were drawn.
        let loss = values(&member.loss(&params, None, &x, &data, n).unwrap())[0];
        let due = squares.iter().zip(draws(noise, 2, n)).map(|(s, w)| s * w).sum::<f64>() / n as f64;
        assert!((loss - due).abs() < 1e-12 * due, "{loss} {due}");
    }
}

#[test]
fn early_stopping_keeps_the_best_parameters() {
    let xp = crate::namespace();
    let x = rows(&xp, 30);
    let noisy: Vec<f64> = (0..30).map(|i| (i as f64 / 8.0).sin() + 0.5 * (i as f64 * 37.7).sin()).collect();
    let y = xp.asarray(noisy).unwrap();
    let (every, patience, members) = (3, 4, 6);
    let options = Options {
        members,
        widths: vec![30],
        epochs: 400,
        head: Head::Variance,
        early_stopping: Some(EarlyStopping { every, patience }),
        seed: 7,
        ..Options::default()
    };
    let seen: Mutex<Vec<(u64, Vec<usize>, MemberParams)>> = Mutex::new(vec![]);
    let watch = |s: &ensemble::Snapshot<'_>| {
        seen.lock().unwrap().push((s.epoch, s.members.to_vec(), s.params.clone()));
        Ok(())
    };
    let model = Fit::new(options.clone(), &xp).observe(&watch).run(&x, &y).unwrap();
    let one = Member::new(options.clone(), &xp, 1, 1, None).unwrap();
    let cast = |a: &Array| array_api::astype(a, options.dtype).unwrap();
    let (x, y) = (cast(&x), array_api::expand_dims(cast(&y), 1).unwrap());
    let scale = xp.ones(([1], options.dtype)).unwrap();
    let seen = seen.into_inner().unwrap();
    let mut early = 0;
    for k in 0..members {
        let key = fold_in(xp.key(7).unwrap(), k as u64).unwrap();
        let data = one.data(&key, &one.draw_prior(&key).unwrap(), &x, &y, &scale).unwrap();
        let mut looks: Vec<(u64, f64, MemberParams)> = seen
            .iter()
            .filter(|(epoch, members, _)| epoch % every == 0 && members.contains(&k))
            .map(|(epoch, members, params)| {
                let place = members.iter().position(|m| *m == k).unwrap();
                let mine = params.map(&mut |a| at(a, Index::At(place as isize))).unwrap();
                (*epoch, values(&one.out_of_bag(&mine, &x, &data).unwrap())[0], mine)
            })
            .collect();
        looks.sort_by_key(|l| l.0);
        // The rule, by hand: the best until `patience` looks brought nothing better.
        let mut best = 0;
        for (i, look) in looks.iter().enumerate() {
            if look.1 < looks[best].1 {
                best = i;
            } else if i - best == patience as usize {
                break;
            }
        }
        let report = &model.reports()[k];
        assert_eq!(report.epoch, looks[best].0, "member {k}");
        for (kept, due) in model.params().leaves().into_iter().zip(looks[best].2.leaves()) {
            assert_eq!(values(&at(kept, k as isize).unwrap()), values(due), "member {k}");
        }
        let end = (report.epoch + every * patience).min(options.epochs) as usize;
        assert_eq!(model.histories()[k].len(), end);
        early += usize::from(report.epoch < options.epochs);
    }
    assert!(early > 3, "{early} stopped early");
}

#[test]
fn a_member_without_rows_left_out_is_trained_to_the_end() {
    let xp = crate::namespace();
    let (x, y) = (xp.asarray([[0.0], [1.0]]).unwrap(), xp.asarray([0.0, 1.0]).unwrap());
    let stop = Some(EarlyStopping { every: 1, patience: 1 });
    let options = Options { members: 20, epochs: 25, early_stopping: stop, ..Options::default() };
    let model = Fit::new(options, &xp).run(&x, &y).unwrap();
    // Half of the draws of two out of two take both rows.
    let whole = model.reports().iter().filter(|r| r.epoch == 25).count();
    assert!((4..=16).contains(&whole), "{whole}");
}

#[test]
fn batches_of_a_sum_stand_for_all_rows() {
    let xp = crate::namespace();
    let dtype = array_api::DType::Float64;
    let penalty = Penalty::L2 { strength: 0.3 };
    let options = Options { noise: Noise::None, reduction: Reduction::Sum, penalty, dtype, ..Options::default() };
    let member = Member::new(options, &xp, 1, 1, None).unwrap();
    let key = fold_in(xp.key(1).unwrap(), 0).unwrap();
    let (params, prior) = (member.init(&key).unwrap(), member.draw_prior(&key).unwrap());
    let x = rows(&xp, 12);
    let data = member.data(&key, &prior, &x, &x, &xp.ones([1]).unwrap()).unwrap();
    let loss = |from: isize, to: isize| {
        let part = |a: &Array| at(a, Index::from(from..to)).unwrap();
        let data = MemberData { target: part(&data.target), weight: None };
        values(&member.loss(&params, None, &part(&x), &data, 12).unwrap())[0]
    };
    // The mean of batches of equal size is the whole, with one penalty.
    let whole = loss(0, 12);
    assert!((whole - (loss(0, 4) + loss(4, 8) + loss(8, 12)) / 3.0).abs() < 1e-12 * whole);
}
