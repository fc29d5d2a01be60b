//! Versions of HAProxy: which defaults a file was written for.

use std::fmt;
use std::str::FromStr;

/// A version of HAProxy, such as 2.4 or 3.0.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
    /// The highest there may be where only the branch is known.
    patch: u32,
}

impl Version {
    /// A branch as a whole.
    pub const fn branch(major: u32, minor: u32) -> Self {
        Self { major, minor, patch: u32::MAX }
    }

    /// Whether it is of this branch or a later one.
    pub(super) fn is_from(self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }

    /// The version that a condition of a file asks about; what is left out is 0, and what follows
    /// a `-` does not count.
    pub(super) fn asked(text: &str) -> Option<Self> {
        let mut numbers = [0; 3];
        let release = text.split('-').next().unwrap_or("");
        for (nth, part) in release.split('.').enumerate() {
            *numbers.get_mut(nth)? = part.parse().ok()?;
        }
        let [major, minor, patch] = numbers;
        Some(Self { major, minor, patch })
    }
}

/// The last branch before the defaults of balancing, of `abortonclose` and of `sni-auto` moved.
impl Default for Version {
    fn default() -> Self {
        Self::branch(3, 2)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let asked = Self::asked(text).filter(|_| text.contains('.'));
        let version = asked.ok_or_else(|| "write a version such as 2.4 or 3.0".to_owned())?;
        let is_branch = text.matches('.').count() == 1;
        Ok(if is_branch { Self::branch(version.major, version.minor) } else { version })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_releases_do() {
        let version = |text: &str| Version::asked(text).unwrap();
        assert!(version("2.10") > version("2.9"));
        assert!(version("2.4") < version("2.4.1"));
        assert_eq!(version("2.4-dev5"), version("2.4.0"));
        assert!("3.2".parse::<Version>().unwrap() > version("3.2.9"));
        assert!("3.2.1".parse::<Version>().unwrap() < version("3.2.9"));
        for bad in ["", "x", "3", "3.", "3.x", "1.2.3.4", "-1.2"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }
}
