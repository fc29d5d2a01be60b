//! The folders in which something can happen to a path: those that it leads through, and those that
//! symbolic links on it lead through.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// Links that are followed on the way to one file, as in Linux.
const LINKS_MAX: usize = 40;

/// What of a folder matters.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Interest {
    is_all: bool,
    names: BTreeSet<OsString>,
}

impl Interest {
    pub(super) fn includes(&self, name: &[u8]) -> bool {
        self.is_all || self.names.contains(OsStr::from_bytes(name))
    }

    pub(super) fn join(&mut self, other: Self) {
        self.is_all |= other.is_all;
        self.names.extend(other.names);
    }
}

/// The folders that there are on the way to `paths`, and in them to the files of those that are
/// folders.
pub(super) fn folders<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> BTreeMap<PathBuf, Interest> {
    let mut found = BTreeMap::new();
    for path in paths {
        let Some(end) = walk(path, &mut found) else { continue };
        let Ok(entries) = std::fs::read_dir(&end) else { continue };
        interest(&mut found, &end).is_all = true;
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                walk(&entry.path(), &mut found);
            }
        }
    }
    found
}

/// Where `path` leads to, if it leads to something that exists.
fn walk(path: &Path, found: &mut BTreeMap<PathBuf, Interest>) -> Option<PathBuf> {
    let mut reached = PathBuf::from("/");
    // The last is the next.
    let mut ahead = parts(&std::path::absolute(path).ok()?);
    let mut links_left = LINKS_MAX;
    while let Some(part) = ahead.pop() {
        if part == ".." {
            reached.pop();
            continue;
        }
        interest(found, &reached).names.insert(part.clone());
        let next = reached.join(&part);
        let Ok(link) = std::fs::read_link(&next) else {
            next.symlink_metadata().ok()?;
            reached = next;
            continue;
        };
        links_left = links_left.checked_sub(1)?;
        if link.is_absolute() {
            reached = PathBuf::from("/");
        }
        ahead.extend(parts(&link));
    }
    Some(reached)
}

/// Names and `..`, the first of them last.
fn parts(path: &Path) -> Vec<OsString> {
    let part = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().rev().filter_map(part).collect()
}

fn interest<'a>(found: &'a mut BTreeMap<PathBuf, Interest>, folder: &Path) -> &'a mut Interest {
    found.entry(folder.to_owned()).or_default()
}
