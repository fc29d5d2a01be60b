//! Ranges that overlap, flattened: for each point the one range that wins.

use std::collections::BTreeSet;

use super::keys::Place;

/// Starts in a block.
const BLOCK: usize = 16;

/// No range.
const NONE: Place = Place::MAX;

/// A number that ranges are of.
pub(super) trait Point: Copy + Ord {
    /// The next larger one.
    fn next(self) -> Option<Self>;
}

impl Point for i64 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Point for u32 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Point for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

/// A range with both its ends.
pub(super) struct Stretch<T> {
    pub(super) from: T,
    pub(super) to: T,
    /// The least wins, and among equals the least `owner`.
    pub(super) rank: u32,
    pub(super) owner: Place,
}

/// Where the winner changes, in ascending order, and who wins from there on.
pub(super) struct Segments<T> {
    /// The first start of each block of starts: few enough to stay in a core's caches, they lead to a
    /// block, which is a line of it or two.
    blocks: Box<[T]>,
    starts: Box<[T]>,
    owners: Box<[Place]>,
}

impl<T: Point> Segments<T> {
    pub(super) fn new(stretches: &[Stretch<T>]) -> Self {
        let begin = |own: &Stretch<T>| (own.from, true, (own.rank, own.owner));
        let end = |own: &Stretch<T>| Some((own.to.next()?, false, (own.rank, own.owner)));
        let mut events: Vec<_> = stretches
            .iter()
            .filter(|own| own.from <= own.to)
            .flat_map(|own| [Some(begin(own)), end(own)])
            .flatten()
            .collect();
        events.sort_unstable();
        let mut running = BTreeSet::new();
        let (mut starts, mut owners) = (Vec::new(), Vec::new());
        for together in events.chunk_by(|one, other| one.0 == other.0) {
            for (_, begins, stretch) in together {
                if *begins {
                    running.insert(*stretch);
                } else {
                    running.remove(stretch);
                }
            }
            let owner = running.first().map_or(NONE, |(_, owner)| *owner);
            if owners.last().copied().unwrap_or(NONE) != owner {
                starts.extend(together.first().map(|event| event.0));
                owners.push(owner);
            }
        }
        let blocks = starts.iter().copied().step_by(BLOCK).collect();
        Self { blocks, starts: starts.into(), owners: owners.into() }
    }

    /// Who wins at a point.
    pub(super) fn at(&self, point: T) -> Option<Place> {
        let first = self.blocks.partition_point(|start| *start <= point).checked_sub(1)? * BLOCK;
        let block = self.starts.get(first..)?;
        let block = block.get(..BLOCK).unwrap_or(block);
        let index = first + block.partition_point(|start| *start <= point).checked_sub(1)?;
        self.owners.get(index).copied().filter(|owner| *owner != NONE)
    }
}
