//! Every action: from its words to the model.

use std::time::Duration;

use super::{config, listen};
use crate::model::rule::*;
use crate::model::*;

fn text(text: &str) -> Format {
    let pieces = vec![FormatPiece::Text(text.to_owned())];
    Format { encoding: Encoding::Text, pieces }
}

fn int(value: i64) -> Expr {
    Expr { fetch: Fetch::Const(Value::Int(value)), converters: Box::new([]) }
}

fn src() -> Expr {
    let fetch = Fetch::Connection(ConnectionFact::Address(Peer::Other));
    Expr { fetch, converters: Box::new([]) }
}

fn own(status: u16, reason: &str, fields: &[(&str, &str)], body: &str) -> Reply {
    let bytes = |text: &str| Template::Bytes(text.as_bytes().to_vec());
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), bytes(value)));
    let response = ErrorResponse {
        status,
        reason: reason.to_owned(),
        fields: fields.collect(),
        body: bytes(body),
    };
    let page = ErrorPage { status, content: ErrorContent::Response(response) };
    Reply { status, content: ReplyContent::Own(Box::new(page)) }
}

fn page(status: u16) -> Reply {
    Reply { status, content: ReplyContent::Page }
}

fn to(to: RedirectTo) -> Redirect {
    Redirect {
        status: 302,
        to,
        query: KeepQuery::Usual,
        append_slash: false,
        ignore_empty: false,
        set_cookie: None,
    }
}

const VAR: Var = Var { scope: Scope::Txn, slot: 0 };

/// The one rule of a set of a listen section.
fn action(set: &str, words: &str) -> Action {
    let (frontend, backend) = listen("", &format!("{set} = [{words:?}]\n"));
    let rules = if set == "tcp-response-content" { backend.rules } else { frontend.rules };
    let mut found: Vec<_> = rules.all().cloned().collect();
    assert_eq!(found.len(), 1, "{words}");
    let rule = found.remove(0);
    assert_eq!(rule.condition, None, "{words}");
    rule.action
}

fn check(set: &str, cases: Vec<(&str, Action)>) {
    for (words, expected) in cases {
        assert_eq!(action(set, words), expected, "{words}");
    }
}

fn replies() -> Vec<(&'static str, Action)> {
    let plain = [("content-type", "text/plain")];
    vec![
        ("deny", Action::Deny(page(403))),
        ("deny deny_status 429", Action::Deny(page(429))),
        ("deny status 429", Action::Deny(own(429, "Too Many Requests", &[], ""))),
        ("deny default-errorfiles", Action::Deny(page(403))),
        ("deny hdr X-A b", Action::Deny(own(403, "Forbidden", &[("x-a", "b")], ""))),
        ("tarpit", Action::Tarpit(page(500))),
        ("tarpit deny_status 400", Action::Tarpit(page(400))),
        ("return", Action::Return(own(200, "OK", &[], ""))),
        ("return status 204", Action::Return(own(204, "No Content", &[], ""))),
        (
            "return status 418 content-type text/plain string 'I am  one'",
            Action::Return(own(418, "I'm a teapot", &plain, "I am  one")),
        ),
        (
            "return content-type text/plain lf-string 5%% hdr X-A b",
            Action::Return(own(200, "OK", &[("x-a", "b"), plain[0]], "5%")),
        ),
        ("return status 404 default-errorfiles", Action::Return(page(404))),
        ("return errorfile page.http", Action::Return(Reply { status: 200, ..of_file(200) })),
    ]
}

/// The response of `page.http`, which has a status of its own.
fn of_file(status: u16) -> Reply {
    let bytes = |text: &str| Template::Bytes(text.as_bytes().to_vec());
    let response = ErrorResponse {
        status: 503,
        reason: "Sorry".to_owned(),
        fields: vec![("x-a".to_owned(), bytes("b"))],
        body: bytes("sorry\n"),
    };
    let page = ErrorPage { status, content: ErrorContent::Response(response) };
    Reply { status, content: ReplyContent::Own(Box::new(page)) }
}

#[test]
fn responses_of_the_proxy() {
    check("http-request", replies());
    let cases = vec![
        ("deny", Action::Deny(page(502))),
        ("return status 404 default-errorfiles", Action::Return(page(404))),
        ("redirect location /a", Action::Redirect(to(RedirectTo::Location(text("/a"))))),
    ];
    check("http-response", cases);
}

#[test]
fn pages_of_other_sections() {
    let sections = "[http-errors.site]\nerrorfile.503 = 'page.http'\n";
    let rule = "http-request = ['return status 503 errorfiles site']";
    let (frontend, _) = listen(sections, rule);
    assert_eq!(frontend.rules.request[0].action, Action::Return(of_file(503)));
    let rule = "http-request = ['return status 404 errorfiles site']";
    let (frontend, _) = listen(sections, rule);
    assert_eq!(frontend.rules.request[0].action, Action::Return(page(404)));
}

#[test]
fn redirects() {
    let location = || to(RedirectTo::Location(text("/a")));
    let cookie = |cookie: &str| Some(text(cookie));
    let cases = vec![
        ("location /a", location()),
        ("location /a code 301", Redirect { status: 301, ..location() }),
        ("scheme https", to(RedirectTo::Scheme(text("https")))),
        ("prefix https://b", to(RedirectTo::Prefix(text("https://b")))),
        ("location /a keep-query", Redirect { query: KeepQuery::Keep, ..location() }),
        (
            "prefix / drop-query append-slash",
            Redirect {
                query: KeepQuery::Drop,
                append_slash: true,
                ..to(RedirectTo::Prefix(text("/")))
            },
        ),
        ("location /a ignore-empty", Redirect { ignore_empty: true, ..location() }),
        (
            "location /a set-cookie SEEN=1",
            Redirect { set_cookie: cookie("SEEN=1; path=/;"), ..location() },
        ),
        (
            "location /a clear-cookie USER=",
            Redirect { set_cookie: cookie("USER=; path=/; Max-Age=0;"), ..location() },
        ),
    ];
    for (words, expected) in cases {
        let found = action("http-request", &format!("redirect {words}"));
        assert_eq!(found, Action::Redirect(expected.clone()), "{words}");
        let found = action("redirect", words);
        assert_eq!(found, Action::Redirect(expected), "{words}");
    }
    // The key takes fixed text where the action takes a format.
    let fixed = action("redirect", "location /a%20b");
    assert_eq!(fixed, Action::Redirect(to(RedirectTo::Location(text("/a%20b")))));
}

#[test]
fn edits_of_fields() {
    let name = || "x-a".to_owned();
    let edit = Action::EditHeader;
    let del = |matching: NameMatch| edit(HeaderEdit::Del(matching));
    let cases = || {
        vec![
            ("add-header X-A b", edit(HeaderEdit::Add { name: name(), value: text("b") })),
            ("set-header X-A 'b c'", edit(HeaderEdit::Set { name: name(), value: text("b c") })),
            ("del-header X-A", del(NameMatch::Is(name()))),
            ("del-header X-A -m str", del(NameMatch::Is(name()))),
            ("del-header X- -m beg", del(NameMatch::Begins("x-".to_owned()))),
            ("del-header -A -m end", del(NameMatch::Ends("-a".to_owned()))),
            ("del-header -A -m sub", del(NameMatch::Contains("-a".to_owned()))),
            ("del-header ^x- -m reg", del(NameMatch::Matches(0))),
            (
                "replace-header X-A b(.) c\\1",
                edit(HeaderEdit::Replace { name: name(), regex: 0, with: text("c\\1") }),
            ),
            (
                "replace-value X-A b c",
                edit(HeaderEdit::ReplaceValue { name: name(), regex: 0, with: text("c") }),
            ),
            ("strict-mode off", Action::StrictMode(false)),
            ("allow", Action::Accept),
            ("do-log", Action::DoLog),
            ("set-log-level silent", Action::SetLogLevel(None)),
            ("set-log-level err", Action::SetLogLevel(Some(3))),
        ]
    };
    for set in ["http-request", "http-response", "http-after-response"] {
        check(set, cases());
    }
    let status = |status, reason: Option<&str>| Action::SetStatus {
        status,
        reason: reason.map(str::to_owned),
    };
    let cases = vec![
        ("set-status 404", status(404, None)),
        ("set-status 503 reason 'So sorry'", status(503, Some("So sorry"))),
    ];
    check("http-response", cases);
}

#[test]
fn edits_of_requests() {
    let replace = |part| Action::ReplaceUri { part, regex: 0, with: text("/b") };
    let normalize = Action::NormalizeUri;
    let cases = vec![
        ("set-method PUT", Action::SetMethod(text("PUT"))),
        ("set-path /a", Action::SetUri(UriPart::Path, text("/a"))),
        ("set-pathq /a?b", Action::SetUri(UriPart::PathAndQuery, text("/a?b"))),
        ("set-query a=b", Action::SetUri(UriPart::Query, text("a=b"))),
        ("set-uri /a", Action::SetUri(UriPart::Uri, text("/a"))),
        ("replace-path /a /b", replace(UriPart::Path)),
        ("replace-pathq /a /b", replace(UriPart::PathAndQuery)),
        ("replace-uri /a /b", replace(UriPart::Uri)),
        ("normalize-uri fragment-encode", normalize(Normalizer::FragmentEncode)),
        ("normalize-uri fragment-strip", normalize(Normalizer::FragmentStrip)),
        ("normalize-uri path-merge-slashes", normalize(Normalizer::PathMergeSlashes)),
        ("normalize-uri path-strip-dot", normalize(Normalizer::PathStripDot)),
        ("normalize-uri path-strip-dotdot", normalize(Normalizer::PathStripDotDot { full: false })),
        (
            "normalize-uri path-strip-dotdot full",
            normalize(Normalizer::PathStripDotDot { full: true }),
        ),
        (
            "normalize-uri percent-decode-unreserved strict",
            normalize(Normalizer::PercentDecodeUnreserved { strict: true }),
        ),
        (
            "normalize-uri percent-to-uppercase",
            normalize(Normalizer::PercentToUppercase { strict: false }),
        ),
        ("normalize-uri query-sort-by-name", normalize(Normalizer::QuerySortByName)),
        ("auth", Action::Auth { realm: text("x") }),
        ("auth realm 'Our site'", Action::Auth { realm: text("Our site") }),
        (
            "early-hint Link </a>;rel=preload",
            Action::EarlyHint { name: "link".to_owned(), value: text("</a>;rel=preload") },
        ),
        ("disable-l7-retry", Action::DisableRetry),
        ("set-retries 2", Action::SetRetries(int(2))),
    ];
    check("http-request", cases);
}

#[test]
fn what_is_remembered() {
    let conditions: Box<[VarCondition]> =
        Box::new([VarCondition::IfNotExists, VarCondition::IfGreater]);
    let cases = || {
        vec![
            (
                "set-var(txn.a) src",
                Action::SetVar { var: VAR, conditions: Box::new([]), expr: src() },
            ),
            (
                "set-var(txn.a,ifnotexists,ifgt) src",
                Action::SetVar { var: VAR, conditions: conditions.clone(), expr: src() },
            ),
            (
                "set-var-fmt(txn.a) b",
                Action::SetVarFormat { var: VAR, conditions: Box::new([]), format: text("b") },
            ),
            ("unset-var(txn.a)", Action::UnsetVar(VAR)),
        ]
    };
    check("http-request", cases());
    check("http-after-response", cases());
    check("tcp-request-content", cases());
}

#[test]
fn actions_on_connections() {
    let timeout = |of, millis| Action::SetTimeout(of, int(millis));
    let all = vec![
        ("set-fc-mark 0x10", Action::SetMark(Side::Request, int(16))),
        ("set-mark 7", Action::SetMark(Side::Request, int(7))),
        ("set-tos 0x20", Action::SetTos(Side::Request, int(32))),
        ("set-fc-tos 255", Action::SetTos(Side::Request, int(255))),
        ("silent-drop", Action::SilentDrop),
        ("silent-drop rst-ttl 3", Action::SilentDrop),
    ];
    for set in ["tcp-request-connection", "tcp-request-content", "http-request", "http-response"] {
        check(set, all.clone());
    }
    let request = vec![
        ("set-bc-mark 1", Action::SetMark(Side::Response, int(1))),
        ("set-bc-tos 2", Action::SetTos(Side::Response, int(2))),
        ("set-src src", Action::SetAddress { is_source: true, expr: src() }),
        ("set-dst src", Action::SetAddress { is_source: false, expr: src() }),
        ("set-src-port int(7)", Action::SetPort { is_source: true, expr: int(7) }),
        ("set-dst-port int(7)", Action::SetPort { is_source: false, expr: int(7) }),
        ("reject", Action::Reject),
    ];
    check("http-request", request.clone());
    check("tcp-request-content", request);
    let http = vec![
        ("set-timeout client 5s", timeout(TimeoutOf::Client, 5000)),
        ("set-timeout connect 50", timeout(TimeoutOf::Connect, 50)),
        ("set-timeout queue 5s", timeout(TimeoutOf::Queue, 5000)),
        ("set-timeout server 1m", timeout(TimeoutOf::Server, 60_000)),
        ("set-timeout tarpit 1s", timeout(TimeoutOf::Tarpit, 1000)),
        ("set-timeout tunnel 1h", timeout(TimeoutOf::Tunnel, 3_600_000)),
        ("set-timeout server src", Action::SetTimeout(TimeoutOf::Server, src())),
        ("pause 100ms", Action::Pause(int(100))),
        (
            "wait-for-body time 1s at-least 1k",
            Action::WaitForBody { time: Duration::from_secs(1), at_least: 1024 },
        ),
        (
            "wait-for-body time 10",
            Action::WaitForBody { time: Duration::from_millis(10), at_least: 0 },
        ),
    ];
    check("http-request", http.clone());
    check("http-response", http);
}

#[test]
fn actions_of_tcp_rules() {
    let cases = || vec![("accept", Action::Accept), ("reject", Action::Reject)];
    for set in [
        "tcp-request-connection",
        "tcp-request-session",
        "tcp-request-content",
        "tcp-response-content",
    ] {
        check(set, cases());
    }
    check("tcp-request-connection", vec![("expect-proxy layer4", Action::ExpectProxy)]);
    check("tcp-request-content", vec![("switch-mode http", Action::SwitchToHttp)]);
    check("tcp-response-content", vec![("close", Action::Close)]);
}

#[test]
fn conditions_behind_actions() {
    let config = config(
        "[listen.x]\nbind = ':80'\nserver = [{ name = 'a', address = 'h:1' }]\n\
         acl.one = 'path /1'\nhttp-request = [\n'deny if one',\n'set-header a if unless one',\n\
         'return status 200 if !one || { path /2 }',\n]\n",
    );
    let rules = &config.frontends[0].rules.request;
    let conditions: Vec<_> = rules.iter().filter_map(|rule| rule.condition.as_ref()).collect();
    let shown: Vec<_> = conditions.iter().map(|c| (c.is_negated, c.any_of.len())).collect();
    assert_eq!(shown, [(false, 1), (true, 1), (false, 2)]);
}
