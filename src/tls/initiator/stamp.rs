//! What the files of a server were when they were read, to tell whether a reload changes anything.

use std::path::PathBuf;

use aws_lc_rs::digest::{Context, SHA256};
use proxy_config::model::ServerTls;

use crate::tls::{pem, side_files};

/// A digest of a server's files, be they there or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tls) struct Stamp([u8; 32]);

impl Stamp {
    pub(in crate::tls) fn of(tls: &ServerTls) -> Self {
        let mut digest = Context::new(&SHA256);
        for file in files(tls) {
            match pem::read(&file) {
                Ok(content) => {
                    digest.update(&content.len().to_be_bytes());
                    digest.update(&content);
                }
                Err(_) => digest.update(&u64::MAX.to_be_bytes()),
            }
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.finish().as_ref());
        Self(bytes)
    }
}

/// The files that are read for a server, and those that would be if they were there. The system's
/// authorities are not among them.
pub(in crate::tls) fn files(tls: &ServerTls) -> Vec<PathBuf> {
    let named = [&tls.ca_file, &tls.crl_file, &tls.crt].into_iter().flatten().cloned();
    let crt = tls.crt.iter();
    named.chain(crt.flat_map(|crt| side_files::all(crt, tls.key_base.as_deref()))).collect()
}
