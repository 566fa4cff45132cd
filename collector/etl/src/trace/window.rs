//! A part of the file that moves only forward, so that every byte is read at most once.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes read at once.
const CHUNK_BYTES: usize = 4096;

/// Bytes of the file from `at` on.
#[derive(Debug, Default)]
pub(super) struct Window {
    at: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// `bytes` bytes at `at`, fewer at the end of the file. Later views begin no earlier.
    pub(super) fn view(
        &mut self,
        reader: &mut (impl Read + Seek),
        file_bytes: u64,
        at: u64,
        bytes: usize,
    ) -> io::Result<&[u8]> {
        let mut end = self.at.saturating_add(self.bytes.len() as u64);
        if at > end {
            self.bytes.clear();
            (self.at, end) = (at, at);
        }
        if end < file_bytes && at.saturating_add(bytes as u64) > end {
            self.bytes.drain(..offset(self.at, at));
            self.at = at;
            let held = self.bytes.len();
            let more = offset(end, file_bytes).min(CHUNK_BYTES.max(bytes));
            self.bytes.resize(held + more, 0);
            reader.seek(SeekFrom::Start(end))?;
            reader.read_exact(self.bytes.get_mut(held..).unwrap_or(&mut []))?;
        }
        let rest = self.bytes.get(offset(self.at, at)..).unwrap_or(&[]);
        Ok(rest.get(..bytes).unwrap_or(rest))
    }
}

/// Bytes from one place to another, which is no earlier.
fn offset(from: u64, to: u64) -> usize {
    usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn views_show_the_file_and_read_every_byte_once() {
        let file: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut window = Window::default();
        let mut reader = Cursor::new(&file);
        let (mut at, mut read_to) = (1, 0);
        while at < file.len() {
            for bytes in [72, 384, 5000, 1] {
                let end = (at + bytes).min(file.len());
                let length = file.len() as u64;
                let view = window.view(&mut reader, length, at as u64, bytes).unwrap();
                assert_eq!(view, &file[at..end]);
                assert!(reader.position() >= read_to, "goes only forward");
                read_to = reader.position();
            }
            at += at % 977 + if at % 3 == 0 { 9000 } else { 1 };
        }
    }
}
