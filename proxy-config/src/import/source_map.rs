//! From places of the TOML back to the haproxy.cfg.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::place::Place;

#[derive(Debug, Clone, Default)]
pub(crate) struct SourceMap {
    /// Characters of strings: in the order of the TOML, none over another.
    characters: Vec<Segment>,
    /// Keys, values and headers, each behind what it holds.
    parts: Vec<(Range<usize>, Place)>,
    /// What can be left out, each behind what it holds.
    units: Vec<(Range<usize>, Place)>,
}

#[derive(Debug, Clone)]
struct Segment {
    toml: Range<usize>,
    cfg: Place,
    /// Byte for byte the same.
    is_verbatim: bool,
}

impl SourceMap {
    /// A character of a string; those that are copied grow together.
    pub(super) fn character(&mut self, toml: Range<usize>, cfg: Place) {
        let is_verbatim = toml.len() == cfg.end - cfg.start;
        if let Some(last) = self.characters.last_mut()
            && last.is_verbatim
            && is_verbatim
            && last.toml.end == toml.start
            && last.cfg.source == cfg.source
            && last.cfg.end == cfg.start
        {
            last.toml.end = toml.end;
            last.cfg.end = cfg.end;
            return;
        }
        self.characters.push(Segment { toml, cfg, is_verbatim });
    }

    pub(super) fn part(&mut self, toml: Range<usize>, cfg: Place) {
        self.parts.push((toml, cfg));
    }

    pub(super) fn unit(&mut self, toml: Range<usize>, cfg: Place) {
        self.units.push((toml, cfg));
    }

    /// Where in a cfg a stretch of the TOML comes from.
    pub(crate) fn place(&self, span: &Range<usize>) -> Option<Place> {
        let last = span.end.saturating_sub(1).max(span.start);
        let within = self.at(span.start).zip(self.at(last));
        if let Some((first, last)) = within
            && first.source == last.source
        {
            let end = if span.is_empty() { first.start } else { last.end.max(first.end) };
            return Some(Place { end, ..first });
        }
        smallest(&self.parts, span)
    }

    /// The smallest thing to leave out with this stretch of the TOML.
    pub(crate) fn unit_of(&self, span: &Range<usize>, beside: &BTreeSet<Place>) -> Option<Place> {
        let is_free = |(_, place): &&(Range<usize>, Place)| !beside.contains(place);
        let units: Vec<_> = self.units.iter().filter(is_free).cloned().collect();
        smallest(&units, span)
    }

    fn at(&self, offset: usize) -> Option<Place> {
        let nth = self.characters.partition_point(|segment| segment.toml.end <= offset);
        let segment = self.characters.get(nth).filter(|s| s.toml.contains(&offset))?;
        if !segment.is_verbatim {
            return Some(segment.cfg);
        }
        let start = segment.cfg.start + (offset - segment.toml.start);
        Some(Place { start, end: start + 1, ..segment.cfg })
    }
}

fn smallest(ranges: &[(Range<usize>, Place)], span: &Range<usize>) -> Option<Place> {
    ranges
        .iter()
        .filter(|(range, _)| range.start <= span.start && span.end <= range.end)
        .min_by_key(|(range, _)| range.len())
        .map(|(_, place)| *place)
}
