//! Checkpoints: a run that was killed at any moment goes on to the same bits.
//!
//! Each group of members writes its own file, whole or not at all. `plan.json` holds what the run is: the fingerprint of
//! options and data, and how members are grouped.

use array_api::{Array, Error, Namespace, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::files::{failed, write_atomically};
use crate::options::Options;
use crate::store::{load, save};
use crate::train::{Group, GroupState};

/// How often training state is written.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    /// The folder, made if it is not there.
    pub folder: PathBuf,
    /// Epochs between two checkpoints.
    pub every: u64,
    /// Whether a run that is already in the folder is continued; otherwise it is refused.
    pub resume: bool,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Plan {
    version: u32,
    fingerprint: String,
    groups: Vec<Vec<usize>>,
}

/// What a run is, as a hash: other options or data must not continue it.
pub(crate) fn fingerprint(options: &Options, xp: &Namespace, x: &Array, y: &Array) -> Result<String> {
    let mut hash = Sha256::new();
    let options = serde_json::to_vec(options).map_err(|e| Error::backend("checkpoint", e.to_string()))?;
    hash.update(options);
    hash.update(xp.to_string());
    for a in [x, y] {
        hash.update(format!("{}{}", a.dtype(), a.dims()));
        for v in a.to_host()?.to_f64()? {
            hash.update(v.to_bits().to_le_bytes());
        }
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

impl Checkpoints {
    fn plan(&self) -> PathBuf {
        self.folder.join("plan.json")
    }

    fn file(&self, group: &[usize]) -> PathBuf {
        self.folder.join(format!("group-{:05}.safetensors", group.first().copied().unwrap_or(0)))
    }

    /// Starts or continues a run: gives the grouping to use.
    pub(crate) fn open(&self, fingerprint: &str, groups: Vec<Vec<usize>>) -> Result<Vec<Vec<usize>>> {
        std::fs::create_dir_all(&self.folder).map_err(|e| failed("checkpoint", &self.folder, &e))?;
        let path = self.plan();
        if !path.exists() {
            let plan = Plan { version: 1, fingerprint: fingerprint.into(), groups };
            let text = serde_json::to_vec_pretty(&plan).map_err(|e| Error::backend("checkpoint", e.to_string()))?;
            write_atomically(&path, &text)?;
            return Ok(plan.groups);
        }
        if !self.resume {
            let message = format!(
                "{} already holds a run; continue it with resume, or use another folder",
                self.folder.display()
            );
            return Err(Error::value("checkpoint", message));
        }
        let text = std::fs::read(&path).map_err(|e| failed("checkpoint", &path, &e))?;
        let plan: Plan = serde_json::from_slice(&text)
            .map_err(|e| Error::backend("checkpoint", format!("{} is not a checkpoint's plan: {e}", path.display())))?;
        if plan.version != 1 || plan.fingerprint != fingerprint {
            let message = format!(
                "{} holds a run with other data, options or backend; give the same ones to resume it, or use another folder",
                self.folder.display()
            );
            return Err(Error::value("resume", message));
        }
        Ok(plan.groups)
    }

    /// Writes a group's state after an epoch.
    pub(crate) fn write(
        &self,
        fingerprint: &str,
        group: &Group<'_>,
        state: &GroupState,
        epoch: u64,
        done: bool,
    ) -> Result<()> {
        let metadata = HashMap::from([
            ("fingerprint".to_string(), fingerprint.to_string()),
            ("epoch".to_string(), epoch.to_string()),
            ("done".to_string(), done.to_string()),
            ("losses".to_string(), state.losses.len().to_string()),
        ]);
        save(&self.file(&group.members), state, metadata)
    }

    /// The last state of a group that was written, with its epoch and whether it is the last one.
    pub(crate) fn read(
        &self,
        fingerprint: &str,
        group: &Group<'_>,
        xp: &Namespace,
    ) -> Result<Option<(GroupState, u64, bool)>> {
        let path = self.file(&group.members);
        if !path.exists() {
            return Ok(None);
        }
        let stored = load(&path)?;
        if stored.meta("fingerprint")? != fingerprint {
            return Err(Error::value("resume", format!("{} belongs to another run", path.display())));
        }
        let number = |name: &str| -> Result<u64> {
            let bad = |_| Error::value("resume", format!("{}: metadata `{name}` is not a number", path.display()));
            stored.meta(name)?.parse().map_err(bad)
        };
        let mut like = group.begin()?;
        let loss = xp.zeros(([group.members.len(), 1], group.member.options.dtype))?;
        like.losses = vec![loss; number("losses")? as usize];
        let state = stored.tree(xp, "", &like)?;
        Ok(Some((state, number("epoch")?, stored.meta("done")? == "true")))
    }
}

/// Whether a folder holds a checkpoint.
pub fn has_checkpoint(folder: &Path) -> bool {
    folder.join("plan.json").exists()
}
