//! By what a changed file is told from one that is as before.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The files of some paths, as they were at a time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stamps(BTreeMap<PathBuf, Option<Stamp>>);

#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    len: u64,
    modified: (i64, i64),
    /// Also when it became readable, or has its old time of modification again.
    altered: (i64, i64),
}

impl Stamps {
    /// Of folders, their files.
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        let mut stamps = Self::default();
        for path in paths {
            match std::fs::read_dir(path) {
                Ok(entries) => entries.flatten().for_each(|entry| stamps.add(&entry.path())),
                Err(_) => stamps.add(path),
            }
        }
        stamps
    }

    /// Whether a file that was there, or missing, then too is another one now.
    pub(super) fn have_changed_since(&self, before: &Self) -> bool {
        self.0.iter().any(|(path, now)| before.0.get(path).is_some_and(|then| then != now))
    }

    fn add(&mut self, path: &Path) {
        let metadata = path.metadata().ok();
        if !metadata.as_ref().is_some_and(Metadata::is_dir) {
            self.0.insert(path.to_owned(), metadata.as_ref().map(Stamp::of));
        }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            altered: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}
