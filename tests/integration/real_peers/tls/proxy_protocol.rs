//! The PROXY protocol before TLS, on either side.

use std::process::Command;

use super::super::haproxy::Haproxy;
use super::super::nginx::Nginx;
use super::super::output;
use super::pki::Pki;
use super::{based, to_origin, web};
use crate::support::{Dir, Server, reply};

/// Where the client is; everybody else is at 127.0.0.1.
const CLIENT: &str = "127.1.2.4";

/// Asks once over https or http. Returns the client's address, and what it was told.
fn ask(url: &str) -> (String, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail", "--insecure", "--max-time", "9"]);
    command.args(["--interface", CLIENT, "--write-out", "\n%{local_port}", url]);
    let said = String::from_utf8(output(&mut command)).unwrap();
    let (told, port) = said.rsplit_once('\n').unwrap();
    (format!("{CLIENT}:{port}"), told.to_owned())
}

fn pki() -> Pki {
    let pki = Pki::new();
    pki.issue("origin", &["origin.test"]);
    pki.issue("site", &["site.test"]);
    pki
}

/// In every combination of modes and of TLS towards the client, the header comes in the clear, then
/// TLS begins.
fn to(pki: &Pki, server: &str) {
    let words = ["send-proxy = true", "send-proxy-v2 = true", "send-proxy-v2-ssl-cn = true"];
    let frontend = |scheme: &str| match scheme {
        "https" => web(pki, "crt = \"site.pem\""),
        _ => based(pki),
    };
    for words in words {
        for scheme in ["http", "https"] {
            for is_tcp in [false, true] {
                let web = if is_tcp { frontend(scheme).tcp() } else { frontend(scheme) };
                let proxy = web.server(server, &to_origin(&format!(", {words}"))).start();
                let (client, told) = ask(&format!("{scheme}://{}/", proxy.address("web")));
                let said = format!("{words} {scheme} {is_tcp}: {told}");
                assert!(told.starts_with(&format!("{client} TLSv1.3 ")), "{said}");
            }
        }
    }
}

#[test]
fn to_haproxy() {
    let pki = pki();
    let haproxy = Haproxy::start(&format!(
        "frontend f\n  bind fd@0 accept-proxy ssl crt {}\n  http-request return status 200 \
         content-type text/plain lf-string \"%ci:%cp %[ssl_fc_protocol] %[ssl_fc_sni]\"",
        pki.file("origin.pem").display()
    ));
    to(&pki, &haproxy.address);
}

#[test]
fn to_nginx() {
    let pki = pki();
    let within = format!(
        "ssl_protocols TLSv1.3; ssl_certificate {}; ssl_certificate_key {}; \
         location / {{ default_type text/plain; \
         return 200 \"$proxy_protocol_addr:$proxy_protocol_port $ssl_protocol \
         $ssl_server_name\"; }}",
        pki.file("origin.crt").display(),
        pki.file("origin.key").display()
    );
    let nginx = Nginx::start_bound(Dir::new(), "ssl proxy_protocol", "", &within);
    to(&pki, &nginx.address);
}

/// From HAProxy, which speaks TLS to us behind its header.
#[test]
fn from_haproxy() {
    let pki = pki();
    let server =
        Server::http(|request| reply(request.field("x-forwarded-for").unwrap_or("nobody")));
    let web =
        web(&pki, "crt = \"site.pem\", accept-proxy = true").frontend("option.forwardfor = true");
    let proxy = web.server(&server.address(), "").start();
    let ca = pki.file("ca.crt").display().to_string();
    for words in ["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl"] {
        let ssl = format!("ssl verify required ca-file {ca} sni str(site.test) {words}");
        let haproxy = Haproxy::before(proxy.address("web"), &ssl, "");
        let (_, told) = ask(&format!("http://{}/", haproxy.address));
        assert_eq!(told, CLIENT, "{words}");
    }
}
