//! `http-error`: error pages as rules in HAProxy's syntax.
//!
//! ```text
//! status CODE [content-type TYPE]
//!     [default-errorfiles | errorfile FILE | errorfiles NAME |
//!      file FILE | lf-file FILE | string STRING | lf-string FORMAT]
//!     [hdr NAME FORMAT]...
//! ```
//!
//! Without a body and without headers a rule stands for the built-in page, as
//! `default-errorfiles` does; with headers alone the body is empty.

use crate::draft::{PageContent, PageDraft};
use crate::http;
use crate::log_format::parse_template;
use crate::model::{ErrorContent, ErrorResponse, Format, FormatPiece, Template};
use crate::section::{error_page, proxy_name};
use crate::text::{Fault, Text};
use crate::walk::{Entry, Reader};

const FORM: &str = "rules such as \"status 503 content-type text/plain string sorry\"";

const BODIES: &str = "`default-errorfiles`, `errorfile`, `errorfiles`, `file`, `lf-file`, `string` \
    or `lf-string`";

/// A fault, and the text that its range is in.
type Misplaced = Box<(Fault, Text)>;

/// An array of rules, or one.
pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry<'_>, pages: &mut Vec<PageDraft>) {
    for item in reader.items(entry) {
        let Some(text) = reader.text(&item, FORM) else { continue };
        match rule(reader, &text) {
            Ok((status, content)) => pages.push(PageDraft {
                status,
                key: format!("{} status {status}", entry.path),
                place: reader.value_place(&item),
                content,
            }),
            Err(misplaced) => {
                let (fault, text) = *misplaced;
                reader.report.add(fault.about(&entry.path, &text));
            }
        }
    }
}

fn rule(reader: &Reader<'_>, text: &Text) -> Result<(u16, PageContent), Misplaced> {
    let words = text.words().map_err(|fault| Box::new((fault, text.clone())))?;
    let mut rule = Rule::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut next = || argument(word, words.next());
        match word.as_str() {
            "status" => rule.status = Some(parsed(next()?, error_page::status)?),
            "content-type" => rule.content_type = Some((word, parsed(next()?, content_type)?)),
            "hdr" => {
                let name = parsed(next()?, header)?;
                let value = parsed(next()?, value)?;
                rule.headers.push((word, name, value));
            }
            "default-errorfiles" => rule.set_body(word, Body::Default)?,
            "errorfile" => rule.set_body(word, Body::Response(next()?))?,
            "errorfiles" => rule.set_body(word, Body::Of(parsed(next()?, proxy_name)?))?,
            "file" => rule.set_body(word, Body::File(next()?))?,
            "lf-file" => rule.set_body(word, Body::FormatFile(next()?))?,
            "string" => rule.set_body(word, Body::Text(next()?))?,
            "lf-string" => rule.set_body(word, Body::Format(parsed(next()?, template)?))?,
            other => {
                let expected = format!("must be `status`, `content-type`, `hdr`, {BODIES}");
                return Err(at(word, &format!("has an unknown word `{other}`"), &expected));
            }
        }
    }
    rule.build(reader, text)
}

#[derive(Default)]
struct Rule<'w> {
    status: Option<u16>,
    /// Each with its keyword.
    content_type: Option<(&'w Text, String)>,
    body: Option<(&'w Text, Body<'w>)>,
    headers: Vec<(&'w Text, String, Template)>,
}

enum Body<'w> {
    Default,
    Response(&'w Text),
    Of(String),
    File(&'w Text),
    FormatFile(&'w Text),
    Text(&'w Text),
    Format(Template),
}

impl<'w> Rule<'w> {
    fn set_body(&mut self, word: &'w Text, body: Body<'w>) -> Result<(), Misplaced> {
        if let Some((first, _)) = &self.body {
            let problem = format!("has `{}` and `{}`", first.as_str(), word.as_str());
            return Err(at(word, &problem, &format!("a page has only one of {BODIES}")));
        }
        self.body = Some((word, body));
        Ok(())
    }

    fn build(mut self, reader: &Reader<'_>, text: &Text) -> Result<(u16, PageContent), Misplaced> {
        let Some(status) = self.status else {
            return Err(at(text, "has no status", "begin with a status: `status 503 ...`"));
        };
        let content = match self.body.take() {
            None if self.headers.is_empty() => self.without_body(PageContent::Default)?,
            None => self.respond(status, Template::Bytes(Vec::new()))?,
            Some((_, Body::Default)) => self.without_body(PageContent::Default)?,
            Some((_, Body::Of(name))) => self.without_body(PageContent::Of(name))?,
            Some((_, Body::Response(path))) => {
                let content = error_page::response_of(reader, path);
                self.without_body(content.map_err(|fault| Box::new((fault, path.clone())))?)?
            }
            Some((word, body)) => {
                let body = content_of(reader, body)?;
                let is_empty = body == Template::Bytes(Vec::new());
                if self.content_type.is_none() && !is_empty {
                    let problem = format!("has `{}` without `content-type`", word.as_str());
                    return Err(at(word, &problem, "add `content-type text/html` before it"));
                }
                self.respond(status, body)?
            }
        };
        Ok((status, content))
    }

    /// For a page that brings its own head.
    fn without_body(&self, content: PageContent) -> Result<PageContent, Misplaced> {
        let surplus = self.content_type.as_ref().map(|(word, _)| *word);
        match surplus.or_else(|| self.headers.first().map(|(word, _, _)| *word)) {
            None => Ok(content),
            Some(word) => {
                let problem = format!("has `{}` without a body of its own", word.as_str());
                Err(at(word, &problem, "goes with `file`, `lf-file`, `string` or `lf-string`"))
            }
        }
    }

    fn respond(self, status: u16, body: Template) -> Result<PageContent, Misplaced> {
        let is_empty = body == Template::Bytes(Vec::new());
        if let (true, Some((word, _))) = (is_empty, &self.content_type) {
            return Err(at(word, "has `content-type` without a body", "leave it out"));
        }
        let content_type = self.content_type.map(|(_, value)| Template::Bytes(value.into_bytes()));
        let content_type = content_type.map(|value| ("content-type".to_owned(), value));
        let headers = self.headers.into_iter().map(|(_, name, value)| (name, value));
        let fields: Vec<_> = content_type.into_iter().chain(headers).collect();
        let heads: usize = fields.iter().map(|(name, value)| name.len() + size(value)).sum();
        let size = heads + size(&body);
        let reason = error_page::reason(status);
        let response = ErrorResponse { status, reason, fields, body };
        Ok(PageContent::Own(ErrorContent::Response(response), size))
    }
}

/// The least that it takes.
fn size(template: &Template) -> usize {
    match template {
        Template::Bytes(bytes) => bytes.len(),
        Template::Format(format) => format.pieces.iter().map(text_len).sum(),
    }
}

fn text_len(piece: &FormatPiece) -> usize {
    match piece {
        FormatPiece::Text(text) => text.len(),
        FormatPiece::Field { .. } => 0,
    }
}

fn content_of(reader: &Reader<'_>, body: Body<'_>) -> Result<Template, Misplaced> {
    match body {
        Body::Format(template) => Ok(template),
        Body::Text(text) => Ok(Template::Bytes(text.as_str().into())),
        Body::File(path) => error_page::read_file(reader, path)
            .map(Template::Bytes)
            .map_err(|fault| Box::new((fault, path.clone()))),
        Body::FormatFile(path) => {
            let read = error_page::read_file(reader, path).and_then(|bytes| of_file(path, &bytes));
            read.map_err(|fault| Box::new((fault, path.clone())))
        }
        Body::Default | Body::Response(_) | Body::Of(_) => Ok(Template::Bytes(Vec::new())),
    }
}

/// The format in a file; its faults are told with line and column, for no caret can stand there.
fn of_file(path: &Text, bytes: &[u8]) -> Result<Template, Fault> {
    let whole = 0..path.as_str().len();
    let Ok(content) = std::str::from_utf8(bytes) else {
        return Err(Fault::new(whole, "names a file that is not UTF-8", "a log-format is text"));
    };
    template(content).map_err(|fault| {
        let position = crate::place::position(content, fault.range.start);
        let (line, column) = (position.line, position.column);
        let problem = format!("{} at line {line}, column {column} of its file", fault.problem);
        Fault::new(whole, problem, fault.expected)
    })
}

/// What a format without any field makes is known already.
fn template(text: &str) -> Result<Template, Fault> {
    let format = parse_template(text)?;
    Ok(match fixed(&format) {
        Some(bytes) => Template::Bytes(bytes),
        None => Template::Format(format),
    })
}

fn fixed(format: &Format) -> Option<Vec<u8>> {
    match format.pieces.as_slice() {
        [] => Some(Vec::new()),
        [FormatPiece::Text(text)] => Some(text.as_bytes().to_vec()),
        _ => None,
    }
}

fn value(text: &str) -> Result<Template, Fault> {
    http::field_value(text)?;
    template(text)
}

fn content_type(text: &str) -> Result<String, Fault> {
    let is_media_type = text.split_once('/').is_some_and(|(kind, sub)| {
        let sub = sub.split(';').next().unwrap_or("").trim_end();
        http::token(kind).is_ok() && http::token(sub).is_ok()
    });
    if is_media_type {
        return http::field_value(text);
    }
    let problem = format!("has a bad content-type `{text}`");
    Err(Fault::new(0..text.len(), problem, "write a type such as `text/html`"))
}

fn header(text: &str) -> Result<String, Fault> {
    let name = http::token(text)?.to_ascii_lowercase();
    if http::is_of_connection(&name) {
        let problem = format!("has header `{name}`");
        return Err(Fault::new(0..text.len(), problem, "the proxy sets it by itself"));
    }
    Ok(name)
}

fn argument<'w>(keyword: &Text, next: Option<&'w Text>) -> Result<&'w Text, Misplaced> {
    next.ok_or_else(|| {
        let problem = format!("has `{}` without its argument", keyword.as_str());
        at(keyword, &problem, "its argument follows it")
    })
}

fn parsed<T>(word: &Text, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Result<T, Misplaced> {
    parse(word.as_str()).map_err(|fault| Box::new((fault, word.clone())))
}

fn at(word: &Text, problem: &str, expected: &str) -> Misplaced {
    Box::new((Fault::new(0..word.as_str().len(), problem, expected), word.clone()))
}
