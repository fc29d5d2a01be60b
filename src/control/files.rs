//! Files that a configuration names, read at the start and again when they change.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Configurations, pages, maps and lists of patterns are smaller by far.
const FILE_MAX: u64 = 32 << 20;

/// The content of a file.
///
/// # Errors
/// It cannot be read, or is too large.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(FILE_MAX + 1).read_to_end(&mut content)?;
    if u64::try_from(content.len()).is_ok_and(|length| length > FILE_MAX) {
        return Err(io::Error::other(format!("it has more than {FILE_MAX} bytes")));
    }
    Ok(content)
}

/// As [`read_file`], where nobody may be made to wait, as the other end of a pipe does.
///
/// # Errors
/// Also where it is no regular file.
pub(super) fn read_again(path: &Path) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    read_file(path)
}
