//! The PROXY protocol with those who speak it: HAProxy and nginx on both sides, curl as a client.

use std::process::Command;

use super::haproxy::Haproxy;
use super::nginx::Nginx;
use super::output;
use crate::support::{Dir, Server, Web, eventually, reply};

/// Where the client is; everybody else is at 127.0.0.1.
const CLIENT: &str = "127.1.2.3";
/// Answers with what a connection's PROXY header said.
const SHOW: &str = "http-request return status 200 content-type text/plain lf-string \
    \"%ci:%cp %[dst]:%[dst_port] %[fc_pp_unique_id]\"";
/// The same in nginx's words.
const SHOW_NGINX: &str = "location / { default_type text/plain; return 200 \
    \"$proxy_protocol_addr:$proxy_protocol_port \
    $proxy_protocol_server_addr:$proxy_protocol_server_port \"; }";

/// Asks twice over one connection. Returns the client's address and what it was told.
fn ask(address: &str) -> (String, Vec<String>) {
    let url = format!("http://{address}/[1-2]");
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "9", "--interface", CLIENT, "--fail"]);
    let text = output(command.args(["--write-out", "\n%{local_port}\n", &url]));
    let text = String::from_utf8(text).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let [first, port, second, same_port] = lines[..] else { panic!("{text}") };
    assert_eq!(port, same_port);
    (format!("{CLIENT}:{port}"), vec![first.to_owned(), second.to_owned()])
}

/// Answers with who asks according to the fields.
fn forwarded_for() -> Server {
    Server::http(|request| reply(request.field("x-forwarded-for").unwrap_or("nobody")))
}

/// A proxy that expects the header.
fn accepting(server: &Server) -> Web {
    let bind = "bind = { address = \"127.0.0.1:0\", accept-proxy = true }";
    Web::to(server).logged().frontend(bind).frontend("option.forwardfor = true")
}

#[test]
fn from_haproxy() {
    let server = forwarded_for();
    let proxy = accepting(&server).start();
    for words in [
        "send-proxy",
        "send-proxy-v2",
        "send-proxy-v2 proxy-v2-options crc32c",
        "send-proxy-v2 proxy-v2-options crc32c,unique-id",
    ] {
        let haproxy = Haproxy::start(&format!(
            "frontend f\n  bind fd@0\n  unique-id-format %[uuid()]\n  default_backend b\n\
             backend b\n  server s {} {words}",
            proxy.address("web")
        ));
        let (client, told) = ask(&haproxy.address);
        assert_eq!(told, [CLIENT, CLIENT], "{words}");
        for request in ["GET /1 HTTP/1.1", "GET /2 HTTP/1.1"] {
            proxy.log_line(|line| {
                line.starts_with(&format!("{client} [")) && line.contains(request)
            });
        }
    }
}

/// What an HAProxy that sends no header gets from us.
#[test]
fn from_haproxy_without_it() {
    let server = forwarded_for();
    let proxy = accepting(&server).start();
    let haproxy = Haproxy::before(proxy.address("web"), "", "");
    assert_eq!(crate::support::Peer::connect(&haproxy.address).get("/").status(), 502);
    assert_eq!(server.connections(), 0);
    proxy.log_line(|line| line.contains("] web/1: "));
}

#[test]
fn from_curl() {
    let server = forwarded_for();
    let proxy = accepting(&server).start();
    let url = format!("http://{}/", proxy.address("web"));
    let mut command = Command::new("curl");
    command.args(["--silent", "--max-time", "9", "--interface", CLIENT]);
    let text = output(command.args(["--haproxy-protocol", &url, &url]));
    assert_eq!(String::from_utf8_lossy(&text), CLIENT.repeat(2));
    let mut command = Command::new("curl");
    let plain = command.args(["--silent", "--max-time", "9", &url]).output().unwrap();
    // 52: nothing came back; 56: a reset did.
    assert!(matches!(plain.status.code(), Some(52 | 56)), "{plain:?}");
}

/// Each way in which a server can be told. None says anything of a client to another client.
#[test]
fn to_haproxy() {
    let haproxy = Haproxy::start(&format!("frontend f\n  bind fd@0 accept-proxy\n  {SHOW}"));
    let options = "send-proxy-v2 = true, proxy-v2-options = \"crc32c,unique-id\"";
    for (words, has_id) in
        [("send-proxy = true", false), ("send-proxy-v2 = true", false), (options, true)]
    {
        let web = Web::new().frontend("unique-id-format = \"id_%ci_%cp\"");
        let proxy = web.server(&haproxy.address, words).start();
        for _ in 0..2 {
            let (client, told) = ask(proxy.address("web"));
            let id =
                if has_id { format!("id_{}", client.replace(':', "_")) } else { String::new() };
            let expected = format!("{client} {} {id}", proxy.address("web"));
            assert_eq!(told, [&*expected, &*expected], "{words}");
        }
    }
}

#[test]
fn to_nginx() {
    let nginx = Nginx::start_bound(Dir::new(), "proxy_protocol", "", SHOW_NGINX);
    let crc = "send-proxy-v2 = true, proxy-v2-options = \"crc32c\"";
    for words in ["send-proxy = true", "send-proxy-v2 = true", crc] {
        let proxy = Web::new().server(&nginx.address, words).start();
        for _ in 0..2 {
            let (client, told) = ask(proxy.address("web"));
            let expected = format!("{client} {} ", proxy.address("web"));
            assert_eq!(told, [&*expected, &*expected], "{words}");
        }
    }
}

/// Checks begin with a header where requests do, or where they are told to.
#[test]
fn checks() {
    let haproxy = Haproxy::start(&format!(
        "frontend f\n  bind fd@0 accept-proxy\n  option httplog\n  {SHOW}"
    ));
    let check = "check = true, inter = \"100ms\", fall = 1";
    let port = haproxy.address.rsplit(':').next().unwrap();
    let server = Server::text("not asked");
    let through = |path: &str, address: &str, words: &str| {
        let check_uri = format!("option.httpchk = {{ method = \"GET\", uri = \"/{path}\" }}");
        Web::new().backend(&check_uri).server(address, &format!("{check}, {words}")).start()
    };
    for (path, words) in [("v1", "send-proxy = true"), ("v2", "send-proxy-v2 = true")] {
        let proxy = through(path, &haproxy.address, words);
        haproxy
            .log()
            .wait(|line| line.contains(&format!("GET /{path} ")) && line.contains(" 200 "));
        // It may have been down while HAProxy started.
        eventually("the server is up", || proxy.get("/").status() == 200);
    }
    let words = format!("port = {port}, check-send-proxy = true");
    let proxy = through("told", &server.address(), &words);
    haproxy.log().wait(|line| line.contains("GET /told ") && line.contains(" 200 "));
    eventually("the server is up", || proxy.get("/").text() == "not asked");
    // To another port they bring no header unless told to, and fail.
    let proxy = through("plain", &server.address(), &format!("port = {port}"));
    eventually("the server is down", || proxy.get("/").status() == 503);
    drop(proxy);
}

/// In TCP mode: from HAProxy to us, and from us to HAProxy and to nginx.
#[test]
fn tcp_mode() {
    let last = Haproxy::start(&format!("frontend f\n  bind fd@0 accept-proxy\n  {SHOW}"));
    let nginx = Nginx::start_bound(Dir::new(), "proxy_protocol", "", SHOW_NGINX);
    for (server, words) in [
        (&last.address, "send-proxy = true"),
        (&last.address, "send-proxy-v2 = true, proxy-v2-options = \"crc32c\""),
        (&nginx.address, "send-proxy = true"),
        (&nginx.address, "send-proxy-v2 = true"),
    ] {
        let bind = "bind = { address = \"127.0.0.1:0\", accept-proxy = true }";
        let web = Web::new().tcp().logged().frontend(bind);
        let proxy = web.server(server, words).start();
        let first = Haproxy::start(&format!(
            "listen l\n  mode tcp\n  bind fd@0\n  server s {} send-proxy-v2",
            proxy.address("web")
        ));
        let (client, told) = ask(&first.address);
        // The client connected to the first of the three.
        let expected = format!("{client} {} ", first.address);
        assert_eq!(told, [&*expected, &*expected], "{words}");
        proxy.log_line(|line| line.starts_with(&format!("{client} [")));
    }
}
