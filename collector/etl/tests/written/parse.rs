//! A reader written from the tables of the format alone, which panics at the first oddity.

use weir_etl::Guid;

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

pub(crate) fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

pub(crate) fn guid_at(bytes: &[u8], at: usize) -> Guid {
    Guid(bytes[at..at + 16].try_into().unwrap())
}

pub(crate) struct Buffer {
    pub(crate) sequence: i64,
    pub(crate) stamp: i64,
    pub(crate) cpu: u16,
    pub(crate) flags: u16,
    pub(crate) kind: u16,
    pub(crate) fill: u32,
    /// Each as long as it says it is.
    pub(crate) records: Vec<Vec<u8>>,
}

/// Buffers of a file, the header's first.
pub(crate) fn buffers(file: &[u8]) -> Vec<Buffer> {
    let mut found = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let size = usize::try_from(u32_at(rest, 0)).unwrap();
        let (buffer, behind) = rest.split_at(size);
        found.push(parse(buffer));
        rest = behind;
    }
    found
}

fn parse(buffer: &[u8]) -> Buffer {
    let fill = u32_at(buffer, 0x30);
    assert_eq!(u32_at(buffer, 4), fill, "saved offset");
    assert_eq!(u32_at(buffer, 0x0C), 0, "reference count");
    assert_eq!(u32_at(buffer, 0x2C), 3, "state");
    let flags = u16_at(buffer, 0x34);
    assert_eq!(flags & !0x27, 0, "flags {flags:#x}");
    assert_eq!(flags & 0x20, 0x20, "processor index");

    let end = usize::try_from(fill).unwrap();
    let mut records = Vec::new();
    let mut at = 0x48;
    while at < end {
        let size = record_bytes(&buffer[at..end]);
        records.push(buffer[at..at + size].to_vec());
        let padded = size.next_multiple_of(8);
        assert!(buffer[at + size..at + padded].iter().all(|byte| *byte == 0), "padding");
        at += padded;
    }
    assert_eq!(at, end, "the last record ends where the buffer's fill does");
    assert!(buffer[end..].iter().all(|byte| *byte == 0xFF), "unused bytes");
    Buffer {
        sequence: i64_at(buffer, 0x18),
        stamp: i64_at(buffer, 0x10),
        cpu: u16_at(buffer, 0x28),
        flags: flags & !0x20,
        kind: u16_at(buffer, 0x36),
        fill,
        records,
    }
}

fn record_bytes(record: &[u8]) -> usize {
    let size = match (record[3], record[2]) {
        (0x90, _) => u16_at(record, 0),
        (0xC0, 0x01..=0x04 | 0x10 | 0x11) => u16_at(record, 4),
        (0xC0, 0x0A | 0x0B | 0x12..=0x15) => u16_at(record, 0),
        other => panic!("a record of kind {other:x?}"),
    };
    usize::from(size)
}

/// Extended items of an event, and its payload.
pub(crate) fn items(record: &[u8]) -> (Vec<(u16, Vec<u8>)>, Vec<u8>) {
    let mut items = Vec::new();
    let mut at = 0x50;
    let mut goes_on = u16_at(record, 4) & 1 != 0;
    while goes_on {
        let total = usize::from(u16_at(record, at));
        assert_eq!(total % 8, 0, "size of an item");
        let data = usize::from(u16_at(record, at + 6));
        items.push((u16_at(record, at + 2), record[at + 8..at + 8 + data].to_vec()));
        goes_on = u16_at(record, at + 4) & 1 != 0;
        at += total;
    }
    (items, record[at..].to_vec())
}

/// What the header record's payload says, by the 64-bit column.
pub(crate) struct LogFile<'a>(pub(crate) &'a [u8]);

impl LogFile<'_> {
    pub(crate) fn u32(&self, at: usize) -> u32 {
        u32_at(self.0, at)
    }

    pub(crate) fn i64(&self, at: usize) -> i64 {
        i64_at(self.0, at)
    }

    /// The two names behind the structure.
    pub(crate) fn names(&self) -> Vec<String> {
        let units: Vec<u16> = self.0[0x118..].chunks(2).map(|unit| u16_at(unit, 0)).collect();
        let names = units.split(|unit| *unit == 0).map(|name| String::from_utf16(name).unwrap());
        names.collect()
    }
}
