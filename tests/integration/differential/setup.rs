//! What has to change around an example for it to run on any machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::Dir;
use crate::support::tls::{Authority, Identity};

/// The certificate of the server that speaks TLS.
pub(super) const SERVER: &str = "server.pem";

/// Requests of checks come when they come: what is not compared.
#[derive(Default)]
pub(super) struct Setup {
    /// Texts of the configuration, and what stands there instead.
    replaced: Vec<(String, String)>,
    /// What lines begin with that are left out.
    dropped: Vec<String>,
    /// Fields whose values have to differ.
    pub(super) masks: Vec<String>,
    /// Targets of checks.
    pub(super) checks: Vec<String>,
    pub(super) pki: Option<Pki>,
    dir: Option<Dir>,
}

/// An authority, and what it signed, by the names of the files.
pub(super) struct Pki {
    pub(super) authority: Authority,
    pub(super) identities: BTreeMap<String, Identity>,
}

impl Setup {
    /// Takes a line. A reason may stand behind ` # `, and is for the reader.
    pub(super) fn add(&mut self, line: &str) {
        let line = line.split(" # ").next().unwrap().trim_end();
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "replace" => {
                let (text, by) = rest.split_once(" => ").unwrap();
                self.replaced.push((text.to_owned(), by.to_owned()));
            }
            "drop" => self.dropped.push(rest.to_owned()),
            "mask" => self.masks.push(rest.to_owned()),
            "checks" => self.checks.push(rest.to_owned()),
            "certificate" => self.issue(rest),
            _ => panic!("unknown: {line}"),
        }
    }

    /// `FILE NAME...`
    fn issue(&mut self, rest: &str) {
        let mut words = rest.split(' ');
        let file = words.next().unwrap().to_owned();
        let names: Vec<&str> = words.collect();
        let pki = self.pki.get_or_insert_with(|| Pki {
            authority: Authority::new(),
            identities: BTreeMap::new(),
        });
        pki.identities.insert(file, pki.authority.issue(&names));
    }

    /// Writes the configuration as it runs here, and the certificates beside it.
    pub(super) fn write(&mut self, config: &Path) -> PathBuf {
        let dir = self.dir.insert(Dir::new());
        if let Some(pki) = &self.pki {
            dir.write("ca.pem", pki.authority.pem());
            pki.identities.iter().for_each(|(file, identity)| {
                dir.write(file, &identity.pem);
            });
        }
        let mut text = std::fs::read_to_string(config).unwrap();
        for start in &self.dropped {
            let is_kept = |line: &&str| !line.trim_start().starts_with(start);
            let kept: String = text.split_inclusive('\n').filter(is_kept).collect();
            assert_ne!(kept, text, "no line begins with {start}");
            text = kept;
        }
        for (old, new) in &self.replaced {
            let new = new.replace("$DIR", &dir.path().to_string_lossy());
            assert!(text.contains(old), "{old} is not in it");
            text = text.replace(old, &new);
        }
        dir.write("example.cfg", text)
    }
}
