//! Fields that a proxy adds, changes or keeps to itself.

use crate::support::{Message, Server, Web};

fn forwarded(web: impl FnOnce(Web) -> Web, request_fields: &str) -> Message {
    let server = Server::text("ok");
    let proxy = web(Web::to(&server)).start();
    proxy.client().ask(&format!("GET / HTTP/1.1\r\nHost: h\r\n{request_fields}\r\n"));
    server.last_request()
}

#[test]
fn forwardfor_is_off_unless_asked_for() {
    assert_eq!(forwarded(|web| web, "").field("x-forwarded-for"), None);
}

#[test]
fn forwardfor_adds_a_field() {
    let request = forwarded(|web| web.frontend("option.forwardfor = true"), "");
    assert_eq!(request.field("x-forwarded-for"), Some("127.0.0.1"));
}

#[test]
fn forwardfor_goes_behind_fields_that_are_there() {
    let there = "X-Forwarded-For: 10.0.0.1\r\n";
    let request = forwarded(|web| web.frontend("option.forwardfor = true"), there);
    assert_eq!(request.fields("x-forwarded-for"), ["10.0.0.1", "127.0.0.1"]);
}

#[test]
fn forwardfor_except() {
    let option = "option.forwardfor = { except = [\"10.0.0.0/8\", \"127.0.0.0/8\"] }";
    let request = forwarded(|web| web.frontend(option), "");
    assert_eq!(request.field("x-forwarded-for"), None);
}

#[test]
fn forwardfor_if_none() {
    let option = "option.forwardfor = { if-none = true }";
    let request = forwarded(|web| web.frontend(option), "X-Forwarded-For: 10.0.0.1\r\n");
    assert_eq!(request.fields("x-forwarded-for"), ["10.0.0.1"]);
    let request = forwarded(|web| web.frontend(option), "");
    assert_eq!(request.fields("x-forwarded-for"), ["127.0.0.1"]);
}

/// The backend's name of the field wins.
#[test]
fn forwardfor_of_the_backend() {
    let web = |web: Web| {
        web.frontend("option.forwardfor = true")
            .backend("option.forwardfor = { header = \"X-Client\" }")
    };
    let request = forwarded(web, "");
    assert_eq!(request.field("x-client"), Some("127.0.0.1"));
    assert_eq!(request.field("x-forwarded-for"), None);
}

#[test]
fn hop_by_hop_fields_of_requests_stay_here() {
    let request = forwarded(
        |web| web,
        "Connection: keep-alive, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\n\
         Proxy-Connection: keep-alive\r\nX-Public: 2\r\n",
    );
    for field in ["x-private", "keep-alive", "proxy-connection", "connection"] {
        assert_eq!(request.fields(field), Vec::<&str>::new(), "{field}");
    }
    assert_eq!(request.field("x-public"), Some("2"));
}

#[test]
fn hop_by_hop_fields_of_responses_stay_here() {
    let server = Server::http(|_| {
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Private\r\nX-Private: 1\r\n\
          Keep-Alive: timeout=5\r\nX-Public: 2\r\nContent-Length: 0\r\n\r\n"
            .to_vec()
    });
    let proxy = Web::to(&server).start();
    let response = proxy.client().get("/");
    for field in ["x-private", "keep-alive", "connection"] {
        assert_eq!(response.fields(field), Vec::<&str>::new(), "{field}");
    }
    assert_eq!(response.field("x-public"), Some("2"));
}

/// A client that wants to close is obeyed, and its wish does not reach the server.
#[test]
fn connection_close_of_the_client() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    assert!(client.ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").closes());
    client.closed_after();
    assert_eq!(server.last_request().field("connection"), None);
}

/// A server that closes does not cost the client its connection.
#[test]
fn connection_close_of_the_server() {
    let server =
        Server::once("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    for _ in 0..3 {
        let response = client.get("/");
        assert_eq!((response.text(), response.closes()), ("ok", false));
    }
}
