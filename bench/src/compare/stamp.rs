//! When, and of which revision: what names a report.

use crate::Result;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The short revision, marked when files differ from it.
pub(crate) fn revision() -> String {
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
    let mark = if changed.is_some_and(|list| !list.is_empty()) { " with changes" } else { "" };
    format!("{}{mark}", short_revision())
}

fn short_revision() -> String {
    git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "norev".to_owned())
}

/// `bench/results` of the repository, or of the current directory outside of one.
pub(crate) fn default_dir() -> PathBuf {
    let root = git(&["rev-parse", "--show-toplevel"]).unwrap_or_default();
    Path::new(&root).join("bench/results")
}

/// `DATE-REVISION.md`, with a number when that is taken.
pub(crate) fn unused_name(dir: &Path) -> Result<PathBuf> {
    let stem = format!("{}-{}", today()?, short_revision());
    let names = std::iter::once(format!("{stem}.md"))
        .chain((2..1000).map(|number| format!("{stem}-{number}.md")));
    names
        .map(|name| dir.join(name))
        .find(|path| !path.exists())
        .ok_or_else(|| "too many results of this day".into())
}

/// Today, UTC, as `YYYY-MM-DD`.
pub(crate) fn today() -> Result<String> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let (year, month, day) = date_of_day(seconds / 86_400);
    Ok(format!("{year:04}-{month:02}-{day:02}"))
}

/// The civil date of a day counted from 1970-01-01.
fn date_of_day(days: u64) -> (u64, u64, u64) {
    // Years that begin in March: the leap day is the last one (the usual algorithm).
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let is_next_year = month >= 10;
    let month = if is_next_year { month - 9 } else { month + 3 };
    (era * 400 + year + u64::from(is_next_year), month, day)
}

#[cfg(test)]
mod tests {
    use super::date_of_day;

    #[test]
    fn dates() {
        assert_eq!(date_of_day(0), (1970, 1, 1));
        assert_eq!(date_of_day(19_782), (2024, 2, 29));
        assert_eq!(date_of_day(20_779), (2026, 11, 22));
    }
}
