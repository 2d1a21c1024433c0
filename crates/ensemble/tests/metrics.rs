//! The metrics against values of uncertainty-toolbox and properscoring, and what is refused.
use ensemble::metrics::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/ensemble/");

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{FOLDER}{name}")).unwrap()
}

/// Columns of a table of numbers.
fn columns(text: &str) -> Vec<Vec<f64>> {
    let rows: Vec<Vec<f64>> =
        text.lines().map(|line| line.split(',').map(|field| field.parse().unwrap()).collect()).collect();
    (0..rows[0].len()).map(|column| rows.iter().map(|row| row[column]).collect()).collect()
}

#[test]
fn metrics_agree_with_the_reference() {
    let text = read("uq_metrics_case.csv");
    let case = columns(text.split_once('\n').unwrap().1);
    let [y, mu, sd] = [&case[0], &case[1], &case[2]].map(Vec::as_slice);
    let members = columns(&read("uq_metrics_ensemble.csv"));
    let reference: serde_json::Value = serde_json::from_str(&read("uq_metrics_reference.json")).unwrap();
    let curve = calibration_curve(y, mu, sd, 100).unwrap();
    let intervals = gaussian_intervals(mu, sd, 0.95).unwrap();
    let rows = [
        ("/accuracy/mae", mae(y, mu)),
        ("/accuracy/rmse", rmse(y, mu)),
        ("/accuracy/mdae", mdae(y, mu)),
        ("/accuracy/marpd", marpd(y, mu)),
        ("/accuracy/r2", r2(y, mu)),
        ("/accuracy/corr", correlation(y, mu)),
        ("/avg_calibration/rms_cal", Ok(curve.rms_error())),
        ("/avg_calibration/ma_cal", Ok(curve.mean_absolute_error())),
        ("/avg_calibration/miscal_area", Ok(curve.miscalibration_area())),
        ("/sharpness/sharp", sharpness(sd)),
        ("/scoring_rule/nll", gaussian_nll(y, mu, sd)),
        ("/scoring_rule/crps", gaussian_crps(y, mu, sd)),
        ("/scoring_rule/check", gaussian_check_score(y, mu, sd, 99)),
        ("/scoring_rule/interval", gaussian_interval_score(y, mu, sd, 99)),
        ("/picp_95", picp(y, &intervals)),
        ("/mpiw_95", mpiw(&intervals)),
        ("/ence_10_equal_count_bins_ours", ence(y, mu, sd, 10)),
        ("/properscoring_crps_gaussian_mean", gaussian_crps(y, mu, sd)),
        ("/properscoring_crps_ensemble_mean", ensemble_crps(y, &members.concat(), members.len())),
    ];
    for (name, found) in rows {
        let expected = reference.pointer(&format!("/metrics{name}")).unwrap().as_f64().unwrap();
        let error = (found.unwrap() - expected).abs();
        println!("{name} {error:.1e}");
        assert!(error < 1e-10, "{name}: off by {error:e}");
    }
}

#[test]
fn ensemble_crps_is_its_definition() {
    let truth = [0.3, -1.0];
    // Three members, two rows.
    let values = [0.0, 1.0, 2.0, -1.0, 0.5, 0.5];
    let mut expected = 0.0;
    for row in 0..2 {
        let x: Vec<f64> = (0..3).map(|member| values[2 * member + row]).collect();
        expected += x.iter().map(|a| (a - truth[row]).abs()).sum::<f64>() / 3.0;
        expected -= x.iter().flat_map(|a| x.iter().map(move |b| (a - b).abs())).sum::<f64>() / 18.0;
    }
    assert!((ensemble_crps(&truth, &values, 3).unwrap() - expected / 2.0).abs() < 1e-15);
    // With one member it is the absolute error.
    assert_eq!(ensemble_crps(&truth, &[1.0, 1.0], 1).unwrap(), mae(&truth, &[1.0, 1.0]).unwrap());
}

#[test]
fn quantiles_and_their_intervals() {
    // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [0, 0.1, 0.5, 0.9, 1]).
    let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
    for (p, expected) in [(0.0, 1.0), (0.1, 1.0), (0.5, 3.5), (0.9, 6.9), (1.0, 9.0)] {
        assert!((quantile(&values, p).unwrap() - expected).abs() < 1e-14);
    }
    let intervals = quantile_intervals(&values, 8, 0.8).unwrap();
    assert!((intervals.lower[0] - 1.0).abs() < 1e-14 && (intervals.upper[0] - 6.9).abs() < 1e-14);
    let two_rows = quantile_intervals(&values, 4, 0.5).unwrap();
    // Rows are (3, 4, 5, 2) and (1, 1, 9, 6).
    assert_eq!((two_rows.lower, two_rows.upper), (vec![2.75, 1.0], vec![4.25, 6.75]));
}

#[test]
fn scores_of_given_quantiles_and_intervals() {
    assert_eq!(pinball(&[1.0, 4.0], &[2.0, 2.0], 0.75).unwrap(), 0.5 * (0.25 + 1.5));
    let intervals = Intervals { lower: vec![0.0, 0.0, 0.0], upper: vec![1.0, 1.0, 1.0] };
    let score = interval_score(&[0.5, -1.0, 3.0], &intervals, 0.5).unwrap();
    assert!((score - (1.0 + 5.0 + 9.0) / 3.0).abs() < 1e-15);
}

#[test]
fn bad_input_is_refused_with_the_reason() {
    let refused = |result: array_api::Result<f64>, part: &str| {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    };
    refused(rmse(&[1.0], &[1.0, 2.0]), "truth 1, predicted 2");
    refused(mae(&[], &[]), "no rows");
    refused(gaussian_nll(&[1.0, f64::NAN], &[0.0; 2], &[1.0; 2]), "truth[1] is NaN");
    refused(gaussian_crps(&[1.0, 2.0], &[0.0; 2], &[1.0, 0.0]), "sd[1] is 0");
    refused(gaussian_check_score(&[1.0], &[0.0], &[1.0], 1), "levels is 1");
    refused(r2(&[1.0, 1.0], &[0.0, 1.0]), "same value");
    refused(correlation(&[1.0, 2.0], &[1.0, 1.0]), "predicted");
    refused(marpd(&[0.0], &[0.0]), "row 0");
    refused(ence(&[1.0], &[0.0], &[1.0], 2), "bins is 2");
    refused(ensemble_crps(&[1.0], &[1.0, 2.0, 3.0], 2), "3 values");
    refused(ensemble_crps(&[1.0, 2.0], &[1.0, 2.0], 2), "truth 2");
    refused(quantile(&[1.0], 1.5), "p is 1.5");
    refused(pinball(&[1.0], &[1.0], 0.0), "p is 0");
    let crossed = Intervals { lower: vec![2.0], upper: vec![1.0] };
    refused(picp(&[1.0], &crossed), "interval 0");
    refused(mpiw(&crossed), "interval 0");
    assert!(calibration_curve(&[1.0], &[0.0], &[1.0], 1).is_err());
    assert!(gaussian_intervals(&[0.0], &[1.0], 1.0).is_err());
    assert!(Mixture::new(vec![1.0; 4], vec![1.0, 1.0, -1.0, 1.0], 2).is_err());
    assert!(Mixture::new(vec![1.0; 4], vec![1.0; 4], 3).is_err());
}
