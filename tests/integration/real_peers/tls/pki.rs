//! Certificates made with OpenSSL's own tools, in a directory that goes away with the test.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use super::super::output;
use crate::support::Dir;

const CONFIG: &str = "
[ca]
default_ca = ours
[ours]
database = $ENV::PKI/index.txt
new_certs_dir = $ENV::PKI
certificate = $ENV::PKI/$ENV::CA.crt
private_key = $ENV::PKI/$ENV::CA.key
rand_serial = yes
unique_subject = no
default_md = sha256
default_days = 90
default_crl_days = 30
crlnumber = $ENV::PKI/crlnumber
crl_extensions = list
policy = any
[any]
commonName = supplied
organizationName = optional
[req]
distinguished_name = nobody
[nobody]
[list]
authorityKeyIdentifier = keyid
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash
";

/// What scanners expect of a certificate; a certificate without names is a client's.
const SERVER: &str = "
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = 2.23.140.1.2.1
crlDistributionPoints = URI:http://crl.ca.test/ca.crl
authorityInfoAccess = OCSP;URI:http://ocsp.ca.test
";
const CLIENT: &str = "
basicConstraints = critical, CA:FALSE
extendedKeyUsage = clientAuth
";

/// A kind of key, in the words of `openssl genpkey`.
#[derive(Clone, Copy)]
pub(super) enum Key {
    Ecdsa,
    Rsa,
}

impl Key {
    fn words(self) -> [&'static str; 4] {
        match self {
            Self::Ecdsa => ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Self::Rsa => ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        }
    }
}

/// A certificate to be made.
pub(super) struct Request<'a> {
    /// Of the files: `NAME.pem` has certificate and key, `NAME.crt` and `NAME.key` one of them.
    pub(super) name: &'a str,
    /// Of the files of the authority.
    pub(super) ca: &'a str,
    pub(super) key: Key,
    /// DNS names; a client has none, and is called NAME.
    pub(super) names: &'a [&'a str],
    /// Since long ago.
    pub(super) is_expired: bool,
}

/// The authority `ca`, and what it signed.
pub(super) struct Pki(Dir);

impl Pki {
    pub(super) fn new() -> Self {
        let pki = Self(Dir::new());
        pki.0.write("ca.cnf", CONFIG);
        pki.0.write("index.txt", "");
        pki.0.write("crlnumber", "01");
        pki.0.write("server.ext", SERVER);
        pki.authority("ca");
        pki
    }

    /// Its directory, for configurations.
    pub(super) fn path(&self) -> String {
        self.0.path().display().to_string()
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.file(name)
    }

    pub(super) fn dir(&self) -> &Dir {
        &self.0
    }

    fn openssl(&self, ca: &str, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new("openssl");
        command.current_dir(self.0.path()).env("PKI", self.0.path()).env("CA", ca);
        output(command.args(arguments))
    }

    /// A self-signed certificate `NAME.crt` with its key `NAME.key`.
    pub(super) fn authority(&self, name: &str) {
        let (crt, key) = (format!("{name}.crt"), format!("{name}.key"));
        self.generate(&key, Key::Ecdsa);
        let subject = format!("/CN=Authority {name}");
        let words = ["-config", "ca.cnf", "-extensions", "authority", "-days", "3650"];
        let files = ["-subj", &subject, "-key", &key, "-out", &crt];
        self.openssl(name, &[&["req", "-x509", "-new"][..], &words, &files].concat());
    }

    fn generate(&self, file: &str, key: Key) {
        self.openssl("", &[&["genpkey", "-out", file][..], &key.words()].concat());
    }

    /// A server's certificate with an ECDSA key.
    pub(super) fn issue(&self, name: &str, names: &[&str]) {
        self.make(&Request { name, ca: "ca", key: Key::Ecdsa, names, is_expired: false });
    }

    /// A client's certificate.
    pub(super) fn client(&self, name: &str) {
        self.issue(name, &[]);
    }

    pub(super) fn make(&self, request: &Request<'_>) {
        let Request { name, ca, key, names, is_expired } = request;
        let file = |ending: &str| format!("{name}.{ending}");
        self.generate(&file("key"), *key);
        let common = names.first().unwrap_or(name);
        let subject = format!("/O=Test/CN={common}");
        let (csr, crt, key) = (file("csr"), file("crt"), file("key"));
        let asking = ["req", "-new", "-config", "ca.cnf", "-subj", &subject];
        self.openssl(ca, &[&asking[..], &["-key", &key, "-out", &csr]].concat());
        let alternatives: Vec<_> = names.iter().map(|name| format!("DNS:{name}")).collect();
        let extensions = match names.is_empty() {
            true => CLIENT.to_owned(),
            false => format!("{SERVER}subjectAltName = {}\n", alternatives.join(",")),
        };
        self.0.write(&file("ext"), extensions);
        let signing = ["ca", "-batch", "-notext", "-config", "ca.cnf", "-in", &csr, "-out", &crt];
        let times: &[&str] = match is_expired {
            true => &["-startdate", "20250101000000Z", "-enddate", "20250201000000Z"],
            false => &[],
        };
        self.openssl(ca, &[&signing[..], &["-extfile", &file("ext")], times].concat());
        self.bundle(name, &file("pem"));
    }

    /// Writes certificate and key of NAME to a file of their own, as one.
    pub(super) fn bundle(&self, name: &str, file: &str) {
        self.write_private(
            file,
            &[self.read(&format!("{name}.crt")), self.read(&format!("{name}.key"))].concat(),
        );
    }

    pub(super) fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.0.file(file)).unwrap()
    }

    /// Writes in place, as an editor does that keeps the file.
    pub(super) fn write_private(&self, file: &str, bytes: &[u8]) {
        let path = self.0.write(file, bytes);
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub(super) fn folder(&self, name: &str) {
        std::fs::create_dir(self.0.file(name)).unwrap();
    }

    /// `folder` with an ECDSA and an RSA certificate for the same names, side by side.
    pub(super) fn pair(&self, folder: &str, names: &[&str]) {
        self.folder(folder);
        for (name, key) in [("ecdsa", Key::Ecdsa), ("rsa", Key::Rsa)] {
            self.make(&Request { name, ca: "ca", key, names, is_expired: false });
            self.bundle(name, &format!("{folder}/{name}.pem"));
        }
    }

    /// Says in `FILE` that NAME's certificate is good.
    pub(super) fn staple(&self, name: &str, file: &str) {
        let crt = format!("{name}.crt");
        let ours =
            ["-index", "index.txt", "-CA", "ca.crt", "-rsigner", "ca.crt", "-rkey", "ca.key"];
        let asked = ["-issuer", "ca.crt", "-cert", &crt, "-respout", file, "-ndays", "7"];
        self.openssl("ca", &[&["ocsp"][..], &ours, &asked].concat());
    }

    pub(super) fn revoke(&self, name: &str) {
        let crt = format!("{name}.crt");
        self.openssl("ca", &["ca", "-config", "ca.cnf", "-revoke", &crt]);
    }

    /// Lists all that was revoked in `FILE`.
    pub(super) fn list_revoked(&self, file: &str) {
        self.openssl("ca", &["ca", "-config", "ca.cnf", "-gencrl", "-out", file]);
    }

    /// A file for `tls-ticket-keys`.
    pub(super) fn ticket_keys(&self, file: &str) {
        let line = || self.openssl("", &["rand", "-base64", "48"]);
        self.write_private(file, &[line(), line(), line()].concat());
    }
}
