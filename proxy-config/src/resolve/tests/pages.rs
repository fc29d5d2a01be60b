//! Error pages: which of them a status has.

use super::{config, listen, outcome};
use crate::model::*;
use crate::{Diagnostic, Overrides};

/// Status and body of each page; `-` for silence, the location for a redirect.
fn pages(pages: &[ErrorPage]) -> Vec<String> {
    let text = |template: &Template| match template {
        Template::Bytes(bytes) => String::from_utf8_lossy(bytes).trim().to_owned(),
        Template::Format(format) => format!("{} pieces", format.pieces.len()),
    };
    let page = |page: &ErrorPage| match &page.content {
        ErrorContent::Silent => format!("{} -", page.status),
        ErrorContent::Response(response) => {
            let location = response.fields.iter().find(|(name, _)| name == "location");
            let body = location.map_or(&response.body, |(_, value)| value);
            format!("{} {} {}", page.status, response.status, text(body))
        }
    };
    pages.iter().map(page).collect()
}

const SITES: &str = "[http-errors.site]\nerrorfile.503 = 'page.http'\nerrorfile.408 = 'empty'\n\
                     [http-errors.other]\nerrorfile.503 = 'empty'\nerrorfile.404 = 'empty'\n";

/// Both sections are used, so that nothing is said about them.
fn of_listen(defaults: &str, lines: &str) -> Vec<String> {
    let use_all = "[defaults.use]\nerrorfiles = ['site', 'other']\n\
                   [backend.use]\nfrom = 'use'\nserver = [{ name = 'a', address = 'h:1' }]\n";
    let text = format!("{SITES}{use_all}[defaults]\nretries = 1\n{defaults}\n");
    let (frontend, _) = listen(&text, lines);
    pages(&frontend.error_pages)
}

#[test]
fn the_nearest_page_of_a_status_wins() {
    let cases = [
        ("", "errorfile.503 = 'page.http'", &["503 503 sorry"][..]),
        ("errorfile.503 = 'page.http'", "", &["503 503 sorry"]),
        ("errorfile.503 = 'page.http'", "errorfile.503 = 'empty'", &["503 -"]),
        (
            "errorfile.503 = 'page.http'",
            "errorloc.404 = '/x'\nerrorloc303.403 = '/y'",
            &["403 303 /y", "404 302 /x", "503 503 sorry"],
        ),
        ("errorfiles = 'site'", "", &["408 -", "503 503 sorry"]),
        ("errorfiles = 'site'", "errorfiles = 'other'", &["404 -", "408 -", "503 -"]),
        ("errorfile.503 = 'empty'", "errorfiles = 'site'", &["408 -", "503 503 sorry"]),
        ("", "errorfiles = ['site', 'other']", &["404 -", "408 -", "503 -"]),
        ("", "errorfiles = ['other', 'site']", &["404 -", "408 -", "503 503 sorry"]),
        (
            "",
            "errorfiles = [{ name = 'site', codes = [503] }, 'other']",
            &["404 -", "503 503 sorry"],
        ),
        ("", "errorfiles = { name = 'site', codes = 408 }", &["408 -"]),
        ("", "errorfiles = 'site'\nerrorloc302.503 = '/x'", &["408 -", "503 302 /x"]),
        ("errorfiles = 'site'", "http-error = 'status 503 default-errorfiles'", &["408 -"]),
        ("errorfiles = 'site'", "http-error = 'status 503'", &["408 -"]),
        ("", "http-error = 'status 503 errorfiles site'", &["503 503 sorry"]),
        // What the section lacks is as if it were not written.
        ("errorfile.500 = 'empty'", "http-error = 'status 500 errorfiles site'", &["500 -"]),
    ];
    for (defaults, lines, expected) in cases {
        assert_eq!(of_listen(defaults, lines), expected, "{defaults} / {lines}");
    }
}

#[test]
fn both_sides_of_a_listen_have_its_pages() {
    let (frontend, backend) = listen("", "errorfile.503 = 'page.http'");
    assert_eq!(frontend.error_pages, backend.error_pages);
    assert_eq!(backend.error_pages.len(), 1);
}

#[test]
fn a_file_is_a_response() {
    let (frontend, _) = listen("", "errorfile.502 = 'page.http'");
    let ErrorContent::Response(response) = &frontend.error_pages[0].content else {
        panic!("{:?}", frontend.error_pages);
    };
    assert_eq!((response.status, response.reason.as_str()), (503, "Sorry"));
    assert_eq!(response.fields, [("x-a".to_owned(), Template::Bytes(b"b".to_vec()))]);
}

#[test]
fn rules_make_responses() {
    let bytes = |text: &str| Template::Bytes(text.as_bytes().to_vec());
    let format = |text: &str| Template::Format(crate::log_format::parse_template(text).unwrap());
    let html = ("content-type".to_owned(), bytes("text/html"));
    let cases = [
        ("status 503 content-type text/html string a%ci", vec![html.clone()], bytes("a%ci")),
        (
            "status 503 content-type text/html lf-string 'a  %ci'",
            vec![html.clone()],
            format("a  %ci"),
        ),
        ("status 503 content-type text/html lf-string 5%%", vec![html.clone()], bytes("5%")),
        (
            "status 503 content-type text/html lf-file format.txt",
            vec![html.clone()],
            format("client %ci\n"),
        ),
        (
            "content-type text/html file format.txt status 503",
            vec![html.clone()],
            bytes("client %ci\n"),
        ),
        ("status 503 file empty", vec![], bytes("")),
        ("status 503 string ''", vec![], bytes("")),
        (
            r#"status 503 hdr X-A "b c" hdr x-a %ci string x content-type "text/html""#,
            vec![("x-a".to_owned(), bytes("b c")), ("x-a".to_owned(), format("%ci")), html],
            bytes("x"),
        ),
        ("status 503 hdr retry-after 5", vec![("retry-after".to_owned(), bytes("5"))], bytes("")),
    ];
    for (rule, fields, body) in cases {
        let (frontend, _) = listen("", &format!("http-error = [\"\"\"{rule}\"\"\"]"));
        let response =
            ErrorResponse { status: 503, reason: "Service Unavailable".to_owned(), fields, body };
        let expected = ErrorPage { status: 503, content: ErrorContent::Response(response) };
        assert_eq!(frontend.error_pages, [expected], "{rule}");
    }
}

#[test]
fn a_page_fits_a_buffer() {
    let fits = |bytes: usize| {
        let body = "x".repeat(bytes);
        let text = format!(
            "[global]\ntune.bufsize = '1k'\n[listen.x]\nbind = ':80'\nserver = []\n\
             http-error = 'status 503 hdr a b content-type t/x string {body}'\n"
        );
        let outcome = outcome(&[&text], &Overrides::default());
        outcome.diagnostics.iter().all(|diagnostic| !diagnostic.is_error())
    };
    // `content-type` and `a` with their values take 17 bytes.
    assert!(fits(1024 - 17));
    assert!(!fits(1024 - 16));
}

#[test]
fn sections_are_named_once_and_for_somebody() {
    let text = "[http-errors.site]\nerrorfile.503 = 'empty'\n";
    let found = outcome(&[text, text], &Overrides::default());
    let messages: Vec<_> = found.diagnostics.iter().map(Diagnostic::message).collect();
    assert!(messages.contains(&"section `http-errors.site` is given twice"), "{messages:?}");
    assert!(messages.contains(&"http-errors section `site` is not used"), "{messages:?}");
    assert!(config("[http-errors.site]\n").frontends.is_empty());
}
