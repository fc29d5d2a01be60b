//! Messages about TOML in the words of haproxy.cfg.

/// Our words with HAProxy's.
const WORDS: [(&str, &str); 27] = [
    ("`option.", "`option "),
    ("`timeout.", "`timeout "),
    ("`errorfile.", "`errorfile "),
    ("`errorloc302.", "`errorloc302 "),
    ("`errorloc303.", "`errorloc303 "),
    ("`errorloc.", "`errorloc "),
    ("`acl.", "`acl "),
    ("`default-server.", "`default-server "),
    ("`capture.request-header", "`capture request header"),
    ("`capture.response-header", "`capture response header"),
    ("`capture.cookie", "`capture cookie"),
    ("`declare-capture", "`declare capture"),
    ("tcp-request-connection", "tcp-request connection"),
    ("tcp-request-session", "tcp-request session"),
    ("tcp-request-content", "tcp-request content"),
    ("tcp-request-inspect-delay", "tcp-request inspect-delay"),
    ("tcp-response-content", "tcp-response content"),
    ("tcp-response-inspect-delay", "tcp-response inspect-delay"),
    ("default-backend", "default_backend"),
    ("use-backend", "use_backend"),
    ("[frontend.", "[frontend "),
    ("[backend.", "[backend "),
    ("[defaults.", "[defaults "),
    (" = true", ""),
    ("`shards`", "`nbthread`"),
    ("`global.", "`global "),
    (" = \"*:80\"", " *:80"),
];

/// The message as a reader of a haproxy.cfg expects it.
pub(super) fn haproxy(message: &str) -> String {
    WORDS.iter().fold(message.to_owned(), |text, (ours, theirs)| text.replace(ours, theirs))
}
