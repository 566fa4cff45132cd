//! Small traces with everything in them that a trace may have.

use super::layout::{Layout, u16_at, u32_at};
use compcol::vec::compress_to_vec;
use core::iter::repeat_n;
use std::io::Cursor;
use weir_etl::fields::{Count, FieldType, InType, OutType};
use weir_etl::tracelogging::{Blob, provider_traits};
use weir_etl::write::{
    ClassicRecord, Clock, EventHeader, ExtendedItem, Instance, MessageRecord, Options,
    PerformanceRecord, Record, SystemRecord, TraceWriter,
};
use weir_etl::{FileTime, Format, Guid, item_kind};

/// Where the session's description begins: after the headers of a buffer and of a record.
const DESCRIPTION: usize = 72 + 32;
const LOG_FILE_MODE: usize = DESCRIPTION + 0x20;
const COMPRESSED_MODE: u8 = 0x04;

pub(crate) type Writer = TraceWriter<Cursor<Vec<u8>>>;

const START: FileTime = FileTime(134_082_000_000_000_000);
pub(crate) const PROVIDER: Guid = Guid([0x5A; 16]);

pub(crate) fn later(steps: i64) -> FileTime {
    FileTime(START.0 + steps)
}

pub(crate) fn writer(clock: Clock) -> Writer {
    let options = Options {
        session: "hostile".to_owned(),
        buffer_bytes: 4096,
        processors: 3,
        start: START,
        clock,
        ..Options::default()
    };
    TraceWriter::new(Cursor::new(Vec::new()), options).unwrap()
}

pub(crate) fn finish(writer: Writer) -> Vec<u8> {
    writer.finish(later(1_000_000)).unwrap().into_inner()
}

/// A record of every kind, on two processors.
pub(crate) fn kinds() -> Vec<u8> {
    let mut to = writer(Clock::Qpc);
    for turn in 0..4_u16 {
        let (cpu, payload) = (turn % 2, [0xA5; 21]);
        let mut put = |record: &Record<'_>| to.record(cpu, later(turn.into()), record).unwrap();
        for (processor_time, is_32_bit) in
            [(None, false), (Some(7), false), (None, true), (Some(7), true)]
        {
            let hook = 0x0301 + turn;
            let kernel = SystemRecord { processor_time, is_32_bit, hook, ..SystemRecord::NEW };
            put(&Record::System(SystemRecord { payload: &payload, ..kernel }));
            put(&Record::Performance(PerformanceRecord {
                hook,
                version: 2,
                is_32_bit,
                counters: &[1, 2, 3][..usize::from(turn).min(3)],
                payload: &payload,
            }));
            let parent = Instance { id: 1, parent_id: 2, parent_class: PROVIDER };
            put(&Record::Classic(ClassicRecord {
                class: PROVIDER,
                kind: 1,
                level: 4,
                version: 2,
                process_id: 44,
                thread_id: 45,
                processor_time: 1,
                instance: processor_time.map(|_| parent),
                is_32_bit,
                payload: &payload,
            }));
            put(&Record::Message(MessageRecord {
                number: turn,
                sequence: is_32_bit.then_some(9),
                source: (!is_32_bit).then_some(PROVIDER),
                has_stamp: turn % 2 == 0,
                thread_and_process: processor_time.map(|_| (1, 2)),
                payload: &payload,
            }));
        }
        for kind in [0x0C, 0x0D, 0x0E] {
            put(&Record::Raw(&[16, 0, kind, 0xC0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
        }
    }
    finish(to)
}

/// A description with structures in structures and arrays of both kinds.
fn schema() -> Vec<u8> {
    let inner = FieldType::structure("inner", vec![FieldType::new("text", InType::Utf16)]);
    let outer = vec![FieldType::new("number", InType::U32), inner.count(Count::Counted)];
    Blob::new("Nested")
        .tags(0x0ABC_0000)
        .field("port", InType::U16, OutType::Port)
        .with(FieldType::structure("outer", outer).count(Count::Fixed(2)))
        .field("at", InType::FileTime, OutType::DateTimeUtc)
        .field("bytes", InType::Binary, OutType::Default)
        .with(FieldType::new("numbers", InType::I16).count(Count::Counted).tags(1 << 21))
        .build()
        .unwrap()
}

pub(crate) fn payload() -> Vec<u8> {
    let text = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let pieces: [Vec<u8>; 10] = [
        vec![1, 187],
        vec![7, 0, 0, 0, 2, 0],
        text("weir"),
        text(""),
        vec![8, 0, 0, 0, 0, 0],
        START.0.to_le_bytes().to_vec(),
        vec![3, 0],
        vec![1, 2, 3],
        vec![2, 0],
        vec![255, 255, 1, 0],
    ];
    pieces.concat()
}

/// Self-describing events on three processors, some with a related activity and a call stack.
fn describe(to: &mut Writer, events: u16) {
    let (schema, payload) = (schema(), payload());
    let traits = provider_traits("Weir.Hostile", Some(PROVIDER)).unwrap();
    let stack: Vec<u8> = repeat_n(0xFFFF_F801_u64, 5).flat_map(u64::to_le_bytes).collect();
    let items = [
        ExtendedItem { kind: item_kind::RELATED_ACTIVITY, data: &[9; 16] },
        ExtendedItem { kind: item_kind::STACK_64, data: &stack },
        ExtendedItem { kind: item_kind::PROVIDER_TRAITS, data: &traits },
        ExtendedItem { kind: item_kind::SCHEMA, data: &schema },
    ];
    for place in 0..events {
        let header = EventHeader {
            channel: 11,
            level: 4,
            id: place,
            is_32_bit: place % 5 == 0,
            ..EventHeader::new(PROVIDER)
        };
        let items = if place % 3 == 0 { &items[..] } else { &items[2..] };
        to.event(place % 3, later((place * 7).into()), &header, items, &payload).unwrap();
    }
}

pub(crate) fn described(clock: Clock) -> Vec<u8> {
    let mut to = writer(clock);
    describe(&mut to, 30);
    finish(to)
}

/// Of a session that ended without being closed.
pub(crate) fn unclosed() -> Vec<u8> {
    let mut to = writer(Clock::Qpc);
    describe(&mut to, 12);
    to.flush().unwrap();
    // What the writer has put into the file; it is not told to finish.
    let mut file = finish(to);
    file[DESCRIPTION + 0x10..DESCRIPTION + 0x18].fill(0);
    file[DESCRIPTION + 0x24..DESCRIPTION + 0x28].fill(0);
    file
}

/// The same with room that was never filled.
pub(crate) fn zero_tail() -> Vec<u8> {
    let mut file = unclosed();
    file.resize(file.len() + 5000, 0);
    file
}

/// Buffers flagged as those before which something was lost.
pub(crate) fn lost() -> Vec<u8> {
    let mut to = writer(Clock::Qpc);
    describe(&mut to, 3);
    to.lost(41);
    to.buffers_lost(3);
    to.flush().unwrap();
    describe(&mut to, 3);
    finish(to)
}

/// Of a 32-bit Windows: its description has two pointers of four bytes instead of eight.
pub(crate) fn narrow() -> Vec<u8> {
    let mut to = writer(Clock::System);
    describe(&mut to, 3);
    let mut file = finish(to);
    file[DESCRIPTION + 0x2C] = 4;
    file.drain(DESCRIPTION + 0x40..DESCRIPTION + 0x48);
    file.splice(4088..4088, [0xFF; 8]);
    let size = u16::try_from(u16_at(&file, 76) - 8).unwrap();
    file[76..78].copy_from_slice(&size.to_le_bytes());
    file[74] = 1;
    let fill = u32::try_from(u32_at(&file, 4) - 8).unwrap().to_le_bytes();
    for at in [4, 8, 0x30] {
        file[at..at + 4].copy_from_slice(&fill);
    }
    file
}

/// The same records in compressed buffers.
pub(crate) fn compressed(format: Format) -> Vec<u8> {
    repacked(described(Clock::CpuCycles), Some(format))
}

/// Small files for a fuzzer to begin with: in buffers of the size that they need.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut few = writer(Clock::Qpc);
    describe(&mut few, 4);
    let few = finish(few);
    let formats = [Format::Lznt1, Format::Xpress, Format::XpressHuffman].map(Some);
    let mut seeds = vec![
        repacked(kinds(), None),
        repacked(lost(), None),
        unclosed(),
        repacked(super::merged::merged(), None),
    ];
    seeds.extend(formats.into_iter().chain([None]).map(|format| repacked(few.clone(), format)));
    seeds
}

/// A file with the same buffers, as long as they need to be and perhaps compressed.
fn repacked(mut plain: Vec<u8>, format: Option<Format>) -> Vec<u8> {
    plain[LOG_FILE_MODE + 3] |= COMPRESSED_MODE;
    plain[0x2C] = format.map_or(3, |format| format as u8);
    let mut file = Vec::new();
    for buffer in Layout::of(&plain).buffers {
        let bytes = &plain[buffer.at..buffer.at + buffer.fill];
        let (header, records) = bytes.split_at(72);
        let format = format.filter(|_| buffer.at != 0);
        let stored = format.map_or_else(|| records.to_vec(), |format| compress(format, records));
        let at = file.len();
        file.extend(header);
        file.extend(&stored);
        let stride = u32::try_from(72 + stored.len()).unwrap();
        file[at..at + 4].copy_from_slice(&stride.to_le_bytes());
        file[at + 0x34] |= if format.is_some() { 0x40 } else { 0 };
    }
    file
}

/// Without the length that the library's encoders write before two of the formats.
pub(crate) fn compress(format: Format, plain: &[u8]) -> Vec<u8> {
    let (framed, frame_bytes) = match format {
        Format::Lznt1 => (compress_to_vec::<compcol::lznt1::Lznt1>(plain), 0),
        Format::Xpress => (compress_to_vec::<compcol::xpress::Xpress>(plain), 8),
        Format::XpressHuffman => {
            (compress_to_vec::<compcol::xpress_huffman::XpressHuffman>(plain), 4)
        }
    };
    framed.unwrap().split_off(frame_bytes)
}
