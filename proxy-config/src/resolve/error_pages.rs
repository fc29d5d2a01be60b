//! Error pages: `errorfiles` and the names of `http-errors` sections turned into pages.
//!
//! In one section a status has one page: two keys that name the same status are an error.
//! `errorfiles` is what they are laid over, whatever the order in the file: a key of the section
//! wins over an import, an import that names its codes over one that takes all, and a later
//! import over an earlier one.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, HttpErrorsDraft, ImportDraft, PageContent, PageDraft, ProxyDraft};
use crate::model::{ErrorContent, ErrorPage};
use crate::nearest::nearest;
use crate::place::Place;
use crate::report::Report;

/// The `http-errors` sections, and which of them are used.
pub(crate) struct Library<'d> {
    sections: &'d [HttpErrorsDraft],
    /// Names that something takes from.
    used: BTreeSet<&'d str>,
}

/// Gives every section its own pages, imports included. Comes before anything is inherited.
pub(super) fn expand(
    draft: &mut Draft,
    library: &mut Library<'_>,
    bufsize: usize,
    report: &mut Report,
) {
    for section in library.sections {
        check_sizes(&section.pages, bufsize, report);
    }
    let mut expansion = Expansion { library, report };
    for section in draft.defaults.iter_mut().chain(&mut draft.proxies) {
        check_sizes(&section.settings.pages, bufsize, expansion.report);
        expansion.expand(section);
    }
}

fn check_sizes(pages: &[PageDraft], bufsize: usize, report: &mut Report) {
    for page in pages {
        if let PageContent::Own(_, size) = page.content
            && size > bufsize
        {
            let message = format!("the page of `{}` takes {size} bytes", page.key);
            let expected = format!("`tune.bufsize` is {bufsize}");
            report.add(Diagnostic::error(page.place, message).expected(expected));
        }
    }
}

impl<'d> Library<'d> {
    pub(super) fn new(sections: &'d [HttpErrorsDraft]) -> Self {
        Self { sections, used: BTreeSet::new() }
    }

    /// The page of a section for a rule that names both; `None` where the section lacks it.
    pub(crate) fn look_up(
        &mut self,
        name: &str,
        status: u16,
        place: Place,
        report: &mut Report,
    ) -> Option<ErrorContent> {
        let section = self.find(name, place, report)?;
        match section.pages.iter().find(|page| page.status == status).map(|page| &page.content) {
            Some(PageContent::Own(content, _)) => Some(content.clone()),
            Some(_) => None,
            None => {
                lacks(section, status, place, report);
                None
            }
        }
    }

    fn find(
        &mut self,
        name: &str,
        place: Place,
        report: &mut Report,
    ) -> Option<&'d HttpErrorsDraft> {
        let found = self.sections.iter().find(|section| section.name == name);
        if let Some(section) = found {
            self.used.insert(&section.name);
            return found;
        }
        let known = self.sections.iter().map(|section| section.name.as_str());
        let remedy = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add a section [http-errors.{name}]"),
        };
        let message = format!("there is no http-errors section `{name}`");
        report.add(Diagnostic::error(place, message).expected(remedy));
        None
    }

    /// Comes when all that may take from a section has been read.
    pub(super) fn check_use(&self, report: &mut Report) {
        for section in self.sections {
            if !self.used.contains(section.name.as_str()) {
                let message = format!("http-errors section `{}` is not used", section.name);
                let expected = format!("nothing has errorfiles = \"{}\"", section.name);
                report.add(Diagnostic::warning(section.place, message).expected(expected));
            }
        }
    }
}

struct Expansion<'e, 'd> {
    library: &'e mut Library<'d>,
    report: &'e mut Report,
}

impl Expansion<'_, '_> {
    fn expand(&mut self, section: &mut ProxyDraft) {
        let settings = &mut section.settings;
        self.check_twice(&settings.pages);
        for page in &mut settings.pages {
            if let PageContent::Of(name) = &page.content {
                page.content = self.page_of(name, page.status, page.place);
            }
        }
        // A page that the import lacks, as HAProxy does it, is as if it were not written.
        settings.pages.retain(|page| !matches!(page.content, PageContent::Of(_)));
        for page in self.imported(settings.errorfiles.value().map_or(&[], Vec::as_slice)) {
            if settings.pages.iter().all(|own| own.status != page.status) {
                settings.pages.push(page);
            }
        }
    }

    fn check_twice(&mut self, pages: &[PageDraft]) {
        let mut seen: BTreeMap<u16, &PageDraft> = BTreeMap::new();
        let mut pages: Vec<_> = pages.iter().collect();
        pages.sort_by_key(|page| page.place);
        for page in pages {
            let first = *seen.entry(page.status).or_insert(page);
            if first.place != page.place {
                let message = format!("status {} has two pages", page.status);
                let diagnostic = Diagnostic::error(page.place, message)
                    .expected(format!("`{}` is given here", page.key))
                    .label(first.place, format!("`{}` is given here", first.key));
                self.report.add(diagnostic);
            }
        }
    }

    /// Of an import that lacks the page only its name is left.
    fn page_of(&mut self, name: &str, status: u16, place: Place) -> PageContent {
        let Some(section) = self.library.find(name, place, self.report) else {
            return PageContent::Wrong;
        };
        if let Some(page) = section.pages.iter().find(|page| page.status == status) {
            return page.content.clone();
        }
        lacks(section, status, place, self.report);
        PageContent::Of(name.to_owned())
    }

    /// The pages of all imports, one for a status.
    fn imported(&mut self, imports: &[ImportDraft]) -> Vec<PageDraft> {
        let mut whole = BTreeMap::new();
        let mut chosen: BTreeMap<u16, (PageDraft, Place)> = BTreeMap::new();
        for import in imports {
            let Some(section) = self.library.find(&import.name, import.place, self.report) else {
                continue;
            };
            let of_import = |page: &PageDraft| PageDraft {
                key: "errorfiles".to_owned(),
                place: import.place,
                ..page.clone()
            };
            let Some(codes) = &import.codes else {
                whole.extend(section.pages.iter().map(|page| (page.status, of_import(page))));
                continue;
            };
            for (status, place) in codes {
                let page = section.pages.iter().find(|page| page.status == *status);
                match (page, chosen.get(status)) {
                    (_, Some((_, first))) => self.report.add(code_twice(*status, *place, *first)),
                    (Some(page), None) => {
                        chosen.insert(*status, (of_import(page), *place));
                    }
                    (None, None) => lacks(section, *status, *place, self.report),
                }
            }
        }
        whole.extend(chosen.into_iter().map(|(status, (page, _))| (status, page)));
        whole.into_values().collect()
    }
}

fn lacks(section: &HttpErrorsDraft, status: u16, place: Place, report: &mut Report) {
    if section.is_complete {
        let message = format!("http-errors section `{}` has no page {status}", section.name);
        let diagnostic = Diagnostic::warning(place, message)
            .expected("has no effect")
            .label(section.place, "the section");
        report.add(diagnostic);
    }
}

fn code_twice(status: u16, place: Place, first: Place) -> Diagnostic {
    Diagnostic::error(place, format!("`errorfiles` names status {status} twice"))
        .expected("given again here")
        .label(first, "first given here")
}

/// The pages of the model, by status.
pub(super) fn build(pages: &[PageDraft]) -> Vec<ErrorPage> {
    let mut built: Vec<_> = pages
        .iter()
        .filter_map(|page| match &page.content {
            PageContent::Own(content, _) => {
                Some(ErrorPage { status: page.status, content: content.clone() })
            }
            PageContent::Of(_) | PageContent::Default | PageContent::Wrong => None,
        })
        .collect();
    built.sort_by_key(|page| page.status);
    built
}
