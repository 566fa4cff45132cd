//! Little-endian numbers at an offset; `None` where the bytes end before them.

use crate::Guid;

macro_rules! readers {
    ($($name:ident -> $integer:ty;)+) => {$(
        pub(crate) fn $name(bytes: &[u8], at: usize) -> Option<$integer> {
            bytes.get(at..)?.first_chunk().copied().map(<$integer>::from_le_bytes)
        }
    )+};
}

readers! {
    u16_at -> u16;
    u32_at -> u32;
    i32_at -> i32;
    u64_at -> u64;
    i64_at -> i64;
}

pub(crate) fn guid_at(bytes: &[u8], at: usize) -> Option<Guid> {
    bytes.get(at..)?.first_chunk().copied().map(Guid)
}

/// UTF-16 up to its NUL or the end of the bytes, and where what follows begins.
pub(crate) fn utf16_at(bytes: &[u8], at: usize) -> (String, usize) {
    let rest = bytes.get(at..).unwrap_or(&[]);
    let units = rest.chunks_exact(2).filter_map(|pair| u16_at(pair, 0));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    let next = at.saturating_add(units.len().saturating_add(1).saturating_mul(2));
    (String::from_utf16_lossy(&units), next)
}
