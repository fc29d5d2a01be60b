use super::super::testing::{LIMITS, parse_response};
use super::super::{Method, ResponseFraming};
use super::*;

#[test]
fn replies_are_whole_responses() {
    for reply in REPLIES {
        let bytes = error_reply(reply.status);
        let head = parse_response(bytes, &LIMITS, Method::Get).unwrap().unwrap();
        assert_eq!(head.status, reply.status);
        assert_eq!(head.framing, ResponseFraming::Length((bytes.len() - head.len) as u64));
        assert!(!head.keep_alive);
        assert_eq!(error_reply_head(reply.status), &bytes[..head.len]);
    }
}

#[test]
fn the_text_is_haproxys() {
    let expected = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 107\r\n\
        cache-control: no-cache\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n\
        <html><body><h1>503 Service Unavailable</h1>\n\
        No server is available to handle this request.\n</body></html>\n";
    assert_eq!(error_reply(503), expected.as_bytes());
}

#[test]
fn an_unknown_status_gets_the_reply_of_its_class() {
    assert_eq!(error_reply(418), error_reply(400));
    assert_eq!(error_reply(599), error_reply(500));
    assert_eq!(error_reply(0), error_reply(500));
}
