//! What the fuzz targets share: the code under test, limits, arrivals in pieces, and an
//! independent reading of what the proxy writes.
//!
//! A target is a file in `src/bin` and a directory of the same name in `seeds`; `scripts/fuzz`
//! finds it by that. The pure modules of the proxy are compiled into this package as they stand:
//! depending on the proxy would build its runtime too, for nothing that a target reaches.

#[path = "../../../src/proto/mod.rs"]
pub mod proto;

pub mod json;
pub mod message;
pub mod observe;
pub mod strict;

use std::fmt::Debug;

use proto::h1::Limits;

/// As in the proxy's own configuration, and so narrow that inputs of a few lines reach them.
pub const STRICT: [Limits; 2] = [Limits::strict(16_384, 100), Limits::strict(96, 3)];

/// The strict ones, and the same with all that a configuration can relax.
pub const LIMITS: [Limits; 4] = [STRICT[0], STRICT[1], relaxed(STRICT[0]), relaxed(STRICT[1])];

const fn relaxed(limits: Limits) -> Limits {
    Limits { is_lenient: true, bodies_with_any_method: true, ..limits }
}

/// For what the proxy wrote: a colon without a space, or an added line, makes a head longer.
pub const WIDE: Limits = Limits::strict(1 << 20, 1024);

/// Longer inputs are not parsed at every length.
const EVERY_LEN_MAX: usize = 256;

/// Checks that the verdict of `parse` does not depend on how the bytes arrive: once it is there,
/// more bytes do not change it. Returns it.
pub fn settled<T: PartialEq + Debug, E: PartialEq + Debug>(
    bytes: &[u8],
    mut parse: impl FnMut(&[u8]) -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let mut settled = None;
    let step = 1 + bytes.len() / EVERY_LEN_MAX;
    for len in (0..bytes.len()).step_by(step).chain([bytes.len()]) {
        let verdict = parse(&bytes[..len]).transpose();
        if settled.is_some() {
            assert_eq!(verdict, settled, "{} of {} bytes", len, bytes.len());
        }
        settled = verdict;
    }
    settled.transpose()
}

/// Lengths of pieces, chosen by the bytes themselves so that a run can be repeated.
pub struct Pieces(u64);

impl Pieces {
    pub fn of(bytes: &[u8]) -> Self {
        let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        Self(bytes.iter().fold(0xcbf2_9ce4_8422_2325, hash) | 1)
    }

    /// The first piece of `rest`: at least a byte, if there is one.
    pub fn next<'a>(&mut self, rest: &'a mut [u8]) -> &'a mut [u8] {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let len = [1, 2, 3, 5, 16, usize::MAX][(self.0 % 6) as usize];
        let len = len.min(rest.len());
        &mut rest[..len]
    }
}
