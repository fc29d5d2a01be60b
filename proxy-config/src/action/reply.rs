//! Responses of the proxy's own: the words that `http-error`, `return`, `deny` and `tarpit` share.
//!
//! ```text
//! [status CODE] [content-type TYPE]
//!     [default-errorfiles | errorfile FILE | errorfiles NAME |
//!      file FILE | lf-file FILE | string STRING | lf-string FORMAT]
//!     [hdr NAME FORMAT]...
//! ```

use crate::action::line::{Line, Read, Wrong, at};
use crate::draft::PageContent;
use crate::http;
use crate::model::rule::{Reply, ReplyContent};
use crate::model::{ErrorContent, ErrorPage, ErrorResponse, Format, FormatPiece, Template};
use crate::page;
use crate::section::proxy_name;
use crate::text::{Fault, Text};
use crate::units;

const BODIES: &str = "`default-errorfiles`, `errorfile`, `errorfiles`, `file`, `lf-file`, `string` \
    or `lf-string`";

/// Who asks for a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Its status must have a page.
    HttpError,
    /// Nothing written is an empty response.
    Return,
    /// Nothing written is the page of the status.
    Deny,
}

/// The words of a reply, read.
struct Words<'w> {
    asker: Asker,
    /// With its keyword, and the word that says it.
    status: Option<(&'w Text, &'w Text, u16)>,
    content_type: Option<(&'w Text, String)>,
    body: Option<(&'w Text, Body<'w>)>,
    headers: Vec<(&'w Text, String, Template)>,
}

enum Body<'w> {
    Default,
    Response(&'w Text),
    /// Of this `http-errors` section.
    Of(String),
    File(&'w Text),
    FormatFile(&'w Text),
    Text(&'w Text),
    Format(Template),
}

/// The page of an `http-error` rule, and its status; `rule` is the whole text.
pub(crate) fn http_error<'l>(line: &mut Line<'l, '_>, rule: &Text) -> Read<(u16, PageContent)> {
    let mut words = Words::read(line, Asker::HttpError)?;
    let Some((_, _, status)) = words.status else {
        return Err(at(rule, "has no status", "begin with a status: `status 503 ...`"));
    };
    let content = match words.body.take() {
        None if words.headers.is_empty() => words.without_body(PageContent::Default)?,
        Some((_, Body::Default)) => words.without_body(PageContent::Default)?,
        Some((_, Body::Of(name))) => words.without_body(PageContent::Of(name))?,
        body => words.content(line, status, body)?,
    };
    Ok((status, content))
}

/// The reply of an action; `status` is what it has if nothing else is said.
pub(crate) fn reply(
    line: &mut Line<'_, '_>,
    action: &Text,
    asker: Asker,
    status: u16,
) -> Read<Reply> {
    let mut words = Words::read(line, asker)?;
    let (word, status_word, status) = words.status.unwrap_or((action, action, status));
    let page = |words: &Words<'_>| {
        words.without_body(())?;
        has_page(status_word, status)?;
        Ok(ReplyContent::Page)
    };
    let content = match words.body.take() {
        // With `status` alone a `deny` has no body, as with HAProxy; with `deny_status` a page.
        None if words.headers.is_empty() && asker == Asker::Deny && word.as_str() != "status" => {
            page(&words)?
        }
        Some((_, Body::Default)) => page(&words)?,
        Some((word, Body::Of(name))) => {
            let default = page(&words)?;
            let found =
                line.tools.library.look_up(&name, status, word.whole(), &mut line.tools.report);
            found.map_or(default, |content| own(status, content))
        }
        body => own(status, line_content(&words.content(line, status, body)?)),
    };
    check_size(line, action, &content)?;
    Ok(Reply { status, content })
}

/// As in a page of an `http-errors` section, a file's own status line is what is sent.
fn own(status: u16, content: ErrorContent) -> ReplyContent {
    ReplyContent::Own(Box::new(ErrorPage { status, content }))
}

fn line_content(content: &PageContent) -> ErrorContent {
    match content {
        PageContent::Own(content, _) => content.clone(),
        PageContent::Of(_) | PageContent::Default | PageContent::Wrong => ErrorContent::Silent,
    }
}

fn has_page(word: &Text, status: u16) -> Read<()> {
    page::status(&status.to_string()).map(|_| ()).map_err(|fault| {
        at(word, &fault.problem, &format!("{}; or give it a `string`", fault.expected))
    })
}

fn check_size(line: &Line<'_, '_>, action: &Text, content: &ReplyContent) -> Read<()> {
    let ReplyContent::Own(page) = content else { return Ok(()) };
    let ErrorContent::Response(response) = &page.content else { return Ok(()) };
    let takes = response_size(&response.fields, &response.body);
    if takes <= line.tools.bufsize {
        return Ok(());
    }
    let problem = format!("has a page that takes {takes} bytes");
    Err(at(action, &problem, &format!("`tune.bufsize` is {}", line.tools.bufsize)))
}

impl<'w> Words<'w> {
    fn read(line: &mut Line<'w, '_>, asker: Asker) -> Read<Self> {
        let mut words =
            Self { asker, status: None, content_type: None, body: None, headers: Vec::new() };
        while let Some(word) = words.next(line) {
            words.take(line, word)?;
        }
        Ok(words)
    }

    fn next(&self, line: &mut Line<'w, '_>) -> Option<&'w Text> {
        match self.asker {
            Asker::HttpError => line.words.next(),
            Asker::Return | Asker::Deny => line.next_word(),
        }
    }

    fn take(&mut self, line: &mut Line<'w, '_>, word: &'w Text) -> Read<()> {
        match word.as_str() {
            "status" => self.set_status(line, word)?,
            "deny_status" if self.asker == Asker::Deny => self.set_status(line, word)?,
            "content-type" => {
                self.content_type = Some((word, line.parsed(word, content_type)?));
            }
            "hdr" => {
                let name = line.parsed(word, header)?;
                let value = line.value(word)?;
                self.headers.push((word, name, template(value)));
            }
            "default-errorfiles" => self.set_body(word, Body::Default)?,
            "errorfile" => self.set_body(word, Body::Response(line.argument(word)?))?,
            "errorfiles" => self.set_body(word, Body::Of(line.parsed(word, proxy_name)?))?,
            "file" => self.set_body(word, Body::File(line.argument(word)?))?,
            "lf-file" => self.set_body(word, Body::FormatFile(line.argument(word)?))?,
            "string" => self.set_body(word, Body::Text(line.argument(word)?))?,
            "lf-string" => {
                let format = line.format(word, any)?;
                self.set_body(word, Body::Format(template(format)))?;
            }
            other => {
                let expected = format!("must be `status`, `content-type`, `hdr`, {BODIES}");
                return Err(at(word, &format!("has an unknown word `{other}`"), &expected));
            }
        }
        Ok(())
    }

    fn set_status(&mut self, line: &mut Line<'w, '_>, word: &'w Text) -> Read<()> {
        let argument = line.peek().unwrap_or(word);
        let status = match self.asker {
            Asker::HttpError => line.parsed(word, page::status)?,
            Asker::Return | Asker::Deny => line.parsed(word, own_status)?,
        };
        if let Some((first, _, _)) = self.status {
            let problem = format!("has `{}` and `{}`", first.as_str(), word.as_str());
            return Err(at(word, &problem, "a response has one status"));
        }
        self.status = Some((word, argument, status));
        Ok(())
    }

    fn set_body(&mut self, word: &'w Text, body: Body<'w>) -> Read<()> {
        if let Some((first, _)) = &self.body {
            let problem = format!("has `{}` and `{}`", first.as_str(), word.as_str());
            return Err(at(word, &problem, &format!("a page has only one of {BODIES}")));
        }
        self.body = Some((word, body));
        Ok(())
    }

    /// For a page that brings its own head.
    fn without_body<T>(&self, content: T) -> Read<T> {
        let surplus = self.content_type.as_ref().map(|(word, _)| *word);
        match surplus.or_else(|| self.headers.first().map(|(word, _, _)| *word)) {
            None => Ok(content),
            Some(word) => {
                let problem = format!("has `{}` without a body of its own", word.as_str());
                Err(at(word, &problem, "goes with `file`, `lf-file`, `string` or `lf-string`"))
            }
        }
    }

    /// A response that is written here, or in a file.
    fn content(
        self,
        line: &mut Line<'_, '_>,
        status: u16,
        body: Option<(&'w Text, Body<'w>)>,
    ) -> Read<PageContent> {
        let Some((word, body)) = body else {
            return self.respond(status, Template::Bytes(Vec::new()));
        };
        if let Body::Response(path) = body {
            let content = page::response_of(line.tools.surroundings, path);
            return self.without_body(content.map_err(|fault| Wrong::of(fault, path))?);
        }
        let body = body_of(line, body)?;
        let is_empty = body == Template::Bytes(Vec::new());
        if self.content_type.is_none() && !is_empty {
            let problem = format!("has `{}` without `content-type`", word.as_str());
            return Err(at(word, &problem, "add `content-type text/html` before it"));
        }
        self.respond(status, body)
    }

    fn respond(self, status: u16, body: Template) -> Read<PageContent> {
        let is_empty = body == Template::Bytes(Vec::new());
        if let (true, Some((word, _))) = (is_empty, &self.content_type) {
            return Err(at(word, "has `content-type` without a body", "leave it out"));
        }
        let content_type = self.content_type.map(|(_, value)| Template::Bytes(value.into_bytes()));
        let content_type = content_type.map(|value| ("content-type".to_owned(), value));
        let headers = self.headers.into_iter().map(|(_, name, value)| (name, value));
        let fields: Vec<_> = headers.chain(content_type).collect();
        let size = response_size(&fields, &body);
        let reason = page::reason(status);
        let response = ErrorResponse { status, reason, fields, body };
        Ok(PageContent::Own(ErrorContent::Response(response), size))
    }
}

/// The least that head and body take.
fn response_size(fields: &[(String, Template)], body: &Template) -> usize {
    let heads: usize = fields.iter().map(|(name, value)| name.len() + size(value)).sum();
    heads + size(body)
}

fn size(template: &Template) -> usize {
    match template {
        Template::Bytes(bytes) => bytes.len(),
        Template::Format(format) => format.pieces.iter().map(text_len).sum(),
    }
}

fn text_len(piece: &FormatPiece) -> usize {
    match piece {
        FormatPiece::Text(text) => text.len(),
        FormatPiece::Field { .. } | FormatPiece::Sample { .. } => 0,
    }
}

fn body_of(line: &mut Line<'_, '_>, body: Body<'_>) -> Read<Template> {
    match body {
        Body::Format(template) => Ok(template),
        Body::Text(text) => Ok(Template::Bytes(text.as_str().into())),
        Body::File(path) => page::read_file(line.tools.surroundings, path)
            .map(Template::Bytes)
            .map_err(|fault| Wrong::of(fault, path)),
        Body::FormatFile(path) => {
            let bytes = page::read_file(line.tools.surroundings, path)
                .map_err(|fault| Wrong::of(fault, path))?;
            let Ok(content) = String::from_utf8(bytes) else {
                return Err(at(path, "names a file that is not UTF-8", "a log-format is text"));
            };
            let content = line.tools.compiler.file_text(path.as_str(), content);
            Ok(template(line.format_of(&content, any)?))
        }
        Body::Default | Body::Response(_) | Body::Of(_) => Ok(Template::Bytes(Vec::new())),
    }
}

/// What a format without any field makes is known already.
fn template(format: Format) -> Template {
    match format.pieces.as_slice() {
        [] => Template::Bytes(Vec::new()),
        [FormatPiece::Text(text)] => Template::Bytes(text.as_bytes().to_vec()),
        _ => Template::Format(format),
    }
}

pub(crate) fn any(text: &str) -> Result<String, Fault> {
    Ok(text.to_owned())
}

/// A status of a response that is written in the rule.
fn own_status(text: &str) -> Result<u16, Fault> {
    let status = units::number(text, 200, 599)?;
    Ok(u16::try_from(status).unwrap_or(u16::MAX))
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
