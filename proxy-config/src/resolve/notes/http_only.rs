//! Settings that only HTTP uses, in sections of mode tcp.

use crate::diagnostic::Diagnostic;
use crate::draft::{LineFormat, LineOption, ProxyDraft, Settings};
use crate::place::Place;
use crate::report::Report;
use crate::resolve::notes::formats;
use crate::setting::Setting;

/// The name of a setting, and where the section turns it on.
type HttpSetting = (&'static str, fn(&Settings) -> Option<Place>);

const SETTINGS: [HttpSetting; 19] = [
    ("errorfiles", |s| s.errorfiles.place()),
    ("http-reuse", |s| s.http_reuse.place()),
    ("monitor-uri", |s| s.monitor_uri.place()),
    ("option.accept-unsafe-violations-in-http-request", |s| on(&s.lenient_request)),
    ("option.accept-unsafe-violations-in-http-response", |s| on(&s.lenient_response)),
    ("option.forwarded", |s| some(&s.forwarded)),
    ("option.forwardfor", |s| some(&s.forwardfor)),
    ("option.http-buffer-request", |s| on(&s.buffer_request)),
    ("option.http-ignore-probes", |s| on(&s.ignore_probes)),
    ("option.http-keep-alive", |s| on(&s.connection.keep_alive)),
    ("option.http-restrict-req-hdr-names", |s| s.restrict_names.place()),
    ("option.http-server-close", |s| on(&s.connection.server_close)),
    ("option.httpclose", |s| on(&s.connection.close)),
    // With `clf` it is tcp's form of that.
    ("option.httplog", |s| {
        s.line.httplog.place().filter(|_| s.line.httplog.value() == Some(&LineOption::On))
    }),
    ("option.originalto", |s| some(&s.originalto)),
    ("retry-on", |s| s.retry_on.place()),
    ("timeout.http-keep-alive", |s| s.timeout_http_keep_alive.place()),
    ("timeout.http-request", |s| s.timeout_http_request.place()),
    ("unique-id-header", |s| s.unique_id_header.place()),
];

fn on(setting: &Setting<bool>) -> Option<Place> {
    setting.place().filter(|_| setting.or(false))
}

fn some<T: Clone>(setting: &Setting<Option<T>>) -> Option<Place> {
    setting.place().filter(|_| setting.value().is_some_and(Option::is_some))
}

/// Only what the section itself says: what it inherits is meant for others too.
pub(super) fn check(section: &ProxyDraft, report: &mut Report) {
    let own = &section.settings;
    let mut warn = |name: &str, place: Place| {
        let message = format!("`{name}` has no effect in mode tcp");
        report.add(Diagnostic::warning(place, message).expected("only mode http uses it"));
    };
    for (name, place) in SETTINGS {
        place(own).into_iter().for_each(|place| warn(name, place));
    }
    // Those that came with `errorfiles` have been told with it.
    for page in own.pages.iter().filter(|page| page.key != "errorfiles") {
        warn(&page.key, page.place);
    }
    let captures = &section.captures;
    let places = [
        ("capture.cookie", captures.cookie.place()),
        ("capture.request-header", captures.request.place()),
        ("capture.response-header", captures.response.place()),
    ];
    for (name, place) in places {
        place.into_iter().for_each(|place| warn(name, place));
    }
    let mut told = Vec::new();
    for line in section.rules.lines.iter().filter(|line| line.set.is_http()) {
        if !told.contains(&line.key) {
            warn(line.set.key(), line.key);
            told.push(line.key);
        }
    }
    for log in formats::own_logs(own) {
        if let (Some(LineFormat::Http), Some(place)) = (log.format.value(), log.format.place()) {
            warn("format", place);
        }
    }
    formats::http_fields(own, report);
}
