//! Maps: what a pattern of a file leads to.

use memchr::memchr;
use proxy_config::model::rule::{self, FileText, MapOutput, Match};
use proxy_config::pattern::{lines, map_value};

use super::keys::Place;
use super::regexes;
use super::set::{self, FileFault, Kind, Set, tell, utf8};
use crate::rule::context::Arena;
use crate::rule::sample::Sample;

/// The compiled file of a `map_*`.
#[derive(Clone)]
pub(super) struct Map {
    output: MapOutput,
    set: Set,
    text: FileText,
}

impl Map {
    /// # Errors
    /// The first line that is wrong.
    pub(super) fn new(own: &rule::Map, text: &FileText) -> Result<Self, FileFault> {
        if own.method == Match::Bin {
            return Err(FileFault::whole("bytes are nothing that a map can be asked for"));
        }
        let has_groups = own.method == Match::Reg && own.output == MapOutput::Regm;
        let kind = Kind { method: own.method, any_case: false, has_groups };
        let set = Set::of_file(kind, text, true)?;
        if matches!(own.output, MapOutput::Int | MapOutput::Ip) {
            for line in lines(utf8(text)?) {
                let told = |fault| FileFault::at(line.number, tell(line.value, &fault));
                map_value(own.output, line.value).map_err(told)?;
            }
        }
        Ok(Self { output: own.output, set, text: FileText::clone(text) })
    }

    /// What a sample leads to.
    pub(super) fn lookup<'a>(&'a self, sample: Sample<'a>, arena: &'a Arena) -> Option<Sample<'a>> {
        let place = self.set.find(sample, arena)?;
        match self.output {
            MapOutput::Str => Some(Sample::Str(self.value(place))),
            MapOutput::Int => {
                std::str::from_utf8(self.value(place)).ok()?.parse().ok().map(Sample::Int)
            }
            MapOutput::Ip => {
                std::str::from_utf8(self.value(place)).ok()?.parse().ok().map(Sample::Ip)
            }
            MapOutput::Key => Some(Sample::Str(self.key(place))),
            MapOutput::Regm => {
                let (regex, text) = (self.set.regex(place)?, set::text(sample, arena));
                let mut is_whole = None;
                let with = self.value(place);
                let made = arena.write(|out| is_whole = regexes::expand(out, regex, text, with));
                is_whole.map(|()| Sample::Str(made))
            }
        }
    }

    /// The value of the line in which a pattern is.
    fn value(&self, place: Place) -> &[u8] {
        let rest = self.text.get(place as usize..).unwrap_or_default();
        let line = rest.get(..memchr(b'\n', rest).unwrap_or(rest.len())).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let end = line.iter().position(is_blank).unwrap_or(line.len());
        trim(line.get(end..).unwrap_or_default())
    }

    /// The key of the line in which a pattern is: it may begin before the pattern, as `.` does.
    fn key(&self, place: Place) -> &[u8] {
        let (before, rest) = self.text.split_at_checked(place as usize).unwrap_or_default();
        let is_end = |byte: &u8| is_blank(byte) || matches!(byte, b'\n' | b'\r');
        let start = before.iter().rposition(is_end).map_or(0, |at| at + 1);
        let end = before.len() + rest.iter().position(is_end).unwrap_or(rest.len());
        self.text.get(start..end).unwrap_or_default()
    }
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Without blanks around it.
fn trim(text: &[u8]) -> &[u8] {
    let is_other = |byte: &u8| !is_blank(byte);
    let start = text.iter().position(is_other).unwrap_or(text.len());
    let end = text.iter().rposition(is_other).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}
