//! `timeout.*`.

use crate::draft::ProxyDraft;
use crate::section::proxy::{CLIENT_SIDE, SERVER_SIDE};
use crate::walk::{Entry, Key, Reader, Vocabulary};
use crate::words;

pub(super) const TIMEOUTS: Vocabulary<ProxyDraft> = Vocabulary {
    noun: "timeout",
    owner: "",
    keys: &[
        Key::of("check", SERVER_SIDE, |r, e, p| p.settings.timeout_check = r.timeout(e)),
        Key::of("client", CLIENT_SIDE, |r, e, p| p.settings.timeout_client = r.timeout(e)),
        Key::of("client-hs", CLIENT_SIDE, |r, e, p| p.settings.timeout_client_hs = r.timeout(e)),
        Key::of("connect", SERVER_SIDE, |r, e, p| p.settings.timeout_connect = r.timeout(e)),
        Key::of("http-keep-alive", CLIENT_SIDE, |r, e, p| {
            p.settings.timeout_http_keep_alive = r.timeout(e);
        }),
        Key::of("http-request", CLIENT_SIDE, |r, e, p| {
            p.settings.timeout_http_request = r.timeout(e);
        }),
        Key::of("server", SERVER_SIDE, |r, e, p| p.settings.timeout_server = r.timeout(e)),
        Key::any("tarpit", |r, e, p| p.settings.timeout_tarpit = r.timeout(e)),
        Key::of("tunnel", SERVER_SIDE, |r, e, p| p.settings.timeout_tunnel = r.timeout(e)),
    ],
    unsupported: words::TIMEOUTS,
};

pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut ProxyDraft) {
    if let Some(table) = reader.table(entry, "a table: timeout.client = \"30s\"") {
        reader.walk(table, "timeout.", &TIMEOUTS, draft);
    }
}
