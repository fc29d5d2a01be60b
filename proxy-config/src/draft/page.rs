//! Error pages as the files give them.

use crate::model::ErrorContent;
use crate::place::Place;

/// One page of a section: what `errorfile.N`, `errorloc.N` or a string of `http-error` says.
#[derive(Debug, Clone)]
pub(crate) struct PageDraft {
    pub(crate) status: u16,
    /// The key as in messages: `errorfile.503`.
    pub(crate) key: String,
    /// Where it is given.
    pub(crate) place: Place,
    pub(crate) content: PageContent,
}

#[derive(Debug, Clone)]
pub(crate) enum PageContent {
    /// A page, and how many bytes it takes.
    Own(ErrorContent, usize),
    /// The page of an `http-errors` section, by its name (`http-error status 503 errorfiles NAME`).
    Of(String),
    /// The built-in page, in place of an inherited one.
    Default,
    /// Written wrong, which has been reported.
    Wrong,
}

/// An item of `errorfiles`.
#[derive(Debug, Clone)]
pub(crate) struct ImportDraft {
    /// Of an `http-errors` section.
    pub(crate) name: String,
    pub(crate) place: Place,
    /// The statuses wanted, each with its place; `None` for all.
    pub(crate) codes: Option<Vec<(u16, Place)>>,
}

/// `[http-errors.NAME]`.
#[derive(Debug)]
pub(crate) struct HttpErrorsDraft {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) pages: Vec<PageDraft>,
    /// No key of the section was refused.
    pub(crate) is_complete: bool,
}
