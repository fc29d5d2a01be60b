//! aiohttp on both sides: streams that answer each other, WebSockets, clients that leave.

use super::{Running, output, script};
use crate::support::Web;

#[test]
fn client_and_server() {
    let server = Running::script("aiohttp_server.py", &[]);
    let proxy = Web::new().logged().server(&server.address(), "").start();
    let text = output(script("aiohttp_client.py").arg(proxy.address("web")));
    assert!(text.ends_with(b"done\n"), "{}", String::from_utf8_lossy(&text));
    // It learns of clients that left, and of the one that closed its WebSocket in order.
    for event in ["websocket: closed 1000", "endless: client left", "swallow: client left"] {
        server.stdout.wait(|line| line == event);
    }
    proxy.log_line(|line| line.contains("GET /endless ") && line.contains(" 200 "));
    proxy.log_line(|line| line.contains(" CD-- ") && line.contains("GET /endless "));
    proxy.log_line(|line| line.contains(" CD-- ") && line.contains("POST /swallow "));
    proxy.log_line(|line| line.contains(" 101 ") && line.contains(" ---- "));
}
