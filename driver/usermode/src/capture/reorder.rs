//! Bytes that arrived behind a hole and wait for it to fill.

use std::collections::BTreeMap;

use super::position::Position;

/// What one piece costs besides its bytes: its share of a tree node and the allocator's header.
/// Counted so that a stream of one-byte segments cannot take fifty times its bound.
const PIECE_OVERHEAD_BYTES: usize = 64;

/// The waiting bytes of one direction.
#[derive(Debug, Default)]
pub(super) struct Reorder {
    /// Invariant: no piece is empty and no two overlap.
    pieces: BTreeMap<Position, Box<[u8]>>,
    cost_bytes: usize,
}

impl Reorder {
    /// Keeps what of `bytes` is not waiting already; returns how many bytes that was.
    pub(super) fn insert(&mut self, at: Position, bytes: &[u8]) -> usize {
        let end = at + bytes.len() as u64;
        let before = self.pieces.range(..=at).next_back();
        let mut from = before.map_or(at, |(start, piece)| at.max(start + piece.len() as u64));
        let mut kept = 0;
        while from < end {
            let following = self.pieces.range(from..end).next();
            let following = following.map(|(start, piece)| (*start, start + piece.len() as u64));
            let gap_end = following.map_or(end, |(start, _)| start);
            if from < gap_end {
                kept += self.keep(from, part(bytes, from - at, gap_end - at));
            }
            from = following.map_or(end, |(_, piece_end)| piece_end);
        }
        kept
    }

    /// Where the first waiting byte is.
    #[inline]
    pub(super) fn first(&self) -> Option<Position> {
        self.pieces.first_key_value().map(|(start, _)| *start)
    }

    /// Takes the first piece out.
    pub(super) fn pop_first(&mut self) -> Option<(Position, Box<[u8]>)> {
        let (start, piece) = self.pieces.pop_first()?;
        self.cost_bytes -= cost_bytes(&piece);
        Some((start, piece))
    }

    /// Drops everything from `end` on; returns how many bytes that was.
    pub(super) fn cut(&mut self, end: Position) -> usize {
        let mut dropped = 0;
        while let Some(last) = self.pieces.last_entry() {
            let start = *last.key();
            let piece_bytes = last.get().len();
            if start + piece_bytes as u64 <= end {
                break;
            }
            let piece = last.remove();
            self.cost_bytes -= cost_bytes(&piece);
            dropped += piece_bytes;
            if start < end {
                dropped -= self.keep(start, part(&piece, 0, end - start));
            }
        }
        dropped
    }

    /// Payload that waits.
    pub(super) fn bytes(&self) -> usize {
        self.cost_bytes - self.pieces.len() * PIECE_OVERHEAD_BYTES
    }

    /// Memory that it takes.
    #[inline]
    pub(super) fn cost_bytes(&self) -> usize {
        self.cost_bytes
    }

    fn keep(&mut self, at: Position, bytes: &[u8]) -> usize {
        let piece: Box<[u8]> = bytes.into();
        self.cost_bytes += cost_bytes(&piece);
        self.pieces.insert(at, piece);
        bytes.len()
    }
}

fn cost_bytes(piece: &[u8]) -> usize {
    piece.len() + PIECE_OVERHEAD_BYTES
}

/// The bytes between two distances from their start; both lie within.
#[expect(clippy::cast_possible_truncation, reason = "distances within one packet are below 2^17")]
fn part(bytes: &[u8], from: u64, to: u64) -> &[u8] {
    &bytes[from as usize..to as usize]
}

#[cfg(test)]
mod tests {
    use super::Reorder;

    fn drain(mut reorder: Reorder) -> Vec<(u64, Vec<u8>)> {
        let mut all = Vec::new();
        while let Some((at, piece)) = reorder.pop_first() {
            all.push((at, piece.into_vec()));
        }
        assert_eq!(reorder.cost_bytes(), 0);
        all
    }

    fn check(inserted: &[(u64, &str)], expect: &[(u64, &str)]) {
        let mut reorder = Reorder::default();
        for (at, text) in inserted {
            reorder.insert(*at, text.as_bytes());
        }
        let expect: Vec<_> = expect.iter().map(|(at, t)| (*at, t.as_bytes().to_vec())).collect();
        assert_eq!(drain(reorder), expect);
    }

    #[test]
    fn bytes_received_first_win() {
        check(&[(10, "abc"), (10, "xyz")], &[(10, "abc")]);
        check(&[(10, "abc"), (8, "wxyz")], &[(8, "wx"), (10, "abc")]);
        check(&[(10, "abc"), (11, "xyz")], &[(10, "abc"), (13, "z")]);
        check(
            &[(10, "a"), (12, "b"), (9, "vwxyz")],
            &[(9, "v"), (10, "a"), (11, "x"), (12, "b"), (13, "z")],
        );
    }

    #[test]
    fn cut_keeps_what_lies_before() {
        let mut reorder = Reorder::default();
        reorder.insert(10, b"abcd");
        reorder.insert(20, b"ef");
        assert_eq!(reorder.cut(12), 4);
        assert_eq!(reorder.bytes(), 2);
        assert_eq!(drain(reorder), [(10, b"ab".to_vec())]);
    }
}
