//! What the writer puts into a file, read by a reader of the test's own.
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

mod kinds;
mod parse;
#[path = "../synthetic/mod.rs"]
mod synthetic;
mod times;

use parse::{Buffer, LogFile, buffers, guid_at, i64_at, items, u16_at, u32_at, u64_at};
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use synthetic::{BUFFERS_LOST, EVENTS_LOST, PLAIN, START, Written, events, later, options, write};
use weir_etl::write::{
    Clock, EventHeader, ExtendedItem, Options, PROCESSORS_MAX, RECORD_BYTES_MAX, TraceWriter,
    WriteError,
};
use weir_etl::{FileTime, Guid};

const END: FileTime = FileTime(START.0 + 60 * synthetic::SECOND);

/// Bytes of a 4 KiB buffer's records, and of an event's header.
const ROOM: usize = 4096 - 72;
const EVENT: usize = 80;

pub(crate) fn begin(options: Options) -> TraceWriter<Cursor<Vec<u8>>> {
    TraceWriter::new(Cursor::new(Vec::new()), options).unwrap()
}

pub(crate) fn end(writer: TraceWriter<Cursor<Vec<u8>>>) -> Vec<u8> {
    writer.finish(END).unwrap().into_inner()
}

fn event(writer: &mut TraceWriter<Cursor<Vec<u8>>>, cpu: u16, payload: &[u8]) {
    writer.event(cpu, START, &EventHeader::new(PLAIN), &[], payload).unwrap();
}

#[test]
fn an_event_has_the_bytes_of_the_format() {
    let mut writer = begin(options());
    let header = EventHeader {
        id: 0x1122,
        version: 0x33,
        channel: 0x44,
        level: 0x55,
        opcode: 0x66,
        task: 0x7788,
        keyword: 0x99AA_BBCC_DDEE_FF01,
        property: 0x0203,
        process_id: 0x0405_0607,
        thread_id: 0x0809_0A0B,
        activity_id: Guid([0xEE; 16]),
        processor_time: 0x1020_3040_5060_7080,
        ..EventHeader::new(PLAIN)
    };
    let items = [ExtendedItem { kind: 1, data: &[0xDD; 16] }, ExtendedItem { kind: 3, data: &[9] }];
    let stamp = writer.stamp(later(5)).unwrap().to_le_bytes();
    writer.event(2, later(5), &header, &items, b"payload").unwrap();
    let file = end(writer);

    let expect: &[&[u8]] = &[
        // Buffer: size, saved and current offset, references, stamp, sequence, clock.
        &[0, 0x10, 0, 0, 0xC8, 0, 0, 0, 0xC8, 0x10, 0, 0, 0, 0, 0, 0],
        &stamp,
        &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        // Processor, session, state, fill, flags, type, sixteen bytes that say nothing.
        &[2, 0, 0x20, 0, 3, 0, 0, 0, 0xC8, 0, 0, 0, 0x21, 0, 0, 0],
        &[0; 16],
        // Event: size, type, marker, flags, property, thread, process, stamp.
        &[0x7F, 0, 0x13, 0xC0, 1, 0, 3, 2, 0x0B, 0x0A, 9, 8, 7, 6, 5, 4],
        &stamp,
        &[4, 3, 2, 1, 6, 5, 8, 7, 9, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x10],
        &[0x22, 0x11, 0x33, 0x44, 0x55, 0x66, 0x88, 0x77],
        &[1, 0xFF, 0xEE, 0xDD, 0xCC, 0xBB, 0xAA, 0x99],
        &[0x80, 0x70, 0x60, 0x50, 0x40, 0x30, 0x20, 0x10],
        &[0xEE; 16],
        // Items: whole size, kind, whether another follows, size of the data.
        &[24, 0, 1, 0, 1, 0, 16, 0],
        &[0xDD; 16],
        &[16, 0, 3, 0, 0, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0],
        b"payload\0",
        &[0xFF; 8],
    ];
    let expect = expect.concat();
    assert_eq!(file[4096..4096 + expect.len()], expect);
}

/// A record of `ebpfforwindows.etl` in microsoft/ebpf-for-windows (commit 1d99cf723, MIT), whose
/// session Windows wrote.
const OF_WINDOWS: &[u8] =
    b"\xac\0\x13\xc0\x01\0\0\0\x4c\x27\0\0\x48\x16\0\0\x45\x12\xdb\x84\x28\0\0\0\
    \x1c\x32\x4f\x39\xf4\x5c\x4c\x40\xaa\x34\x4d\xf1\x42\x8a\x7f\x9c\0\0\0\x0b\x05\x01\0\0\
    \x01\0\0\0\0\0\0\0\x02\0\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \x28\0\x0c\0\x01\0\x19\0\x19\0EbpfForWindowsProvider\0\0\0\0\0\0\0\0\
    \x28\0\x0b\0\0\0\x1d\0\x1d\0\0EbpfGenericMessage\0Entry\0\x02\0\0\0_create_map\0";

#[test]
fn an_event_has_the_bytes_that_windows_gave_it() {
    // Counted from 1601, stamps of 10 MHz are times.
    let boot = Some(FileTime(0));
    let mut writer = begin(Options { start: FileTime(0), boot, ..options() });
    let header = EventHeader {
        channel: 11,
        level: 5,
        opcode: 1,
        keyword: 1,
        process_id: 0x1648,
        thread_id: 0x274C,
        processor_time: 0x0000_0004_0000_0002,
        ..EventHeader::new(guid_at(OF_WINDOWS, 0x18))
    };
    let items = [
        ExtendedItem { kind: 12, data: b"\x19\0EbpfForWindowsProvider\0" },
        ExtendedItem { kind: 11, data: b"\x1d\0\0EbpfGenericMessage\0Entry\0\x02" },
    ];
    let time = FileTime(0x28_84DB_1245);
    writer.event(0, time, &header, &items, b"_create_map\0").unwrap();
    assert_eq!(buffers(&end(writer))[1].records, [OF_WINDOWS]);
}

#[test]
fn the_first_buffer_describes_the_session() {
    let mut writer = begin(Options { boot: Some(later(-77)), ..options() });
    event(&mut writer, 0, b"");
    let file = end(writer);
    let found = buffers(&file);
    let Buffer { sequence, stamp, cpu, flags, kind, fill: _, records } = &found[0];
    assert_eq!((*sequence, *stamp, *cpu, *flags, *kind), (0, 0, 0, 1, 4));
    let [record] = &records[..] else { panic!("{} records", records.len()) };
    assert_eq!(record[..4], [2, 0, 2, 0xC0], "system, 64 bits");
    assert_eq!(u16_at(record, 6), 0, "hook");
    assert_eq!(i64_at(record, 0x10), 77, "stamp of the start");

    let log = LogFile(&record[0x20..]);
    assert_eq!(log.u32(0), 4096);
    assert_eq!(log.0[4..8], [10, 0, 1, 5]);
    assert_eq!(log.u32(0x08), 26_100, "build");
    assert_eq!(log.u32(0x0C), 4, "processors");
    assert_eq!(log.i64(0x10), END.0);
    assert_eq!(log.u32(0x18), 156_250, "timer");
    assert_eq!((log.u32(0x1C), log.u32(0x20)), (0, 1), "largest size, mode");
    assert_eq!((log.u32(0x24), log.u32(0x28), log.u32(0x2C)), (2, 1, 8), "buffers, pointers");
    assert_eq!((log.u32(0x30), log.u32(0x34)), (0, 2400), "lost, megahertz");
    assert!(log.0[0x38..0xF8].iter().all(|byte| *byte == 0), "pointers, time zone");
    assert_eq!(log.i64(0xF8), START.0 - 77, "boot");
    assert_eq!(log.i64(0x100), 10_000_000, "ticks");
    assert_eq!(log.i64(0x108), START.0);
    assert_eq!((log.u32(0x110), log.u32(0x114)), (1, 0), "clock, buffers lost");
    assert_eq!(log.names(), ["made up", r"C:\traces\made up.etl", ""]);
}

/// Compares what was written with a processor's records in the order of the file.
fn compare(file: &[u8], written: &[Written]) {
    let found = buffers(file);
    for cpu in 0..4 {
        let of_cpu = found[1..].iter().filter(|buffer| buffer.cpu == cpu);
        let records: Vec<&Vec<u8>> = of_cpu.flat_map(|buffer| &buffer.records).collect();
        let expect: Vec<&Written> = written.iter().filter(|event| event.cpu == cpu).collect();
        assert_eq!(records.len(), expect.len(), "processor {cpu}");
        for (record, event) in records.into_iter().zip(expect) {
            let header = &event.header;
            assert_eq!(record[2], if header.is_32_bit { 0x12 } else { 0x13 });
            assert_eq!(i64_at(record, 0x10), 864_000_000_000 + event.time.0 - START.0);
            assert_eq!(guid_at(record, 0x18), header.provider);
            assert_eq!(u16_at(record, 0x28), header.id);
            assert_eq!(u64_at(record, 0x30), header.keyword);
            assert_eq!(u32_at(record, 8), header.thread_id);
            assert_eq!(u32_at(record, 0xC), header.process_id);
            let (items, payload) = items(record);
            assert_eq!(payload, event.payload);
            let kinds: Vec<u16> = items.iter().map(|(kind, _)| *kind).collect();
            assert_eq!(kinds, if event.name.is_some() { vec![12, 11] } else { vec![] });
            if let Some(name) = event.name {
                let schema = &items[1].1;
                assert_eq!(usize::from(u16_at(schema, 0)), schema.len());
                assert_eq!(&schema[3..3 + name.len()], name.as_bytes());
                assert_eq!(items[0].1, b"\x0A\0Made.Up\0");
            }
        }
    }
}

#[test]
fn each_processor_has_buffers_of_its_own() {
    let written = events(500);
    let mut writer = begin(options());
    write(&mut writer, &written).unwrap();
    let file = end(writer);
    compare(&file, &written);

    let found = buffers(&file);
    assert!(found.len() > 12, "{} buffers", found.len());
    for (place, buffer) in found.iter().enumerate().skip(1) {
        assert_eq!(usize::try_from(buffer.sequence).unwrap(), place);
        assert_eq!(buffer.kind, 0);
        let stamps = buffer.records.iter().map(|record| i64_at(record, 0x10));
        assert_eq!(Some(buffer.stamp), stamps.max());
        let is_last_of_its_processor = place + 4 >= found.len();
        assert_eq!(buffer.flags, u16::from(is_last_of_its_processor), "flushed");
    }
    let log = LogFile(&found[0].records[0][0x20..]);
    assert_eq!(usize::try_from(log.u32(0x24)).unwrap(), found.len());
}

#[test]
fn a_buffer_is_filled_to_its_last_byte() {
    let mut writer = begin(options());
    event(&mut writer, 0, &[1; 920]);
    event(&mut writer, 0, &vec![2; ROOM - 1000 - EVENT]);
    event(&mut writer, 0, b"behind");
    let found = buffers(&end(writer));
    let fills: Vec<u32> = found[1..].iter().map(|buffer| buffer.fill).collect();
    assert_eq!(fills, [4096, 72 + 88]);

    let mut writer = begin(options());
    event(&mut writer, 0, &[1; 920]);
    event(&mut writer, 0, &vec![2; ROOM - 1000 - EVENT + 1]);
    let found = buffers(&end(writer));
    assert_eq!(found[1..].iter().map(|buffer| buffer.records.len()).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn what_is_too_large_leaves_the_file_as_it_was() {
    let check = |buffer_bytes, bytes_max: usize| {
        let mut writer = begin(Options { buffer_bytes, ..options() });
        event(&mut writer, 1, b"before");
        let payload = vec![7; bytes_max - EVENT + 1];
        let refused = writer.event(1, START, &EventHeader::new(PLAIN), &[], &payload);
        let Err(WriteError::TooLarge { bytes, bytes_max: said }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((bytes, said), (bytes_max + 1, bytes_max));
        event(&mut writer, 1, &payload[1..]);
        let records = buffers(&end(writer))[1..].iter().map(|buffer| buffer.records.len()).sum();
        assert_eq!(2_usize, records);
    };
    check(4096, ROOM);
    check(1 << 20, RECORD_BYTES_MAX);

    let mut writer = begin(Options { buffer_bytes: 1 << 20, ..options() });
    let item = ExtendedItem { kind: 1, data: &vec![0; RECORD_BYTES_MAX] };
    for items in [&[item][..], &[item; 40]] {
        let refused = writer.event(0, START, &EventHeader::new(PLAIN), items, &[]);
        assert!(matches!(refused, Err(WriteError::TooLarge { .. })), "{refused:?}");
    }
    assert_eq!(buffers(&end(writer)).len(), 1);
}

#[test]
fn losses_are_in_the_header_and_in_the_next_buffer() {
    let mut writer = begin(options());
    writer.lost(0);
    event(&mut writer, 0, b"1");
    writer.flush().unwrap();
    writer.lost(EVENTS_LOST - 1);
    writer.lost(1);
    event(&mut writer, 0, b"2");
    writer.flush().unwrap();
    writer.buffers_lost(BUFFERS_LOST);
    event(&mut writer, 0, b"3");
    writer.flush().unwrap();
    event(&mut writer, 0, b"4");
    let found = buffers(&end(writer));
    let flags: Vec<u16> = found[1..].iter().map(|buffer| buffer.flags).collect();
    assert_eq!(flags, [1, 1 | 2, 1 | 4, 1]);
    let log = LogFile(&found[0].records[0][0x20..]);
    assert_eq!((log.u32(0x30), log.u32(0x114)), (EVENTS_LOST, BUFFERS_LOST));

    let mut writer = begin(options());
    writer.lost(u32::MAX);
    writer.lost(1);
    let found = buffers(&end(writer));
    assert_eq!(LogFile(&found[0].records[0][0x20..]).u32(0x30), u32::MAX, "it saturates");
}

#[test]
fn a_file_that_is_not_closed_has_no_end_and_counts_no_buffers() {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = TraceWriter::new(&mut bytes, options()).unwrap();
    write(&mut writer, &events(20)).unwrap();
    writer.flush().unwrap();
    writer.lost(5);
    writer.event(0, START, &EventHeader::new(PLAIN), &[], b"pending").unwrap();
    drop(writer);
    let found = buffers(&bytes.into_inner());
    let records = found[1..].iter().map(|buffer| buffer.records.len()).sum();
    assert_eq!(20_usize, records, "what was pending is not there");
    let log = LogFile(&found[0].records[0][0x20..]);
    assert_eq!((log.i64(0x10), log.u32(0x24), log.u32(0x30)), (0, 0, 0));
    assert_eq!(log.i64(0x108), START.0);
}

#[test]
fn a_file_begins_where_its_output_stands() {
    let mut out = Cursor::new(b"before".to_vec());
    out.seek(SeekFrom::End(0)).unwrap();
    let mut writer = TraceWriter::new(out, options()).unwrap();
    event(&mut writer, 0, b"");
    let out = writer.finish(END).unwrap();
    assert_eq!(out.position(), 6 + 2 * 4096);
    let bytes = out.into_inner();
    assert_eq!(&bytes[..6], b"before");
    assert_eq!(buffers(&bytes[6..]).len(), 2);
}

/// Takes so many bytes, then fails once, then takes more.
struct Failing(Cursor<Vec<u8>>, u64);

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.position() >= self.1 {
            self.1 = u64::MAX;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_failed_write_ends_the_file() {
    let mut writer = TraceWriter::new(Failing(Cursor::default(), 8192), options()).unwrap();
    write(&mut writer, &events(20)).unwrap();
    assert!(matches!(writer.flush(), Err(WriteError::Io(_))));
    let again = writer.event(0, START, &EventHeader::new(PLAIN), &[], &[]);
    assert!(matches!(again, Err(WriteError::Broken)), "{again:?}");
    assert!(matches!(writer.finish(END), Err(WriteError::Broken)));
}

#[test]
fn options_out_of_bounds_are_refused() {
    let refused =
        |options| TraceWriter::new(Cursor::new(Vec::new()), options).map(|_| ()).unwrap_err();
    for buffer_bytes in [0, 3072, 4095, 4608, 16_777_217, 16_778_240, u32::MAX] {
        let error = refused(Options { buffer_bytes, ..options() });
        assert!(matches!(error, WriteError::BufferBytes(_)), "{buffer_bytes}: {error}");
    }
    for processors in [0, PROCESSORS_MAX + 1] {
        let error = refused(Options { processors, ..options() });
        assert!(matches!(error, WriteError::Processors(_)), "{error}");
    }
    for session in ["a\0b".to_owned(), "x".repeat(1900), "x".repeat(1 << 20)] {
        let error = refused(Options { session, ..options() });
        assert!(matches!(error, WriteError::Names), "{error}");
    }
    for options in [
        Options { ticks_per_second: 0, ..options() },
        Options { ticks_per_second: 1 << 63, ..options() },
        Options { cpu_megahertz: 0, clock: Clock::CpuCycles, ..options() },
    ] {
        assert!(matches!(refused(options), WriteError::ClockSpeed));
    }
    let boot = Some(later(1));
    assert!(matches!(refused(Options { boot, ..options() }), WriteError::BootAfterStart));
    let start = FileTime(i64::MIN);
    assert!(matches!(refused(Options { boot: Some(start), ..options() }), WriteError::Time(_)));
}

#[test]
fn a_processor_has_to_be_one_of_the_machine() {
    let mut writer = begin(Options { processors: PROCESSORS_MAX, ..options() });
    event(&mut writer, 2047, b"last");
    let refused = writer.event(2048, START, &EventHeader::new(PLAIN), &[], &[]);
    assert!(matches!(refused, Err(WriteError::Processor { cpu: 2048, .. })), "{refused:?}");
    let found = buffers(&end(writer));
    assert_eq!(found[1..].iter().map(|buffer| buffer.cpu).collect::<Vec<_>>(), [2047]);
}
