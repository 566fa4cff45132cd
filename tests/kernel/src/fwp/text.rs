//! Strings of the driver, which end with a zero.

use crate::memory::fetch;

/// A zero-terminated UTF-16 string of the driver.
pub(crate) fn wide_string(from: *const u16) -> Option<String> {
    let mut units = Vec::new();
    let mut at = from;
    loop {
        match fetch(at)? {
            0 => return Some(String::from_utf16_lossy(&units)),
            unit => units.push(unit),
        }
        at = at.wrapping_add(1);
    }
}

/// A zero-terminated string of bytes of the driver.
pub(crate) fn byte_string(from: *const u8) -> Option<String> {
    let mut bytes = Vec::new();
    let mut at = from;
    loop {
        match fetch(at)? {
            0 => return Some(String::from_utf8_lossy(&bytes).into_owned()),
            byte => bytes.push(byte),
        }
        at = at.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr;

    #[test]
    fn strings_are_read_up_to_their_zero() {
        let wide = [0x57_u16, 0x65, 0];
        assert_eq!(wide_string(wide.as_ptr()).as_deref(), Some("We"));
        assert_eq!(wide_string(ptr::null()), None);
        assert_eq!(byte_string(c"map".as_ptr().cast()).as_deref(), Some("map"));
    }
}
