//! Messages about TOML in the words of haproxy.cfg.

/// Our words with HAProxy's.
const WORDS: [(&str, &str); 24] = [
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
    (" = true", ""),
    ("`shards`", "`nbthread`"),
    ("`global.", "`global "),
    (" = \"*:80\"", " *:80"),
];

/// Kinds of sections, as a remedy names them.
const SECTIONS: [&str; 5] = ["backend", "defaults", "frontend", "http-errors", "listen"];

/// The message as a reader of a haproxy.cfg expects it.
pub(super) fn haproxy(message: &str) -> String {
    let text =
        WORDS.iter().fold(message.to_owned(), |text, (ours, theirs)| text.replace(ours, theirs));
    let text = SECTIONS.iter().fold(text, |text, kind| without_brackets(&text, kind));
    match text.contains("`default-server ") {
        true => text.replace(" of a server is not yet", " is not yet"),
        false => text,
    }
}

/// `backend NAME` where TOML has `[backend.NAME]`.
fn without_brackets(text: &str, kind: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let open = format!("[{kind}.");
    while let Some((before, after)) = rest.split_once(&open) {
        let Some((name, behind)) = after.split_once(']') else { break };
        out += &format!("{before}`{kind} {name}`");
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_keys_have_the_form_of_haproxy() {
        for (ours, theirs) in [
            ("add a section [backend.x]", "add a section `backend x`"),
            (
                "add a section [frontend.NAME] or [listen.NAME]",
                "add a section `frontend NAME` or `listen NAME`",
            ),
            ("`option.httpchk` has [backend.x", "`option httpchk` has [backend.x"),
            (
                "`default-server.init-addr` of a server is not yet supported",
                "`default-server init-addr` is not yet supported",
            ),
            ("add check = true to servers", "add check to servers"),
        ] {
            assert_eq!(haproxy(ours), theirs);
        }
    }
}
