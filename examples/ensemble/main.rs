//! Draws every figure from made-up numbers.
mod animation;
mod canvas;
mod clip;
mod draw;
mod figures;
mod files;
mod plot;
mod report;
mod scale;
#[cfg(test)]
mod scratch;
mod table;

use figures::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::path::PathBuf::from(std::env::args().nth(1).unwrap_or("target/figures".into()));
    std::fs::create_dir_all(&out)?;
    let save = |name: &str, plots: &[plot::Plot<'_>], columns: usize| -> Result<(), Box<dyn std::error::Error>> {
        let start = std::time::Instant::now();
        files::write_atomically(&out.join(name), &draw::figure_png(plots, columns)?)?;
        println!("{name} {:?}", start.elapsed());
        Ok(())
    };
    let (n, k) = (200, 50);
    let x: Vec<f64> = (0..n).map(|i| -4.0 + 8.0 * i as f64 / (n - 1) as f64).collect();
    let wave = |k: usize, x: f64| {
        let a = ((k * 37 % 17) as f64 - 8.0) / 8.0;
        let b = ((k * 53 % 23) as f64 - 11.0) / 11.0;
        (a * 1.5 * x).sin() * (1.0 + b) + b * x * 0.8
    };
    let prior: Vec<f64> = (0..k).flat_map(|k| x.iter().map(move |x| wave(k, *x))).collect();
    let truth = |x: f64| (2.0 * x).sin() + 0.4 * x;
    let mut member: Vec<f64> =
        (0..k).flat_map(|k| x.iter().map(move |x| truth(*x) + wave(k, *x) * (x.abs() / 4.0).powi(2) * 1.5)).collect();
    member[n * 7..n * 8].iter_mut().enumerate().for_each(|(i, v)| *v = 400.0 * (i as f64 - 100.0));
    let dx: Vec<f64> = (0..10).map(|i| -2.0 + 4.0 * i as f64 / 9.0).collect();
    let dy: Vec<f64> = dx.iter().map(|x| truth(*x) + 0.1 * (x * 31.0).sin()).collect();
    let data = Data { x: &dx, y: &dy };
    let ok: Vec<f64> = member.chunks(n).enumerate().filter(|(k, _)| *k != 7).flat_map(|(_, m)| m.to_vec()).collect();
    let kk = (k - 1) as f64;
    let mean: Vec<f64> = (0..n).map(|i| ok.iter().skip(i).step_by(n).sum::<f64>() / kk).collect();
    let sd: Vec<f64> = (0..n)
        .map(|i| (ok.iter().skip(i).step_by(n).map(|v| (v - mean[i]).powi(2)).sum::<f64>() / kk).sqrt())
        .collect();
    save("1-data.png", &[data_points("Training data", data)], 1)?;
    save("2-bands.png", &[mean_and_bands("Ensemble mean and uncertainty", &x, &mean, &sd, data, None)], 1)?;
    save("2-bands-members.png", &[mean_and_bands("With members", &x, &mean, &sd, data, Some(&member))], 1)?;
    save("3-priors.png", &[priors("50 prior functions", &x, &prior)], 1)?;
    save("4-members.png", &[all_members("50 trained members", &x, &member, data)], 1)?;
    let trained: Vec<f64> = member[..n].iter().zip(&prior).map(|(m, p)| m - p).collect();
    save("5-parts.png", &[prior_and_trainable("One member", &x, &prior[..n], &trained, data)], 1)?;
    let cells = ["prior and bootstrap", "prior only", "bootstrap only", "neither"]
        .map(|t| mean_and_bands(t, &x, &mean, &sd, data, Some(&ok)));
    save("6-panel.png", &panel(cells.to_vec(), true), 2)?;
    let sweep = ["β = 0.001", "β = 5", "β = 50", "β = 100"].map(|t| all_members(t, &x, &ok, data));
    save("6-sweep.png", &panel(sweep.to_vec(), false), 4)?;
    let nominal: Vec<f64> = (1..20).map(|i| i as f64 / 20.0).collect();
    let observed: Vec<f64> = nominal.iter().map(|p| p.powf(1.3)).collect();
    save("7-calibration.png", &[calibration("Calibration", &nominal, &observed)], 1)?;
    let o: Vec<f64> = (0..100).map(|i| 2000.0 * (i as f64 / 99.0).powi(2)).collect();
    let p: Vec<f64> = o.iter().enumerate().map(|(i, v)| v + 120.0 * (i as f64 * 1.7).sin()).collect();
    let lo: Vec<f64> = p.iter().map(|v| v - 110.0).collect();
    let hi: Vec<f64> = p.iter().map(|v| v + 110.0).collect();
    save("8-observed.png", &[predicted_against_observed("Held-out rows", &o, &p, &lo, &hi, 0.9)], 1)?;
    let epochs: Vec<f64> = (1..=100).map(f64::from).collect();
    let losses: Vec<f64> = (0..40)
        .flat_map(|k| {
            epochs.iter().map(move |e| {
                (5.0 + k as f64 * 0.2) * (-e / (6.0 + 0.3 * k as f64)).exp()
                    + 3e-3 * (1.0 + 0.3 * (e * 1.3 + k as f64).sin())
            })
        })
        .collect();
    save("9-losses.png", &[training_losses("Training", &epochs, &losses)], 1)?;
    let frames: Vec<(usize, Vec<f64>)> = (0..100)
        .map(|e| {
            let t = 1.0 - (-(e as f64) / 20.0).exp();
            (e + 1, prior[..40 * n].iter().zip(&member).map(|(p, m)| (1.0 - t) * p + t * m).collect())
        })
        .collect();
    let start = std::time::Instant::now();
    let run = animation::Training { x: &x, frames: &frames, data, title: "Prior and bootstrap", delay: 6 };
    let gif = animation::training_gif(&run)?;
    println!("gif {:?} {} bytes", start.elapsed(), gif.len());
    files::write_atomically(&out.join("run.gif"), &gif)?;
    use report::Block;
    let picture = |name: &str, caption: &str| -> std::io::Result<Block> {
        Ok(Block::Picture { caption: caption.into(), bytes: std::fs::read(out.join(name))? })
    };
    let blocks = [
        Block::Heading("Settings".into()),
        Block::Text("Made-up numbers.".into()),
        Block::table("", &["setting", "value"], vec![vec!["members".into(), "50".into()]]),
        Block::Warning("The band is epistemic only.".into()),
        picture("2-bands-members.png", "Mean and bands")?,
        picture("run.gif", "Training")?,
    ];
    files::write_atomically(&out.join("report.html"), report::html("Ensemble", &blocks).as_bytes())?;
    let path = out.join("table.csv");
    files::write_atomically(&path, "größe;farbe;y\n1,5;rot;1\n2,5;blau;2\n;rot;4\n".as_bytes())?;
    let table = table::read::Table::read(&path, table::read::Format::default())?;
    let choice =
        table::fit::Choice { target: "y".into(), missing: table::encoding::Missing::Impute, ..Default::default() };
    let (encoding, notes) = table::encoding::Encoding::fit(&table, &[0, 1, 2], &choice)?;
    println!("{notes:?} {:?}", encoding.encode_new(&table)?);
    println!("{:?} {}", encoding.encode_training(&table, &[0, 1, 2])?, serde_json::to_string(&encoding)?);
    let v = [1.0, 2.0, 3.0];
    let predictions = table::predictions::Predictions {
        lines: &[2, 3, 4],
        observed: Some(&v),
        mean: &v,
        epistemic_sd: &v,
        aleatoric_sd: None,
        total_sd: &v,
        lower: &v,
        upper: &v,
    };
    table::predictions::write_predictions(&out.join("predictions.csv"), &predictions)?;
    Ok(())
}
