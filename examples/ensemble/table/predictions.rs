//! predictions.csv: one row per row of the user's table.

use std::io;
use std::path::Path;

use program::files::write_atomically;

/// Columns of the file, all of one length. Standard deviations and limits are in the target's units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Predictions<'a> {
    /// Where each row begins in the table that was predicted.
    pub(crate) lines: &'a [u64],
    /// The target where it is known.
    pub(crate) observed: Option<&'a [f64]>,
    /// Predictive mean.
    pub(crate) mean: &'a [f64],
    /// Spread of the members' means.
    pub(crate) epistemic_sd: &'a [f64],
    /// Noise of the data, where the model has one.
    pub(crate) aleatoric_sd: Option<&'a [f64]>,
    /// Both together.
    pub(crate) total_sd: &'a [f64],
    /// Lower limit of the interval.
    pub(crate) lower: &'a [f64],
    /// Upper limit of the interval.
    pub(crate) upper: &'a [f64],
}

/// Writes the file whole or not at all. Numbers are written so that reading them back gives the same bits; a column
/// that the model does not have is left out.
pub(crate) fn write_predictions(path: &Path, predictions: &Predictions<'_>) -> io::Result<()> {
    write_atomically(path, &csv_bytes(predictions)?)
}

fn csv_bytes(p: &Predictions<'_>) -> io::Result<Vec<u8>> {
    let columns: Vec<(&str, &[f64])> = [
        ("observed", p.observed),
        ("mean", Some(p.mean)),
        ("epistemic_sd", Some(p.epistemic_sd)),
        ("aleatoric_sd", p.aleatoric_sd),
        ("total_sd", Some(p.total_sd)),
        ("lower", Some(p.lower)),
        ("upper", Some(p.upper)),
    ]
    .into_iter()
    .filter_map(|(name, values)| Some((name, values?)))
    .collect();
    if let Some((name, values)) = columns.iter().find(|(_, values)| values.len() != p.lines.len()) {
        let message = format!("predictions have {} rows but {} values of {name}", p.lines.len(), values.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["line"].into_iter().chain(columns.iter().map(|c| c.0)))?;
    for (i, line) in p.lines.iter().enumerate() {
        let values = columns.iter().map(|(_, values)| format!("{:?}", values[i]));
        writer.write_record([line.to_string()].into_iter().chain(values))?;
    }
    writer.into_inner().map_err(|e| e.into_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example<'a>(lines: &'a [u64]) -> Predictions<'a> {
        Predictions {
            lines,
            observed: None,
            mean: &[1.0, 1.0 / 3.0],
            epistemic_sd: &[0.5, 1e-12],
            aleatoric_sd: None,
            total_sd: &[0.5, 1e300],
            lower: &[0.0, -1.0],
            upper: &[2.0, 1.5],
        }
    }

    #[test]
    fn columns_that_do_not_exist_are_left_out() {
        let text = String::from_utf8(csv_bytes(&example(&[2, 5])).unwrap()).unwrap();
        let expected = "line,mean,epistemic_sd,total_sd,lower,upper\n\
                        2,1.0,0.5,0.5,0.0,2.0\n\
                        5,0.3333333333333333,1e-12,1e300,-1.0,1.5\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn all_columns_have_their_place() {
        let full = Predictions { observed: Some(&[1.1, 2.2]), aleatoric_sd: Some(&[0.1, 0.2]), ..example(&[2, 5]) };
        let text = String::from_utf8(csv_bytes(&full).unwrap()).unwrap();
        assert!(
            text.starts_with("line,observed,mean,epistemic_sd,aleatoric_sd,total_sd,lower,upper\n2,1.1,1.0,0.5,0.1,")
        );
    }

    #[test]
    fn unequal_columns_are_refused() {
        let error = csv_bytes(&example(&[2])).unwrap_err().to_string();
        assert_eq!(error, "predictions have 1 rows but 2 values of mean");
    }

    #[test]
    fn an_unwritable_place_is_named() {
        let error = write_predictions(Path::new("no/such/folder/predictions.csv"), &example(&[2, 5])).unwrap_err();
        assert!(error.to_string().starts_with("cannot write no/such/folder/predictions.csv: "), "{error}");
    }
}
