//! Stream positions: TCP sequence numbers that do not wrap.
//!
//! A [`Position`] is congruent to its sequence number modulo 2³².
//! Of all positions with a given sequence number the one nearest to a reference is meant, which
//! is unambiguous up to 2 GiB away; anything beyond [`WINDOW_BYTES`] is refused.

/// How far from the expected byte a segment may be: the largest receive window, 65,535 × 2¹⁴,
/// rounded up (RFC 7323, section 2.2).
pub(super) const WINDOW_BYTES: u64 = 1 << 30;

/// A byte's place in one direction of a flow.
pub(super) type Position = u64;

/// The first position of a stream, with room below for retransmissions of earlier bytes.
pub(super) fn first(seq: u32) -> Position {
    (1 << 32) | u64::from(seq)
}

/// The position with sequence number `seq` that is nearest to `reference`.
pub(super) fn nearest(reference: Position, seq: u32) -> Position {
    let distance = seq.wrapping_sub(low_word(reference)).cast_signed();
    reference.wrapping_add_signed(i64::from(distance))
}

fn low_word(position: Position) -> u32 {
    (position & 0xffff_ffff) as u32
}

#[cfg(test)]
mod tests {
    use super::{first, low_word, nearest};

    #[test]
    fn positions_continue_where_sequence_numbers_wrap() {
        let before = first(0xffff_fff0);
        assert_eq!(nearest(before, 0x10), before + 0x20);
        assert_eq!(nearest(before + 0x20, 0xffff_fff0), before);
    }

    #[test]
    fn nearest_keeps_the_sequence_number() {
        for seq in [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            for reference in [first(0), first(u32::MAX), first(77) + (5 << 32)] {
                let position = nearest(reference, seq);
                assert_eq!(low_word(position), seq);
                assert!(position.abs_diff(reference) <= 1 << 31);
            }
        }
    }
}
