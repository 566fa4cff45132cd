//! Shapes of network data: what a test can ask for, and what each is made of.

use super::layout::{MAPPED_TO_SYSTEM_VA, SOURCE_IS_NONPAGED_POOL};

/// How bytes lie in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// One MDL that holds the bytes and nothing else.
    #[default]
    Contiguous,
    /// The same in non-paged pool, which needs no mapping.
    NonPagedPool,
    /// One MDL with headers before the bytes.
    OffsetInMdl,
    /// One MDL of which earlier bytes were consumed already.
    StartsMidway,
    /// One MDL with bytes of a later indication after these.
    LongerThanData,
    /// Three MDLs.
    SplitMdls,
    /// Sixteen MDLs.
    ManyMdls,
    /// Two MDLs, and empty ones before, between and after.
    EmptyMdls,
    /// Three `NET_BUFFER`s with headers.
    ManyBuffers,
    /// Three `NET_BUFFER_LIST`s.
    ManyLists,
    /// Lists, buffers and MDLs, several of each.
    ManyOfEach,
    /// One MDL, then an empty MDL, an empty buffer and an empty list.
    EmptyTail,
    /// The offset points to the end of an MDL; the bytes begin in the next.
    StartsAtMdlEnd,
    /// The bytes begin in the second buffer of the second list.
    StartsInLaterBuffer,
    /// One MDL that is not mapped.
    Unmapped,
    /// Two MDLs, the second not mapped.
    UnmappedTail,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 16] = [
        Self::Contiguous,
        Self::NonPagedPool,
        Self::OffsetInMdl,
        Self::StartsMidway,
        Self::LongerThanData,
        Self::SplitMdls,
        Self::ManyMdls,
        Self::EmptyMdls,
        Self::ManyBuffers,
        Self::ManyLists,
        Self::ManyOfEach,
        Self::EmptyTail,
        Self::StartsAtMdlEnd,
        Self::StartsInLaterBuffer,
        Self::Unmapped,
        Self::UnmappedTail,
    ];

    /// Whether bytes of at least `16` in this shape can be read in place.
    #[must_use]
    pub const fn is_contiguous(self) -> bool {
        matches!(
            self,
            Self::Contiguous
                | Self::NonPagedPool
                | Self::OffsetInMdl
                | Self::StartsMidway
                | Self::LongerThanData
                | Self::EmptyTail
        )
    }
}

/// What a shape is made of: sizes of MDLs in buffers in lists.
pub(super) struct Plan {
    pub(super) lists: Vec<Vec<Vec<usize>>>,
    /// Bytes in the chain before the first of ours.
    pub(super) before: usize,
    /// Bytes in each buffer's first MDL before its data.
    pub(super) headers: usize,
    /// Of the MDLs, counted from 0, which are not mapped.
    pub(super) unmapped_from: usize,
    pub(super) flags: u16,
    /// Start at the end of an MDL rather than at the beginning of the next.
    starts_at_end: bool,
}

/// Sizes of `parts` pieces of `total` bytes, small ones first.
fn split(total: usize, parts: usize) -> Vec<usize> {
    let small = (total / (2 * parts)).max(1);
    let mut left = total;
    let mut sizes: Vec<usize> = (1..parts)
        .map(|_| {
            let size = small.min(left);
            left -= size;
            size
        })
        .collect();
    sizes.push(left);
    sizes
}

impl Plan {
    pub(super) fn of(shape: Shape, length: usize) -> Self {
        let one = |sizes: Vec<usize>| vec![vec![sizes]];
        let (mut before, mut headers) = (0, 0);
        let lists = match shape {
            Shape::Contiguous | Shape::NonPagedPool | Shape::Unmapped => one(vec![length]),
            Shape::OffsetInMdl => {
                headers = 54;
                one(vec![length])
            }
            Shape::StartsMidway => {
                (before, headers) = (7, 3);
                one(vec![length + 7])
            }
            Shape::LongerThanData => one(vec![length + 5]),
            Shape::SplitMdls => one(split(length, 3)),
            Shape::ManyMdls => one(split(length, 16)),
            Shape::UnmappedTail => one(split(length, 2)),
            Shape::EmptyMdls => {
                let halves = split(length, 2);
                one(vec![0, halves[0], 0, 0, halves[1], 0])
            }
            Shape::ManyBuffers => {
                headers = 14;
                vec![split(length, 3).into_iter().map(|size| vec![size]).collect()]
            }
            Shape::ManyLists => split(length, 3).into_iter().map(|size| vec![vec![size]]).collect(),
            Shape::ManyOfEach => {
                headers = 20;
                let list = |size| split(size, 2).into_iter().map(|it| split(it, 2)).collect();
                split(length, 3).into_iter().map(list).collect()
            }
            Shape::EmptyTail => vec![vec![vec![length, 0], vec![0]], vec![vec![0]]],
            Shape::StartsAtMdlEnd => {
                before = 5;
                one(vec![5, length])
            }
            Shape::StartsInLaterBuffer => {
                (before, headers) = (12, 8);
                let ours = split(length, 2);
                vec![vec![vec![2, 3]], vec![vec![4], vec![3 + ours[0], ours[1]]]]
            }
        };
        let unmapped_from = if shape == Shape::Unmapped {
            0
        } else if shape == Shape::UnmappedTail {
            1
        } else {
            usize::MAX
        };
        Self {
            lists,
            before,
            headers,
            unmapped_from,
            flags: if shape == Shape::NonPagedPool {
                SOURCE_IS_NONPAGED_POOL
            } else {
                MAPPED_TO_SYSTEM_VA
            },
            starts_at_end: shape == Shape::StartsAtMdlEnd,
        }
    }

    /// List, buffer and MDL in which the bytes start, what was before them in the buffer and in
    /// the MDL.
    pub(super) fn start(&self) -> (usize, usize, usize, usize, usize) {
        let mut left = self.before;
        let mut last = (0, 0, 0, 0, 0);
        for (l, list) in self.lists.iter().enumerate() {
            for (b, buffer) in list.iter().enumerate() {
                let mut consumed = 0;
                for (m, size) in buffer.iter().enumerate() {
                    last = (l, b, m, consumed + left.min(*size), left.min(*size));
                    if left < *size || (left == *size && self.starts_at_end) {
                        return last;
                    }
                    left -= size;
                    consumed += size;
                }
            }
        }
        last
    }
}
