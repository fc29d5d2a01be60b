//! Content switching: which backend, which server.

use crate::support::{Proxy, Server};

fn start(frontend: &str, backends: &[(&str, &Server)], more: &str) -> Proxy {
    let mut config =
        format!("[global]\nshards = 2\n[frontend.web]\nbind = \"127.0.0.1:0\"\n{frontend}\n");
    for (name, server) in backends {
        config += &format!(
            "[backend.{name}]\nserver = [{{ name = \"s1\", address = \"{}\" }}]\n",
            server.address()
        );
    }
    Proxy::start(&format!("{config}{more}"))
}

#[test]
fn the_first_rule_that_holds_chooses() {
    let (api, www, shop) = (Server::text("api"), Server::text("www"), Server::text("shop"));
    let proxy = start(
        r#"
        default-backend = "www"
        acl.is_api = ["path_beg /api/", "hdr(host) -i api.example"]
        acl.post = "method POST"
        use-backend = [
          "api if is_api !post",
          "%[req.hdr(x-to)] if { req.hdr(x-to) -m found }",
        ]
        "#,
        &[("api", &api), ("www", &www), ("shop", &shop)],
        "",
    );
    let mut client = proxy.client();
    assert_eq!(client.get("/api/x").text(), "api");
    assert_eq!(client.ask("GET / HTTP/1.1\r\nHost: API.example\r\n\r\n").text(), "api");
    let post = "POST /api/ HTTP/1.1\r\nHost: h\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(client.ask(post).text(), "www");
    let to = |name: &str| format!("GET / HTTP/1.1\r\nHost: h\r\nX-To: {name}\r\n\r\n");
    assert_eq!(client.ask(&to("shop")).text(), "shop");
    assert_eq!(client.ask(&to("nobody")).text(), "www");
    assert_eq!(client.get("/").text(), "www");
}

#[test]
fn no_backend_is_503() {
    let api = Server::text("api");
    let proxy = start("use-backend = [\"api if { path /api }\"]", &[("api", &api)], "");
    let mut client = proxy.client();
    assert_eq!(client.get("/api").text(), "api");
    assert_eq!(client.get("/").status(), 503);
}

#[test]
fn rules_of_both_sides_in_their_order() {
    let server = Server::text("app");
    let config = format!(
        r#"
        [global]
        shards = 1
        [defaults.base]
        http-request = ["set-header x-order d"]
        [frontend.web]
        from = "base"
        bind = "127.0.0.1:0"
        http-request = ["set-header x-order %[req.hdr(x-order)]-f"]
        http-response = ["set-header x-back %[res.hdr(x-back)]-f"]
        http-after-response = ["set-header x-after f"]
        default-backend = "app"
        [backend.app]
        http-request = ["set-header x-order %[req.hdr(x-order)]-b"]
        http-response = ["set-header x-back b"]
        server = [{{ name = "s1", address = "{}" }}]
        "#,
        server.address()
    );
    let proxy = Proxy::start(&config);
    let answer = proxy.get("/");
    assert_eq!(server.last_request().fields("x-order"), ["d-f-b"]);
    assert_eq!(answer.fields("x-back"), ["b-f"]);
    assert_eq!(answer.fields("x-after"), ["f"]);
}

#[test]
fn a_listen_obeys_its_rules_once() {
    let server = Server::text("app");
    let config = format!(
        r#"
        [listen.web]
        bind = "127.0.0.1:0"
        http-request = ["add-header x-n 1"]
        http-response = ["add-header x-m 1"]
        server = [{{ name = "s1", address = "{}" }}]
        [frontend.other]
        bind = "127.0.0.1:0"
        http-request = ["add-header x-n 2"]
        default-backend = "web"
        "#,
        server.address()
    );
    let proxy = Proxy::start(&config);
    let mut client = crate::support::Peer::connect(proxy.address("web"));
    assert_eq!(client.get("/").fields("x-m"), ["1"]);
    assert_eq!(server.last_request().fields("x-n"), ["1"]);
    let mut client = crate::support::Peer::connect(proxy.address("other"));
    assert_eq!(client.get("/").fields("x-m"), ["1"]);
    assert_eq!(server.last_request().fields("x-n"), ["2", "1"]);
}

#[test]
fn a_rule_chooses_the_server() {
    let (one, two) = (Server::text("one"), Server::text("two"));
    let config = format!(
        r#"
        [listen.web]
        bind = "127.0.0.1:0"
        use-server = ["s2 if {{ path_beg /two }}", "%[req.hdr(x-server)] if {{ req.hdr(x-server) -m found }}"]
        server = [{{ name = "s1", address = "{}" }}, {{ name = "s2", address = "{}" }}]
        "#,
        one.address(),
        two.address()
    );
    let proxy = Proxy::start(&config);
    let mut client = crate::support::Peer::connect(proxy.address("web"));
    for _ in 0..4 {
        assert_eq!(client.get("/two").text(), "two");
        let ask = "GET / HTTP/1.1\r\nHost: h\r\nX-Server: s1\r\n\r\n";
        assert_eq!(client.ask(ask).text(), "one");
    }
}
