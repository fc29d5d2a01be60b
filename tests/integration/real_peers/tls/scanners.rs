//! Scanners of TLS servers, towards a bind of which only `ssl` and `crt` are written.

use std::process::Command;

use super::super::output;
use super::Site;
use super::pki::Pki;

/// A site that scanners reach by its name, with an RSA and an ECDSA certificate, each with what its
/// authority says of it.
fn site(words: &str) -> Site {
    let pki = Pki::new();
    pki.pair("certs", &["localhost"]);
    pki.staple("ecdsa", "certs/ecdsa.pem.ocsp");
    pki.staple("rsa", "certs/rsa.pem.ocsp");
    Site::new(pki, &format!("crt = \"certs\"{words}"))
}

fn target(site: &Site) -> String {
    format!("localhost:{}", site.address().rsplit(':').next().unwrap())
}

/// Escapes with which sslscan shows what is bad, and what is not good.
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";

/// Without groups: one of TLS 1.2 it knows only by a record of its own, for which it waits.
#[test]
fn sslscan() {
    let site = site("");
    let said = output(Command::new("sslscan").args(["--no-groups", &target(&site)]));
    let said = String::from_utf8(said).unwrap();
    // What it was built without is no matter of ours.
    let is_its_own =
        |line: &&str| line.contains("OpenSSL version") || line.contains("Rebuild with");
    let (own, rest): (Vec<&str>, Vec<&str>) = said.lines().partition(is_its_own);
    assert!(own.len() <= 2, "{own:#?}");
    let bad: Vec<_> =
        rest.iter().filter(|line| line.contains(RED) || line.contains(YELLOW)).collect();
    assert!(bad.is_empty(), "{bad:#?} of {said}");
    for line in [
        "SSLv2     \x1b[32mdisabled",
        "SSLv3     \x1b[32mdisabled",
        "TLSv1.0   \x1b[32mdisabled",
        "TLSv1.1   disabled",
        "TLSv1.2   enabled",
        "TLSv1.3   \x1b[32menabled",
        "Server \x1b[32msupports\x1b[0m TLS Fallback SCSV",
    ] {
        assert!(rest.iter().any(|said| said.starts_with(line)), "{line} in {said}");
    }
    let suites = rest.iter().filter(|line| line.contains(" bits  "));
    assert_eq!(suites.count(), 9, "{said}");
}

/// Where `scripts/test` puts what no distribution has.
const SSLYZE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/sslyze/bin/sslyze");

/// Compliant with a configuration that Mozilla recommends.
fn sslyze(site: &Site, configuration: &str) {
    let ca = site.pki.file("ca.crt");
    let mut command = Command::new(SSLYZE);
    command.arg("--certinfo_ca_file").arg(ca).arg(format!("--mozilla_config={configuration}"));
    let said = String::from_utf8(output(command.arg(target(site)))).unwrap();
    let verdict = said.lines().rfind(|line| line.contains("OK - Compliant"));
    assert!(verdict.is_some(), "{said}");
}

#[test]
fn sslyze_intermediate() {
    sslyze(&site(""), "intermediate");
}

#[test]
fn sslyze_modern() {
    sslyze(&site(", ssl-min-ver = \"TLSv1.3\""), "modern");
}

/// Findings that are not about the proxy, by how their ids and texts begin: whether a domain's DNS
/// says who may sign for it, and that the scanner hung up before a ticket of TLS 1.3 could come,
/// which it does by chance. Other tests are about sessions.
const NOT_OURS: [(&str, &str); 2] = [
    ("DNS_CAArecord", ""),
    ("sessionresumption_ticket", "check failed because of connect problem"),
];

/// Protocols, suites, forward secrecy, preferences, certificates as they are served, weaknesses.
///
/// Left out: simulated clients and single suites (`-c`, `-e`), which say again what these say, and
/// the fields of HTTP responses (`-h`), which are the server's.
#[test]
fn testssl() {
    let site = site("");
    let findings = site.pki.file("findings.json");
    let mut command = Command::new("testssl");
    command.args([
        "--quiet",
        "--color",
        "0",
        "--warnings",
        "off",
        "--nodns",
        "none",
        "--ip",
        "127.0.0.1",
    ]);
    command.arg("--add-ca").arg(site.pki.file("ca.crt")).arg("--jsonfile").arg(&findings);
    command.args(["-p", "-s", "-f", "-P", "-S", "-U"]).arg(target(&site));
    let said = command.output().unwrap();
    let text = std::fs::read_to_string(&findings)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&said.stdout)));
    let found: Vec<[String; 3]> = text.split('{').skip(1).map(finding).collect();
    assert!(found.len() > 80, "{text}");
    let is_bad = |[id, severity, said]: &&[String; 3]| {
        let mut others = NOT_OURS.iter();
        let is_ours = !others.any(|(other, text)| id.starts_with(other) && said.starts_with(text));
        is_ours && severity != "OK" && severity != "INFO"
    };
    let bad: Vec<_> = found.iter().filter(is_bad).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    for (id, text) in [
        ("SSLv3", "not offered"),
        ("TLS1", "not offered"),
        ("TLS1_1", "not offered"),
        ("TLS1_3", "offered with final"),
        ("fallback_SCSV", "no protocol below TLS 1.2 offered"),
        ("OCSP_stapling <cert#1>", "offered"),
        ("OCSP_stapling <cert#2>", "offered"),
        ("heartbleed", "not vulnerable, no heartbeat extension"),
    ] {
        let found = found.iter().find(|[found, ..]| found == id);
        assert!(found.is_some_and(|[.., said]| said.starts_with(text)), "{id}: {found:?}");
    }
}

/// Id, severity and text of an entry of testssl's file, whose strings have no quotes in them.
fn finding(entry: &str) -> [String; 3] {
    ["id", "severity", "finding"].map(|key| {
        let value = entry.split_once(&format!("\"{key}\"")).map_or("", |(_, rest)| rest);
        value.split('"').nth(1).unwrap_or_default().to_owned()
    })
}
