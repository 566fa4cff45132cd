//! Text of the input, bounded.

use weir_stages::checks::facts::TEXT_BYTES_MAX;

/// Longest name of an element. The longest of Windows has about forty bytes.
pub const NAME_BYTES_MAX: usize = 128;

/// Bytes of a quote in an error, escapes counted.
const QUOTE_BYTES_MAX: usize = 80;

/// An element's text, as it comes in pieces, without white space at its ends.
#[derive(Debug, Default)]
pub(super) struct Text {
    kept: String,
    /// Something was left out, so nothing after it is taken.
    is_cut: bool,
}

impl Text {
    pub(super) fn push(&mut self, piece: &str) {
        let piece = if self.kept.is_empty() { piece.trim_start() } else { piece };
        if self.is_cut || piece.is_empty() {
            return;
        }
        let room = TEXT_BYTES_MAX.saturating_sub(self.kept.len());
        let (fits, rest) = piece.split_at(piece.floor_char_boundary(room));
        self.kept.push_str(fits);
        self.is_cut = !rest.is_empty();
    }

    /// What it was; empty from now on.
    pub(super) fn take(&mut self) -> String {
        let Self { mut kept, is_cut } = core::mem::take(self);
        kept.truncate(kept.trim_end().len());
        if is_cut {
            kept.push('…');
        }
        kept
    }
}

/// A quote of the input for an error: short, and without anything that moves a cursor.
pub(super) fn quoted(text: &str) -> String {
    let mut quote = String::new();
    for character in text.chars() {
        let start = quote.len();
        quote.extend(character.escape_debug());
        if quote.len() > QUOTE_BYTES_MAX {
            quote.truncate(start);
            quote.push('…');
            break;
        }
    }
    quote
}
