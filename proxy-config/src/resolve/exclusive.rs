//! Keys of which a section or a server may have one only.

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, LineWords, ProxyDraft, ServerWords};
use crate::place::Place;
use crate::report::Report;

/// Keys that are on, each with its place.
type Chosen = Vec<(&'static str, Place)>;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    for section in draft.defaults.iter().chain(&draft.proxies) {
        one_of(connection(section), "a connection has one mode", report);
        one_of(line(section), "a log has one format", report);
        one_of(send_proxy(&section.settings.default_server), "a server takes one", report);
        for server in section.servers.value().into_iter().flatten() {
            one_of(send_proxy(&server.words), "a server takes one", report);
        }
    }
}

fn one_of(mut chosen: Chosen, reason: &str, report: &mut Report) {
    chosen.sort_by_key(|(_, place)| *place);
    for pair in chosen.windows(2) {
        if let [(first, first_place), (second, place)] = pair {
            let message = format!("`{first}` and `{second}` cannot go together");
            let diagnostic = Diagnostic::error(*place, message)
                .expected(reason)
                .label(*first_place, "the other is here");
            report.add(diagnostic);
        }
    }
}

fn connection(section: &ProxyDraft) -> Chosen {
    let options = section.settings.connection.all();
    let is_on = options.into_iter().filter(|(_, option)| option.or(false));
    is_on.filter_map(|(name, option)| Some((name, option.place()?))).collect()
}

fn line(section: &ProxyDraft) -> Chosen {
    let line = &section.settings.line;
    let places = [
        ("option.httplog", line.httplog.place().filter(|_| LineWords::is_on(&line.httplog))),
        ("option.httpslog", line.httpslog.place().filter(|_| line.httpslog.or(false))),
        ("option.tcplog", line.tcplog.place().filter(|_| LineWords::is_on(&line.tcplog))),
        ("log-format", line.log_format.place()),
    ];
    places.into_iter().filter_map(|(name, place)| Some((name, place?))).collect()
}

/// The first version of the PROXY protocol, and one form of the second: those go together.
fn send_proxy(words: &ServerWords) -> Chosen {
    let v2 = words.proxy_v2().into_iter().find(|(_, word)| word.or(false));
    let v1 = [("send-proxy", &words.send_proxy)].into_iter().filter(|(_, word)| word.or(false));
    v1.chain(v2).filter_map(|(name, word)| Some((name, word.place()?))).collect()
}
