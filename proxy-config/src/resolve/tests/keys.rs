//! Messages, retries, captures and the PROXY protocol.

use super::{config, listen, secs};
use crate::model::*;

#[test]
fn what_nobody_writes() {
    let (frontend, backend) = listen("", "");
    assert_eq!(frontend.connection_mode, ConnectionMode::KeepAlive);
    assert_eq!(frontend.restrict_names, RestrictNames::Preserve);
    assert_eq!(frontend.captures, Captures::default());
    assert_eq!(frontend.log_options, LogOptions::default());
    assert_eq!((frontend.forwarded, frontend.originalto), (None, None));
    assert_eq!((frontend.monitor_uri, frontend.unique_id), (None, None));
    assert!(frontend.error_pages.is_empty() && backend.error_pages.is_empty());
    assert!(!frontend.buffer_request && !frontend.ignore_probes && !frontend.lenient);
    assert!(!backend.buffer_request && !backend.abort_on_close && !backend.lenient);
    assert!(!frontend.binds[0].accept_proxy);
    assert_eq!(backend.redispatch, Redispatch::Every(1));
    assert!(backend.retry_on.conn_failure && !backend.retry_on.is_beyond_connect());
    assert_eq!(backend.servers[0].send_proxy, None);
}

#[test]
fn connection_modes_are_one_choice() {
    use ConnectionMode::{Close, KeepAlive, ServerClose};
    let closes = "[defaults]\noption.httpclose = true\n";
    let cases = [
        ("", "option.http-server-close = true", ServerClose),
        ("", "option.httpclose = true", Close),
        ("", "option.http-keep-alive = true", KeepAlive),
        (closes, "", Close),
        (closes, "option.http-server-close = true", ServerClose),
        (closes, "option.http-keep-alive = true", KeepAlive),
        (closes, "option.httpclose = false", KeepAlive),
        (closes, "option.http-keep-alive = false", Close),
        (closes, "option.httpclose = false\noption.http-server-close = true", ServerClose),
    ];
    for (before, lines, expected) in cases {
        let (frontend, backend) = listen(before, lines);
        let found = (frontend.connection_mode, backend.connection_mode);
        assert_eq!(found, (expected, expected), "{before}{lines}");
    }
}

#[test]
fn fields_about_the_client() {
    let before = "[defaults]\noption.forwarded = true\noption.originalto = { except = '::1' }\n";
    let (frontend, backend) = listen(before, "");
    let expected = Forwarded { proto: true, for_: true, ..Forwarded::default() };
    assert_eq!((frontend.forwarded, backend.forwarded), (Some(expected), Some(expected)));
    let originalto = frontend.originalto.unwrap();
    assert_eq!((originalto.header.as_str(), originalto.if_none), ("x-original-to", false));
    assert_eq!(originalto.except.len(), 1);

    let lines = "option.forwarded = { host = true, by = true, by-port = true }\n\
                 option.originalto.header = 'X-To'\n";
    let (frontend, backend) = listen(before, lines);
    let expected = Forwarded { host: true, by: true, by_port: true, ..Forwarded::default() };
    assert_eq!(frontend.forwarded, Some(expected));
    assert_eq!(backend.originalto.unwrap().header, "x-to");

    let (frontend, _) = listen(before, "option.forwarded = false\noption.originalto = false");
    assert_eq!((frontend.forwarded, frontend.originalto), (None, None));
}

#[test]
fn switches() {
    let before = "[defaults]\noption.http-buffer-request = true\n\
                  option.accept-invalid-http-request = true\n\
                  option.accept-unsafe-violations-in-http-response = true\n\
                  option.http-ignore-probes = true\noption.abortonclose = true\n\
                  option.http-restrict-req-hdr-names = 'reject'\nmonitor-uri = '/up'\n\
                  timeout.client-hs = '2s'\n";
    let (frontend, backend) = listen(before, "");
    assert!(frontend.buffer_request && frontend.ignore_probes && frontend.lenient);
    assert!(backend.buffer_request && backend.abort_on_close && backend.lenient);
    assert_eq!(frontend.restrict_names, RestrictNames::Reject);
    assert_eq!(backend.restrict_names, RestrictNames::Reject);
    assert_eq!(frontend.monitor_uri.as_deref(), Some("/up"));
    assert_eq!(frontend.timeouts.client_hs, secs(2));
    let lines = "option.http-buffer-request = false\n\
                 option.accept-unsafe-violations-in-http-request = false\n\
                 option.http-ignore-probes = false\noption.abortonclose = false\n\
                 option.http-restrict-req-hdr-names = 'preserve'\n";
    let (frontend, backend) = listen(before, lines);
    assert!(!frontend.buffer_request && !frontend.ignore_probes && !frontend.lenient);
    assert!(!backend.buffer_request && !backend.abort_on_close && backend.lenient);
    assert_eq!(frontend.restrict_names, RestrictNames::Preserve);
}

#[test]
fn retry_on_takes_words() {
    let all = RetryOn {
        conn_failure: true,
        empty_response: true,
        junk_response: true,
        response_timeout: true,
        statuses: vec![429, 500, 502, 503, 504],
    };
    let none = RetryOn {
        conn_failure: false,
        empty_response: false,
        junk_response: false,
        response_timeout: false,
        statuses: Vec::new(),
    };
    let cases = [
        ("retry-on = 'all-retryable-errors 429 500'", all),
        ("retry-on = 'none'", none.clone()),
        ("retry-on = '  conn-failure  '", RetryOn { conn_failure: true, ..none.clone() }),
        (
            "retry-on = ['503', 'empty-response 404', '503']",
            RetryOn { empty_response: true, statuses: vec![404, 503], ..none },
        ),
    ];
    for (lines, expected) in cases {
        assert_eq!(listen("", lines).1.retry_on, expected, "{lines}");
    }
}

#[test]
fn redispatch_takes_an_interval() {
    let cases = [
        ("option.redispatch = true", Redispatch::Every(1)),
        ("option.redispatch = false", Redispatch::Never),
        ("option.redispatch = 3", Redispatch::Every(3)),
        ("option.redispatch = -1", Redispatch::Every(-1)),
        ("option.redispatch = '2'", Redispatch::Every(2)),
    ];
    for (lines, expected) in cases {
        assert_eq!(listen("", lines).1.redispatch, expected, "{lines}");
    }
}

#[test]
fn captures_are_cut() {
    let lines = "capture.request-header = [{ name = 'Host', len = 9 }, { name = 'b', len = 65535 }]\n\
                 capture.response-header = { name = 'X', len = 1 }\n\
                 capture.cookie = { name = 'ID=', len = 100 }\n";
    let (frontend, _) = listen("", lines);
    let capture = |name: &str, len| Capture { name: name.to_owned(), len };
    let expected = Captures {
        request: vec![capture("host", 9), capture("b", 65_535)],
        response: vec![capture("x", 1)],
        cookie: Some(capture("ID=", 63)),
    };
    assert_eq!(frontend.captures, expected);
    let (frontend, _) = listen("[global]\ntune.http.cookielen = 80\n", lines);
    assert_eq!(frontend.captures.cookie, Some(capture("ID=", 80)));
}

/// A server with these words, and what its section says of all servers.
pub(super) fn server(default: &str, words: &str) -> Server {
    let text = format!(
        "[listen.x]\nbind = ':80'\ndefault-server = {{ check = true, {default} }}\n\
         server = [{{ name = 'a', address = 'h:1', {words} }}]\n"
    );
    config(&text).backends.remove(0).servers.remove(0)
}

#[test]
fn proxy_headers_to_servers() {
    let v2 = |authority, crc32c, unique_id| SendProxy::V2 {
        authority,
        crc32c,
        unique_id,
        ssl: false,
        cert_cn: false,
        ssl_cipher: false,
        cert_sig: false,
        cert_key: false,
    };
    let options = "send-proxy-v2 = true, proxy-v2-options = 'crc32c,unique-id'";
    let cases = [
        ("", "", None),
        ("", "send-proxy = true", Some(SendProxy::V1)),
        ("", "send-proxy-v2 = true", Some(v2(false, false, false))),
        (options, "", Some(v2(false, true, true))),
        (options, "proxy-v2-options = ['authority']", Some(v2(true, false, false))),
        (options, "send-proxy = true", Some(SendProxy::V1)),
        (options, "send-proxy-v2 = false", None),
        ("send-proxy = true", "send-proxy-v2 = true", Some(v2(false, false, false))),
    ];
    for (default, words, expected) in cases {
        assert_eq!(server(default, words).send_proxy, expected, "{default} / {words}");
    }
}

#[test]
fn proxy_headers_of_checks() {
    let cases = [
        ("", false),
        ("send-proxy = true", true),
        ("send-proxy = true, port = 5", false),
        ("send-proxy-v2 = true, port = 5, check-send-proxy = true", true),
        ("check-send-proxy = true", true),
        ("send-proxy = true, check-send-proxy = false", false),
    ];
    for (words, expected) in cases {
        assert_eq!(server("", words).check.unwrap().send_proxy, expected, "{words}");
    }
}

#[test]
fn what_mode_tcp_has_not() {
    let before = "[defaults]\nmode = 'tcp'\nmonitor-uri = '/'\nunique-id-header = 'x-id'\n\
                  option.forwarded = true\noption.originalto = true\nretry-on = '503'\n\
                  errorfile.503 = 'page.http'\n";
    let (frontend, backend) = listen(before, "");
    assert_eq!((frontend.monitor_uri, frontend.unique_id), (None, None));
    assert_eq!((frontend.forwarded, frontend.originalto), (None, None));
    assert_eq!((backend.forwarded, backend.originalto), (None, None));
    assert!(frontend.error_pages.is_empty() && backend.error_pages.is_empty());
    assert!(!backend.retry_on.is_beyond_connect());
    let (frontend, _) = listen(before, "unique-id-format = '%ci'");
    assert_eq!(frontend.unique_id.map(|id| id.header), Some(None));
}

#[test]
fn global_keys() {
    let lines = "h1-accept-payload-with-any-method = true\ntune.http.logurilen = 65535\n\
                 tune.http.cookielen = 1\n";
    let global = config(&format!("[global]\n{lines}")).global;
    assert!(global.h1_accept_payload_with_any_method);
    assert_eq!((global.tune.http_logurilen, global.tune.http_cookielen), (65_535, 1));
    assert!(!config("").global.h1_accept_payload_with_any_method);
}
