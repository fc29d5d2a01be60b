//! curl over https, and the load generators.

use std::process::Command;

use super::super::nginx::Nginx;
use super::super::output;
use super::pki::Pki;
use super::{HELLO, Site, web};
use crate::support::{Dir, HttpLine, Server, assert_same, eventually, noise, reply};

/// A curl that trusts the authority and finds `site.test` at the proxy.
fn curl(pki: &Pki, address: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("curl");
    let port = address.rsplit(':').next().unwrap();
    command.args(["--silent", "--show-error", "--fail", "--max-time", "9", "--noproxy", "*"]);
    command.arg("--cacert").arg(pki.file("ca.crt"));
    command.args(["--connect-to", &format!("site.test:443:127.0.0.1:{port}")]);
    command.args(arguments);
    command
}

fn text(command: &mut Command) -> String {
    String::from_utf8(output(command)).unwrap()
}

#[test]
fn keeps_its_connection() {
    let site = Site::simple("");
    for version in [&["--tls-max", "1.2"][..], &["--tlsv1.3"]] {
        let facts = "%{http_version} %{num_connects} %{ssl_verify_result}\n";
        let words = ["--write-out", facts, "--output", "/dev/null", "https://site.test/?[1-30]"];
        let said = text(curl(&site.pki, site.address(), version).args(words));
        assert_eq!(said, format!("1.1 1 0\n{}", "1.1 0 0\n".repeat(29)));
    }
}

#[test]
fn downloads() {
    let (dir, body) = (Dir::new(), noise(20 << 20));
    dir.write("large", &body);
    let nginx = Nginx::files(dir);
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    let proxy = web(&pki, "crt = \"site.pem\"").server(&nginx.address, "").start();
    for version in [&["--tls-max", "1.2"][..], &["--tlsv1.3"]] {
        let got = output(curl(&pki, proxy.address("web"), version).arg("https://site.test/large"));
        assert_same(&got, &body);
    }
}

#[test]
fn uploads() {
    let (body, len) = (noise(5 << 20), 5 << 20);
    let server = Server::http(move |request| {
        assert_same(&request.body, &noise(len));
        reply("whole")
    });
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    let proxy = web(&pki, "crt = \"site.pem\"").server(&server.address(), "").start();
    let file = pki.dir().write("upload", &body).display().to_string();
    let data = format!("@{file}");
    for words in [
        &["--upload-file", &file][..],
        &["-T", &file, "-H", "Transfer-Encoding: chunked"],
        &["--data-binary", &data, "-H", "Expect:", "--tls-max", "1.2"],
    ] {
        let said = text(curl(&pki, proxy.address("web"), words).arg("https://site.test/"));
        assert_eq!(said, "whole", "{words:?}");
    }
}

/// curl knows us by the authority alone, and by no other name.
#[test]
fn trusts_nobody_else() {
    let site = Site::simple("");
    let port = site.address().rsplit(':').next().unwrap();
    let ask = |arguments: &[&str]| {
        let outcome = curl(&site.pki, site.address(), arguments).output().unwrap();
        outcome.status.code().unwrap()
    };
    assert_eq!(ask(&["https://site.test/"]), 0);
    // 60: the peer's certificate cannot be trusted.
    assert_eq!(
        ask(&[
            "--capath",
            "/dev/null",
            "--cacert",
            "/etc/ssl/certs/ca-certificates.crt",
            "https://site.test/"
        ]),
        60
    );
    assert_eq!(ask(&[&format!("https://127.0.0.1:{port}/")]), 60);
    assert_eq!(ask(&["--insecure", &format!("https://127.0.0.1:{port}/")]), 0);
    site.proxy.log_line(|line| {
        line.ends_with(
            "it sent an alert: it does not know the authority that signed our certificate",
        )
    });
}

#[test]
fn shows_its_certificate() {
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    pki.client("somebody");
    let site = Site::new(pki, "crt = \"site.pem\", verify = \"required\", ca-file = \"ca.crt\"");
    let pem = site.pki.file("somebody.pem").display().to_string();
    let said = text(&mut curl(&site.pki, site.address(), &["--cert", &pem, "https://site.test/"]));
    assert_eq!(said, HELLO);
    let refused = curl(&site.pki, site.address(), &["https://site.test/"]).output().unwrap();
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{refused:?}");
}

/// Plain HTTP where TLS is spoken is no request, and TLS where it is not is none either.
#[test]
fn plain_and_tls_mixed_up() {
    let site = Site::simple("");
    let url = format!("http://{}/", site.address());
    let outcome =
        Command::new("curl").args(["--silent", "--max-time", "9", &url]).output().unwrap();
    // 52: nothing came back; 56: a reset did.
    assert!(matches!(outcome.status.code(), Some(52 | 56)), "{outcome:?}");
    site.proxy
        .log_line(|line| line.contains("web/1: SSL handshake failure: ") && line.contains("HTTP"));
    assert_eq!(site.server.connections(), 0);
}

/// In the log a frontend's name has `~` behind it where its client speaks TLS, and there is how
/// long the handshake took.
#[test]
fn logged() {
    let site = Site::simple("");
    output(curl(&site.pki, site.address(), &["--tlsv1.3"]).arg("https://site.test/1"));
    let suite = "v=TLSv1.3 c=TLS_AES_128_GCM_SHA256";
    let line = site.proxy.log_line(|line| line.contains("GET /1 HTTP/1.1"));
    let handshake =
        line.strip_prefix("web~ app/s1 200 -- th=").and_then(|rest| rest.split(' ').next());
    let handshake_ms: u64 = handshake.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
    assert!(handshake_ms < 9_000 && line.contains(suite), "{line}");
    // As the usual formats have it.
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    let bind =
        "bind = [\"127.0.0.1:0\", { address = \"127.0.0.1:0\", ssl = true, crt = \"site.pem\" }]";
    let web = super::unlogged(&pki).frontend(bind).frontend("option.httplog = true");
    let proxy = web.server(&site.server.address(), "").start();
    let addresses: Vec<String> = proxy
        .stdout
        .now()
        .iter()
        .filter_map(|line| Some(line.split_once("address=")?.1.split(' ').next()?.to_owned()))
        .collect();
    output(Command::new("curl").args(["--silent", &format!("http://{}/plain", addresses[0])]));
    output(curl(&pki, &addresses[1], &[]).arg("https://site.test/secret"));
    for (target, frontend) in [("/plain", "web"), ("/secret", "web~")] {
        let line = proxy.log_line(|line| line.contains(target));
        assert_eq!(HttpLine::parse(&line).frontend, frontend);
    }
}

#[test]
fn wrk() {
    let nginx = Nginx::files(Dir::new());
    let pki = Pki::new();
    pki.pair("certs", &["site.test"]);
    let proxy = web(&pki, "crt = \"certs\"").server(&nginx.address, "").start();
    let url = format!("https://{}/small", proxy.address("web"));
    let said = text(Command::new("wrk").args(["-t", "1", "-c", "32", "-d", "2s", &url]));
    assert!(!said.contains("Socket errors") && !said.contains("Non-2xx"), "{said}");
    let requests = said.lines().find_map(|line| line.trim().split_once(" requests in "));
    assert!(requests.unwrap().0.parse::<usize>().unwrap() > 100, "{said}");
}

#[test]
fn h2load() {
    let nginx = Nginx::files(Dir::new());
    let pki = Pki::new();
    pki.pair("certs", &["site.test"]);
    let proxy = web(&pki, "crt = \"certs\"").server(&nginx.address, "").start();
    let url = format!("https://{}/small", proxy.address("web"));
    let said =
        text(Command::new("h2load").args(["--h1", "-n", "5000", "-c", "50", "-t", "1", &url]));
    let results = "5000 total, 5000 started, 5000 done, 5000 succeeded, 0 failed, 0 errored";
    assert!(said.contains(results), "{said}");
    assert!(said.contains("TLS Protocol: TLSv1.3"), "{said}");
    let log = || std::fs::read_to_string(proxy.dir.file("access.log")).unwrap_or_default();
    eventually("every request is logged", || log().lines().count() >= 5000);
    assert!(log().lines().all(|line| line.starts_with("web~ app/s1 200 -- ")), "{}", log());
}
