//! Files that were made to cost time or memory, or to hide something.

use super::made::{self, compress};
use super::read::{Outcome, read};
use std::io::Cursor;
use weir_etl::write::{EventHeader, Options, Record, TraceWriter};
use weir_etl::{DamageKind, FileTime, Format, Guid, Trace};

pub(crate) const DESCRIPTION: usize = 72 + 32;
pub(crate) const COMPRESSED: u16 = 0x40;
const ELEVEN_BITS: u16 = 0x20;
/// The session's number, as the writer has it.
pub(crate) const LOGGER: usize = 0x20;
const MIB: usize = 1 << 20;

pub(crate) fn put(file: &mut [u8], at: usize, number: usize) {
    file[at..at + 4].copy_from_slice(&u32::try_from(number).unwrap().to_le_bytes());
}

/// The first buffer of a file that is compressed, and whose session was not closed.
pub(crate) fn beginning(buffer_bytes: usize) -> Vec<u8> {
    let options = Options { buffer_bytes: 4096, ..Options::default() };
    let mut file = TraceWriter::new(Cursor::new(Vec::new()), options).unwrap();
    file.flush().unwrap();
    let mut file = file.finish(FileTime(0)).unwrap().into_inner();
    file.truncate(512);
    put(&mut file, 0, 512);
    put(&mut file, DESCRIPTION, buffer_bytes);
    put(&mut file, DESCRIPTION + 0x24, 0);
    file[DESCRIPTION + 0x23] |= 4;
    file
}

/// A buffer that is `fill` bytes long once decompressed.
pub(crate) fn buffer(
    cpu: usize,
    sequence: usize,
    flags: u16,
    fill: usize,
    stored: &[u8],
) -> Vec<u8> {
    let mut out = vec![0; 72];
    put(&mut out, 0, 72 + stored.len());
    put(&mut out, 4, fill);
    put(&mut out, 0x18, sequence);
    put(&mut out, 0x28, cpu | LOGGER << 16);
    put(&mut out, 0x2C, 3);
    put(&mut out, 0x30, fill);
    out[0x34..0x36].copy_from_slice(&(flags | ELEVEN_BITS).to_le_bytes());
    out.extend(stored);
    out
}

/// The shortest record with a stamp.
pub(crate) fn record(stamp: i64) -> Vec<u8> {
    let head = [2, 0, 0x11, 0xC0, 16, 0, 1, 3];
    [head, stamp.to_le_bytes()].concat()
}

pub(crate) fn stamps(file: &[u8]) -> Vec<i64> {
    let mut trace = Trace::open(Cursor::new(file)).unwrap();
    let mut stamps = Vec::new();
    while let Some(record) = trace.next_record().unwrap() {
        stamps.extend(record.stamp.filter(|_| record.bytes == 16));
    }
    stamps
}

pub(crate) fn kinds(outcome: &Outcome) -> Vec<(DamageKind, u64)> {
    outcome.damages.counts().collect()
}

#[test]
fn a_hundred_thousand_buffers_without_a_record_take_no_more_memory_than_the_file() {
    let mut file = beginning(4096);
    for place in 0..100_000 {
        file.extend(buffer(place % 2048, place, 0, 72, &[]));
    }
    let found = read(&file);
    assert_eq!((found.records, kinds(&found)), (1, vec![]));
}

#[test]
fn two_thousand_processors_are_merged() {
    let mut file = beginning(4096);
    for place in 0..20_000 {
        let stamp = i64::try_from(place * 7919 % 20_000).unwrap();
        file.extend(buffer(place % 2048, place, 0, 88, &record(stamp)));
    }
    let found = read(&file);
    assert_eq!((found.records, kinds(&found)), (20_001, vec![]));
}

#[test]
fn buffers_of_one_number_come_as_they_stand() {
    let mut file = beginning(4096);
    for stamp in 0..100 {
        file.extend(buffer(1, 5, 0, 88, &record(7 - stamp)));
    }
    assert!(stamps(&file).into_iter().eq((0..100).map(|stamp| 7 - stamp)));
}

#[test]
fn stamps_at_the_ends_of_their_range_are_merged() {
    for clock in 0..=4 {
        let mut file = beginning(4096);
        // The clock stands behind the rest of the description's numbers.
        put(&mut file, DESCRIPTION + 0x48 + 0xAC + 4 + 0x18, clock);
        for (cpu, stamp) in [i64::MAX, i64::MIN, 0, -1].into_iter().enumerate() {
            file.extend(buffer(cpu, 1, 0, 88, &record(stamp)));
        }
        assert_eq!(stamps(&file).len(), 4);
        assert_eq!(kinds(&read(&file)), []);
    }
}

#[test]
fn buffers_that_are_held_cannot_fill_memory() {
    // Each begins with a record, so it has to be held until its turn comes.
    let plain = [record(5), vec![0; 16 * MIB - 16 - 72]].concat();
    let stored = compress(Format::Xpress, &plain);
    let mut file = beginning(16 * MIB);
    for cpu in 0..300 {
        file.extend(buffer(cpu, 1, COMPRESSED, 16 * MIB, &stored));
    }
    let found = read(&file);
    assert!(found.damages.count(DamageKind::Memory) > 200, "{:?}", found.damages);
}

#[test]
fn memory_that_is_no_longer_used_is_given_back() {
    // A large buffer without a record, then a small one that is held.
    let stored = compress(Format::Xpress, &vec![0xFF; 16 * MIB - 72]);
    let mut file = beginning(16 * MIB);
    for cpu in 0..12 {
        file.extend(buffer(cpu, 1, COMPRESSED, 16 * MIB, &stored));
        file.extend(buffer(cpu, 2, 0, 88, &record(5)));
    }
    let found = read(&file);
    assert_eq!((found.records, kinds(&found)), (13, vec![]));
}

#[test]
fn memory_that_is_kept_for_a_smaller_buffer_counts() {
    let stored = compress(Format::Xpress, &vec![0xFF; 16 * MIB - 72]);
    let held = compress(Format::Xpress, &[record(5), vec![0xFF; 8 * MIB]].concat());
    let mut file = beginning(16 * MIB);
    for cpu in 0..4 {
        file.extend(buffer(cpu, 1, COMPRESSED, 16 * MIB, &stored));
        file.extend(buffer(cpu, 2, COMPRESSED, 8 * MIB + 16 + 72, &held));
    }
    let found = read(&file);
    assert!(found.damages.count(DamageKind::Memory) > 0, "{:?}", found.damages);
}

#[test]
fn a_file_cannot_decompress_without_end() {
    let stored = compress(Format::Xpress, &vec![0xFF; 16 * MIB - 72]);
    let mut file = beginning(16 * MIB);
    for sequence in 0..1000 {
        file.extend(buffer(0, sequence, COMPRESSED, 16 * MIB, &stored));
    }
    let found = read(&file);
    // 256 MiB and 1,024 times the file.
    let allowed = u64::try_from((256 * MIB + 1024 * file.len()) / (16 * MIB - 72)).unwrap();
    assert_eq!(kinds(&found), [(DamageKind::Expansion, 1000 - allowed)]);
}

#[test]
fn buffers_that_compress_a_hundred_times_are_all_read() {
    // 200 processors with a buffer of 1 MiB each.
    let payload = [0x20; 900];
    let options = Options { buffer_bytes: 1 << 20, ..Options::default() };
    let (start, mut to) =
        (options.start, TraceWriter::new(Cursor::new(Vec::new()), options).unwrap());
    let (mut steps, mut records) = (0, 0);
    while to.flush().is_ok() && records < 1000 {
        for _ in 0..1000 {
            steps += 1317;
            let header = EventHeader::new(Guid([7; 16]));
            to.event(0, FileTime(start.0 + steps), &header, &[], &payload).unwrap();
            records += 1;
        }
    }
    let plain = to.finish(FileTime(1)).unwrap().into_inner();
    let plain = &plain[1 << 20..];
    let fill = 72 + 1000 * (0x50 + 900_usize).next_multiple_of(8);
    let stored = compress(Format::Xpress, &plain[72..fill]);
    assert!((100..200).contains(&(fill / stored.len())), "{}", fill / stored.len());
    let mut file = beginning(1 << 20);
    for cpu in 0..200 {
        file.extend(buffer(cpu, 1, COMPRESSED, fill, &stored));
    }
    let found = read(&file);
    assert_eq!((found.records, kinds(&found)), (200_001, vec![]));
}

#[test]
fn finding_buffers_again_and_again_reads_the_file_once() {
    let mut file = beginning(512);
    file[DESCRIPTION + 0x23] &= !4;
    for sequence in 0..5000 {
        file.extend(buffer(0, sequence, 0, 88, &[&record(5)[..], &[0xFF; 424]].concat()));
        file.extend([0x55; 512]);
    }
    let found = read(&file);
    assert_eq!(
        (found.records, kinds(&found)),
        (5001, vec![(DamageKind::NoBuffer, 4999), (DamageKind::Trailing, 1)])
    );
}

#[test]
fn a_buffer_that_claims_to_be_larger_hides_none() {
    let sound = made::kinds();
    let records = read(&sound).records;
    let last = sound.len() - 4096;
    for at in (0..sound.len()).step_by(4096) {
        for claimed in [0, 71, 72, 512, 4095, 4097, 8192, 12_288, 16 * MIB, 0xFFFF_FFFF] {
            let mut file = sound.clone();
            put(&mut file, at, claimed);
            let found = read(&file);
            let is_dropped = at == last && found.damages.skipped_bytes() > 0;
            assert!(found.records == records || is_dropped, "{at}, {claimed}: {found:?}");
            assert!(found.damages.count(DamageKind::BufferSize) == 1, "{at}, {claimed}: {found:?}");
        }
    }
}

#[test]
fn a_fill_that_claims_less_hides_no_record() {
    let sound = made::kinds();
    let records = read(&sound).records;
    for fill in [72, 88, 104, 1024] {
        let mut file = sound.clone();
        put(&mut file, 4096 + 0x30, fill);
        let found = read(&file);
        assert_eq!((found.records, kinds(&found)), (records, vec![(DamageKind::Fill, 1)]));
        let mut file = sound.clone();
        put(&mut file, 4096 + 4, fill);
        assert_eq!((read(&file).records, kinds(&read(&file))), (records, vec![]));
    }
}

#[test]
fn a_mark_that_ends_a_buffer_hides_no_record() {
    let mut file = beginning(4096);
    let hidden = [record(1), vec![0xFF; 8], record(2)].concat();
    file.extend(buffer(0, 1, 0, 72 + hidden.len(), &hidden));
    let found = read(&file);
    assert_eq!((found.records, kinds(&found)), (2, vec![(DamageKind::Record, 1)]));
    assert_eq!(found.damages.skipped_bytes(), 24);
}

#[test]
fn records_and_items_without_a_size_end_their_buffer() {
    // An event whose items have a size of 0 to 7, or link to the end and beyond.
    for size in (0..8).chain([8, 16, 0xFFFF]) {
        let mut event = vec![0; 0x50];
        event[..8].copy_from_slice(&[0, 0x10, 0x13, 0xC0, 1, 0, 0, 0]);
        let [low, high, ..] = usize::to_le_bytes(size);
        while event.len() < 0x1000 {
            event.extend([low, high, 11, 0, 1, 0, 0, 0]);
        }
        let mut file = beginning(8192);
        file.extend(buffer(0, 1, 0, 72 + event.len(), &event));
        let found = read(&file);
        assert_eq!((found.records, kinds(&found)), (2, vec![(DamageKind::ExtendedItems, 1)]));
    }
    for kind in 0..=u8::MAX {
        for size in (0..0x50).filter(|size| size % 8 == 0) {
            let options = Options { buffer_bytes: 4096, ..Options::default() };
            let mut to = TraceWriter::new(Cursor::new(Vec::new()), options).unwrap();
            let head = [size, 0, kind, 0xC0, size, 0, 0, 0];
            let raw = [&head[..], &[0xAA; 0x48]].concat();
            to.record(0, FileTime(134_116_992_000_000_000), &Record::Raw(&raw)).unwrap();
            let found = read(&to.finish(FileTime(1)).unwrap().into_inner());
            // Bytes of 0xAA mark no record: what is left is told.
            assert_eq!(kinds(&found), [(DamageKind::Record, 1)], "{kind:#x}, {size}");
        }
    }
}
