//! Where everything is in a sound file, found without the reader.

/// A buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    pub(crate) at: usize,
    pub(crate) bytes: usize,
    pub(crate) fill: usize,
    pub(crate) is_compressed: bool,
}

/// A record of a buffer that is not compressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) at: usize,
    pub(crate) bytes: usize,
    /// Where the records of its buffer end.
    pub(crate) fill_end: usize,
}

impl Place {
    /// Where the next one begins.
    pub(crate) fn end(&self) -> usize {
        self.at + self.bytes.next_multiple_of(8)
    }
}

/// A sound file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) buffers: Vec<Buffer>,
    pub(crate) records: Vec<Place>,
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> usize {
    u16_at(bytes, at) | u16_at(bytes, at + 2) << 16
}

impl Layout {
    /// The file's; zeros at its end are no buffer.
    pub(crate) fn of(file: &[u8]) -> Self {
        let mut layout = Self::default();
        let mut at = 0;
        while at + 72 <= file.len() && u32_at(file, at) >= 72 {
            let buffer = Buffer {
                at,
                bytes: u32_at(file, at),
                fill: u32_at(file, at + 0x30),
                is_compressed: u16_at(file, at + 0x34) & 0x40 != 0,
            };
            layout.buffers.push(buffer);
            if !buffer.is_compressed {
                layout.add_records(file, &buffer);
            }
            at += buffer.bytes;
        }
        layout
    }

    fn add_records(&mut self, file: &[u8], buffer: &Buffer) {
        let fill_end = buffer.at + buffer.fill;
        let mut at = buffer.at + 72;
        while at + 4 <= fill_end && u32_at(file, at) != 0xFFFF_FFFF {
            let is_kernel = file[at + 3] != 0x90 && matches!(file[at + 2], 1..=4 | 0x10 | 0x11);
            let size_at = if is_kernel { 4 } else { 0 };
            let place = Place { at, bytes: u16_at(file, at + size_at), fill_end };
            self.records.push(place);
            at = place.end();
        }
    }

    /// The buffer that has this byte.
    pub(crate) fn buffer(&self, at: usize) -> Option<&Buffer> {
        self.buffers.iter().find(|it| (it.at..it.at + it.bytes).contains(&at))
    }

    /// The record that has this byte, or the padding after it.
    pub(crate) fn record(&self, at: usize) -> Option<&Place> {
        let next = self.records.partition_point(|it| it.at <= at);
        self.records.get(next.checked_sub(1)?).filter(|it| at < it.end())
    }

    /// Whether a record begins here, or the records of a buffer end.
    pub(crate) fn is_boundary(&self, at: usize) -> bool {
        self.record(at).is_some_and(|it| it.at == at)
            || self.records.iter().any(|it| it.fill_end == at)
    }
}
