//! What the proxy answers by itself: built-in pages, and those of `errorfile`, `errorfiles`,
//! `errorloc*` and `http-error`.

use proxy_config::model::{self, ErrorContent, ErrorResponse, Format, Template};

use crate::proto::h1::{CRLF, error_reply, error_reply_head, push_decimal, push_line};

/// The pages of one frontend or backend.
#[derive(Debug, Default)]
pub struct ErrorPages {
    /// By status.
    pages: Vec<(u16, ErrorPage)>,
}

/// A page that replaces a built-in one.
#[derive(Debug)]
enum ErrorPage {
    /// The connection is closed without a word.
    Silent,
    /// The same for everybody.
    Fixed { bytes: Vec<u8>, head_len: usize },
    /// Parts of it are filled in.
    Composed(Box<ErrorResponse>),
}

/// Appends what a format shows of the stream at hand.
pub type Render<'a> = &'a mut dyn FnMut(&mut Vec<u8>, &Format);

impl ErrorPages {
    pub fn new(pages: &[model::ErrorPage]) -> Self {
        Self { pages: pages.iter().map(|page| (page.status, ErrorPage::new(page))).collect() }
    }

    fn find(&self, status: u16) -> Option<&ErrorPage> {
        let index = self.pages.binary_search_by_key(&status, |(status, _)| *status).ok()?;
        self.pages.get(index).map(|(_, page)| page)
    }
}

/// The answer with `status`, head and body, or the head alone; empty when there is to be none. The
/// pages of `first` win over those of `then`.
pub fn write_reply(
    out: &mut Vec<u8>,
    status: u16,
    (first, then): (Option<&ErrorPages>, &ErrorPages),
    head_only: bool,
    render: Render<'_>,
) {
    let page = first.and_then(|pages| pages.find(status)).or_else(|| then.find(status));
    match page {
        None if head_only => out.extend_from_slice(error_reply_head(status)),
        None => out.extend_from_slice(error_reply(status)),
        Some(ErrorPage::Silent) => {}
        Some(ErrorPage::Fixed { bytes, head_len }) => {
            let len = if head_only { *head_len } else { bytes.len() };
            out.extend_from_slice(bytes.get(..len).unwrap_or(bytes));
        }
        Some(ErrorPage::Composed(response)) => {
            write_response(out, response, head_only, render);
        }
    }
}

/// A page of its own, as [`write_reply`] writes those of a frontend.
pub fn write_page(out: &mut Vec<u8>, page: &model::ErrorPage, head_only: bool, render: Render<'_>) {
    let ErrorContent::Response(response) = &page.content else { return };
    write_response(out, response, head_only, render);
}

fn write_response(
    out: &mut Vec<u8>,
    response: &ErrorResponse,
    head_only: bool,
    render: Render<'_>,
) {
    let mut body = Vec::new();
    write(&mut body, &response.body, render);
    write_head(out, response, body.len(), render);
    if !head_only {
        out.extend_from_slice(&body);
    }
}

impl ErrorPage {
    fn new(page: &model::ErrorPage) -> Self {
        let response = match &page.content {
            ErrorContent::Silent => return Self::Silent,
            ErrorContent::Response(response) => response,
        };
        let is_fixed = |template: &Template| matches!(template, Template::Bytes(_));
        let Template::Bytes(body) = &response.body else {
            return Self::Composed(Box::new(response.clone()));
        };
        if !response.fields.iter().all(|(_, value)| is_fixed(value)) {
            return Self::Composed(Box::new(response.clone()));
        }
        let mut bytes = Vec::new();
        write_head(&mut bytes, response, body.len(), &mut |_, _| ());
        let head_len = bytes.len();
        bytes.extend_from_slice(body);
        Self::Fixed { bytes, head_len }
    }
}

fn write_head(out: &mut Vec<u8>, response: &ErrorResponse, body_len: usize, render: Render<'_>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    push_decimal(out, u64::from(response.status));
    out.push(b' ');
    out.extend_from_slice(response.reason.as_bytes());
    out.extend_from_slice(CRLF);
    let mut value = Vec::new();
    for (name, template) in &response.fields {
        value.clear();
        write(&mut value, template, render);
        // What a client sent may be shown, and must not end the line.
        value.retain(|byte| *byte >= b' ' && *byte != 0x7f || *byte == b'\t');
        push_line(out, name.as_bytes(), value.trim_ascii());
    }
    // RFC 9110 section 8.6: no length goes with 204 and 304 has none of its own here.
    if !matches!(response.status, 204 | 304) {
        out.extend_from_slice(b"content-length: ");
        push_decimal(out, body_len as u64);
        out.extend_from_slice(CRLF);
    }
    out.extend_from_slice(b"connection: close\r\n\r\n");
}

fn write(out: &mut Vec<u8>, template: &Template, render: Render<'_>) {
    match template {
        Template::Bytes(bytes) => out.extend_from_slice(bytes),
        Template::Format(format) => render(out, format),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proxy_config::model::Encoding;

    fn page(status: u16, content: ErrorContent) -> model::ErrorPage {
        model::ErrorPage { status, content }
    }

    fn response(value: Template, body: Template) -> ErrorContent {
        let fields = vec![("x-a".to_owned(), value)];
        ErrorContent::Response(ErrorResponse {
            status: 200,
            reason: "Fine".to_owned(),
            fields,
            body,
        })
    }

    fn bytes(text: &str) -> Template {
        Template::Bytes(text.as_bytes().to_vec())
    }

    fn format() -> Template {
        Template::Format(Format { encoding: Encoding::Text, pieces: Vec::new() })
    }

    fn reply(status: u16, first: &ErrorPages, then: &ErrorPages, head_only: bool) -> String {
        let mut out = Vec::new();
        let render: Render<'_> = &mut |out, _| out.extend_from_slice(b"a\r\nb: c ");
        write_reply(&mut out, status, (Some(first), then), head_only, render);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_first_pages_win_and_built_in_ones_are_last() {
        let first = ErrorPages::new(&[page(503, response(bytes("1"), bytes("body")))]);
        let then =
            ErrorPages::new(&[page(500, ErrorContent::Silent), page(503, ErrorContent::Silent)]);
        let whole = "HTTP/1.1 200 Fine\r\nx-a: 1\r\ncontent-length: 4\r\nconnection: close\r\n\r\n";
        assert_eq!(reply(503, &first, &then, false), format!("{whole}body"));
        assert_eq!(reply(503, &first, &then, true), whole);
        assert_eq!(reply(500, &first, &then, false), "");
        assert!(reply(502, &first, &then, false).starts_with("HTTP/1.1 502 "));
        assert!(reply(502, &first, &then, true).ends_with("\r\n\r\n"));
    }

    #[test]
    fn what_is_filled_in_cannot_end_a_line() {
        let pages = ErrorPages::new(&[page(403, response(format(), format()))]);
        assert_eq!(
            reply(403, &pages, &ErrorPages::default(), false),
            "HTTP/1.1 200 Fine\r\nx-a: ab: c\r\ncontent-length: 8\r\nconnection: close\r\n\r\n\
             a\r\nb: c "
        );
    }
}
