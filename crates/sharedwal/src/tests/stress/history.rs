//! What the database contained at each version. The log gives commits a total order, so a version
//! stands for a prefix of them, and everybody who looks at it must find the same.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::ledger::Look;

/// Versions that are kept: nobody looks at older ones.
const KEPT: usize = 200_000;

#[derive(Default)]
struct Version {
    /// What writers were about to commit. More than one, if the first of them died of it.
    intended: Vec<Look>,
    /// What it turned out to be.
    settled: Option<Look>,
    acknowledged: bool,
}

/// The commits so far.
#[derive(Default)]
pub struct History(Mutex<BTreeMap<u64, Version>>);

impl History {
    fn with<T>(&self, f: impl FnOnce(&mut BTreeMap<u64, Version>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Somebody is about to commit this.
    pub fn intend(&self, look: Look) {
        self.with(|versions| {
            versions.entry(look.version).or_default().intended.push(look);
            if versions.len() > KEPT {
                versions.pop_first();
            }
        });
    }

    /// Somebody has committed this.
    pub fn acknowledge(&self, look: Look) {
        self.with(|versions| {
            let version = versions.entry(look.version).or_default();
            version.settle(look);
            assert!(!version.acknowledged, "two commits of version {}", look.version);
            version.acknowledged = true;
        });
    }

    /// Somebody sees this.
    pub fn see(&self, look: Look) {
        self.with(|versions| versions.entry(look.version).or_default().settle(look));
    }
}

impl Version {
    fn settle(&mut self, look: Look) {
        assert!(self.intended.contains(&look), "nobody committed {look:?}, but {:?}", self.intended);
        let settled = *self.settled.get_or_insert(look);
        assert_eq!(look, settled, "one version, and two contents");
    }
}
