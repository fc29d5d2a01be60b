//! What the proxy answers by itself in place of its built-in error pages.

use super::log::Format;

/// The page for one status.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorPage {
    /// The status that it stands for, one that HAProxy allows: 200 400 401 403 404 405 407 408 410
    /// 413 414 417 421 422 425 429 431 500 501 502 503 504 505.
    pub status: u16,
    pub content: ErrorContent,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ErrorContent {
    /// An empty file such as `/dev/null`: the connection is closed without a word.
    Silent,
    Response(ErrorResponse),
}

/// A response, from a file (`errorfile`), a place to go (`errorloc302`, `errorloc303`) or an
/// `http-error` rule.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorResponse {
    /// The status sent, 200 to 599, which a file may choose differently from the status that it
    /// stands for.
    pub status: u16,
    pub reason: String,
    /// Names in lower case. No `connection`, `content-length`, `transfer-encoding` and no other
    /// field that is about the connection: those the proxy adds.
    pub fields: Vec<(String, Template)>,
    pub body: Template,
}

/// Text that may have parts filled in when it is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    Bytes(Vec<u8>),
    Format(Format),
}

impl ErrorPage {
    /// The formats that it fills in.
    pub fn formats(&self) -> impl Iterator<Item = &Format> {
        let response = match &self.content {
            ErrorContent::Silent => None,
            ErrorContent::Response(response) => Some(response),
        };
        let templates = response.into_iter().flat_map(|response| {
            response.fields.iter().map(|(_, value)| value).chain([&response.body])
        });
        templates.filter_map(|template| match template {
            Template::Bytes(_) => None,
            Template::Format(format) => Some(format),
        })
    }
}
