//! The folder of a saved model: weights, how columns become features, and what intervals are made of.

use std::fs;
use std::path::Path;

use array_api::Namespace;
use ensemble::Model;
use ensemble::conformal::conformal_quantile;
use ensemble::special::normal_quantile;
use serde::{Deserialize, Serialize};

use crate::table::encoding::Encoding;
use program::failure::{Failure, Outcome, fail};
use program::files::write_atomically;

/// What stands beside the weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Beside {
    version: u32,
    /// From columns to features.
    pub(crate) encoding: Encoding,
    /// Where intervals get their width from.
    pub(crate) intervals: Width,
}

/// How many standard deviations an interval reaches to either side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Width {
    /// Those of the normal distribution.
    Normal,
    /// What rows that were not trained on needed: their distances from the mean in predicted standard deviations.
    Conformal {
        /// In any order.
        scores: Vec<f64>,
    },
}

impl Width {
    /// Standard deviations to either side at this level.
    pub(crate) fn factor(&self, level: f64) -> Outcome<f64> {
        match self {
            Width::Normal => Ok(normal_quantile(0.5 + 0.5 * level)),
            Width::Conformal { scores } => {
                conformal_quantile(scores, level).map_err(|e| Failure(format!("--level {level}: {}", e.message())))
            }
        }
    }
}

const WEIGHTS: &str = "model.safetensors";
const BESIDE: &str = "encoding.json";

/// Writes the folder `OUT/model`, whole or not at all: both files are made in another folder that then takes the name.
pub(crate) fn save(out: &Path, model: &Model, encoding: Encoding, intervals: Width) -> Outcome<()> {
    let (folder, fresh, old) = (out.join("model"), out.join(".model.new"), out.join(".model.old"));
    let refused = |e: std::io::Error| Failure(format!("the model cannot be written to {}: {e}", folder.display()));
    for left in [&fresh, &old] {
        if left.exists() {
            fs::remove_dir_all(left).map_err(refused)?;
        }
    }
    fs::create_dir(&fresh).map_err(refused)?;
    model.save(&fresh.join(WEIGHTS))?;
    write_atomically(&fresh.join(BESIDE), &serde_json::to_vec_pretty(&Beside { version: 1, encoding, intervals })?)?;
    if folder.exists() {
        fs::rename(&folder, &old).map_err(refused)?;
    }
    fs::rename(&fresh, &folder).map_err(refused)?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(refused)?;
    }
    Ok(())
}

/// Reads the folder.
pub(crate) fn load(folder: &Path, xp: &Namespace) -> Outcome<(Model, Beside)> {
    let path = folder.join(BESIDE);
    let text = fs::read(&path).map_err(|e| {
        Failure(format!(
            "{} cannot be read: {e}; --model takes the folder `model` that a training wrote into its --out",
            path.display()
        ))
    })?;
    let again = "train the model again, or copy its folder again";
    let beside: Beside = serde_json::from_slice(&text)
        .map_err(|e| Failure(format!("{} is not what a training writes ({e}); {again}", path.display())))?;
    if beside.version != 1 {
        return fail(format!("{} has version {}; this program reads 1", path.display(), beside.version));
    }
    let weights = folder.join(WEIGHTS);
    let model = Model::load(&weights, xp, None).map_err(|e| Failure(format!("{e}; {again}")))?;
    let features = beside.encoding.feature_names().len();
    if model.inputs() != features {
        return fail(format!(
            "{} takes {} inputs but {} gives {features}: the files are of different trainings; {again}",
            weights.display(),
            model.inputs(),
            path.display()
        ));
    }
    Ok((model, beside))
}
