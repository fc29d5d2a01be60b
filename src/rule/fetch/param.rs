//! Parameters of URLs and of forms.

use proxy_config::model::rule::UrlParam;

/// What is between two parameters; a semicolon may be as well.
pub(super) const SEPARATOR: u8 = b'&';

/// The values of the parameters with a name, or of all. What has no `=` is none.
#[derive(Clone)]
pub(super) struct Params<'a> {
    pub(super) rest: &'a [u8],
    pub(super) name: Option<&'a [u8]>,
    /// Separates too.
    pub(super) delimiter: u8,
    pub(super) any_case: bool,
}

impl<'a> Params<'a> {
    /// Those behind the first delimiter; `None` without one.
    #[inline]
    pub(super) fn of_url(url: &'a [u8], param: &'a UrlParam) -> Option<Self> {
        let start = memchr::memchr(param.delimiter, url)?;
        Some(Self {
            rest: url.get(start + 1..)?,
            name: param.name.as_deref(),
            delimiter: param.delimiter,
            any_case: param.any_case,
        })
    }

    fn is_wanted(&self, name: &[u8]) -> bool {
        match self.name {
            None | Some([]) => true,
            Some(wanted) if self.any_case => name.eq_ignore_ascii_case(wanted),
            Some(wanted) => name == wanted,
        }
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = memchr::memchr3(SEPARATOR, b';', self.delimiter, self.rest);
            let (param, behind) = match end {
                Some(end) => (self.rest.get(..end)?, self.rest.get(end + 1..)?),
                None => (self.rest, &b""[..]),
            };
            self.rest = behind;
            let Some(equal) = memchr::memchr(b'=', param) else { continue };
            let (name, value) = (param.get(..equal)?, param.get(equal + 1..)?);
            if self.is_wanted(name) {
                return Some(value);
            }
        }
        None
    }
}
