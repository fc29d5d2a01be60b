//! A key that a section may have: absent, written well, or written wrong.

use crate::place::Place;

/// The third state matters: a wrong value has been reported, so whatever would follow from the
/// default in its place must not be reported as well.
#[derive(Debug, Clone)]
pub(crate) struct Setting<T>(Option<Written<T>>);

#[derive(Debug, Clone)]
struct Written<T> {
    /// `None`: written wrong.
    value: Option<T>,
    place: Place,
}

impl<T> Default for Setting<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Setting<T> {
    pub(crate) fn written(value: Option<T>, place: Place) -> Self {
        Self(Some(Written { value, place }))
    }

    /// The value, if there is a good one.
    pub(crate) fn value(&self) -> Option<&T> {
        self.0.as_ref().and_then(|written| written.value.as_ref())
    }

    /// The value, to be changed.
    pub(crate) fn value_mut(&mut self) -> Option<&mut T> {
        self.0.as_mut().and_then(|written| written.value.as_mut())
    }

    /// Where it is written, well or wrong.
    pub(crate) fn place(&self) -> Option<Place> {
        self.0.as_ref().map(|written| written.place)
    }

    pub(crate) fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn is_wrong(&self) -> bool {
        !self.is_absent() && self.value().is_none()
    }
}

impl<T: Clone> Setting<T> {
    /// Takes the parent's where this section says nothing.
    pub(crate) fn inherit(&mut self, parent: &Self) {
        if self.0.is_none() {
            self.0.clone_from(&parent.0);
        }
    }

    /// The value, or the default.
    pub(crate) fn or(&self, default: T) -> T {
        self.value().cloned().unwrap_or(default)
    }
}
