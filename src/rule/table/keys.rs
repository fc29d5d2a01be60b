//! The bytes of patterns, where they are written.

use proxy_config::model::rule::FileText;

/// Where a pattern begins in its text. Of two patterns the one with the lower place comes first.
pub(super) type Place = u32;

/// Patterns as slices of one text, in their order.
pub(super) struct Keys {
    pub(super) text: FileText,
    pub(super) spans: Box<[Span]>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: Place,
    pub(super) len: u32,
}

impl Span {
    /// Of a slice of `text`. `None`: it lies beyond 4 GiB.
    pub(super) fn of(text: &[u8], slice: &[u8]) -> Option<Self> {
        let start = slice.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        // The last place means that there is none.
        let start = u32::try_from(start).ok().filter(|start| *start < Place::MAX)?;
        Some(Self { start, len: slice.len().try_into().ok()? })
    }

    pub(super) fn of_text(self, text: &[u8]) -> &[u8] {
        let start = self.start as usize;
        text.get(start..start + self.len as usize).unwrap_or_default()
    }
}

impl Keys {
    /// Of keys that are written nowhere in a row. `None`: they are 4 GiB.
    pub(super) fn own<'k>(keys: impl Iterator<Item = &'k [u8]>) -> Option<Self> {
        let mut text = Vec::new();
        let mut spans = Vec::new();
        for key in keys {
            let start = u32::try_from(text.len()).ok().filter(|start| *start < Place::MAX)?;
            text.extend_from_slice(key);
            // So that an empty one has a place of its own, too.
            text.push(b'\n');
            spans.push(Span { start, len: key.len().try_into().ok()? });
        }
        Some(Self { text: text.into(), spans: spans.into() })
    }

    /// The same in lower case.
    pub(super) fn lowered(self) -> Self {
        Self { text: self.text.to_ascii_lowercase().into(), spans: self.spans }
    }

    /// Each key made a part of itself.
    pub(super) fn trimmed(mut self, trim: impl Fn(&[u8]) -> &[u8]) -> Self {
        for span in &mut self.spans {
            if let Some(part) = Span::of(&self.text, trim(span.of_text(&self.text))) {
                *span = part;
            }
        }
        self
    }

    /// Each with its place.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (Place, &[u8])> + Clone {
        self.spans.iter().map(|span| (span.start, span.of_text(&self.text)))
    }
}
