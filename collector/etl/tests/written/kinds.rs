//! Records that are no events of manifest or self-describing providers.

use crate::parse::{buffers, guid_at, i64_at, u16_at, u32_at, u64_at};
use crate::synthetic::{PLAIN, SELF_DESCRIBING, later, options};
use crate::{begin, end};
use weir_etl::write::{
    ClassicRecord, Instance, MessageRecord, PerformanceRecord, Record, SystemRecord, WriteError,
};

/// The record as it lies in the file, and the stamp it should have.
fn written(record: Record<'_>) -> (Vec<u8>, i64) {
    let mut writer = begin(options());
    writer.record(3, later(44), &record).unwrap();
    // The next one shows whether the first has the size it says.
    writer.record(3, later(45), &record).unwrap();
    let stamp = writer.stamp(later(44)).unwrap();
    let found = buffers(&end(writer));
    assert_eq!((found.len(), found[1].records.len()), (2, 2));
    (found[1].records[0].clone(), stamp)
}

#[test]
fn system_records_are_long_or_compact() {
    for (processor_time, is_32_bit, kind, header) in [
        (Some(0x77), true, 1, 0x20),
        (Some(0x77), false, 2, 0x20),
        (None, true, 3, 0x18),
        (None, false, 4, 0x18),
    ] {
        let (bytes, stamp) = written(Record::System(SystemRecord {
            hook: 0x0524,
            version: 4,
            process_id: 5,
            thread_id: 6,
            processor_time,
            is_32_bit,
            payload: b"kernel",
        }));
        assert_eq!(bytes[..4], [4, 0, kind, 0xC0]);
        assert_eq!((u16_at(&bytes, 6), u32_at(&bytes, 8), u32_at(&bytes, 0xC)), (0x0524, 6, 5));
        assert_eq!(i64_at(&bytes, 0x10), stamp);
        if processor_time.is_some() {
            assert_eq!(u64_at(&bytes, 0x18), 0x77);
        }
        assert_eq!(&bytes[header..], b"kernel");
    }
}

#[test]
fn performance_records_number_their_counters() {
    for (is_32_bit, kind, counters) in [(true, 0x10, &[][..]), (false, 0x11, &[1, u64::MAX])] {
        let record =
            PerformanceRecord { hook: 0x0F2E, version: 3, is_32_bit, counters, payload: b"sample" };
        let (bytes, stamp) = written(Record::Performance(record));
        assert_eq!(bytes[..4], [3, u8::try_from(counters.len()).unwrap(), kind, 0xC0]);
        assert_eq!((u16_at(&bytes, 6), i64_at(&bytes, 8)), (0x0F2E, stamp));
        let behind = 0x10 + counters.len() * 8;
        let read: Vec<u64> =
            bytes[0x10..behind].chunks(8).map(|counter| u64_at(counter, 0)).collect();
        assert_eq!((&read[..], &bytes[behind..]), (counters, &b"sample"[..]));

        let eight = Record::Performance(PerformanceRecord { counters: &[0; 8], ..record });
        let refused = begin(options()).record(0, later(0), &eight);
        assert!(matches!(refused, Err(WriteError::Counters)), "{refused:?}");
    }
}

#[test]
fn classic_records_may_have_an_instance() {
    let instance = Instance { id: 8, parent_id: 9, parent_class: SELF_DESCRIBING };
    for (instance, is_32_bit, kind, header) in [
        (None, true, 0x0A, 0x30),
        (None, false, 0x14, 0x30),
        (Some(instance), true, 0x0B, 0x48),
        (Some(instance), false, 0x15, 0x48),
    ] {
        let (bytes, stamp) = written(Record::Classic(ClassicRecord {
            class: PLAIN,
            kind: 10,
            level: 4,
            version: 2,
            process_id: 5,
            thread_id: 6,
            processor_time: 7,
            instance,
            is_32_bit,
            payload: b"classic",
        }));
        assert_eq!(bytes[2..8], [kind, 0xC0, 10, 4, 2, 0]);
        assert_eq!((u32_at(&bytes, 8), u32_at(&bytes, 0xC)), (6, 5));
        assert_eq!((i64_at(&bytes, 0x10), guid_at(&bytes, 0x18)), (stamp, PLAIN));
        assert_eq!(u64_at(&bytes, 0x28), 7);
        if instance.is_some() {
            assert_eq!((u32_at(&bytes, 0x30), u32_at(&bytes, 0x34)), (8, 9));
            assert_eq!(guid_at(&bytes, 0x38), SELF_DESCRIBING);
        }
        assert_eq!(&bytes[header..], b"classic");
    }
}

#[test]
fn messages_hold_what_their_flags_say() {
    let bare = MessageRecord {
        number: 0x2B,
        sequence: None,
        source: None,
        has_stamp: false,
        thread_and_process: None,
        payload: b"wpp",
    };
    let (bytes, _) = written(Record::Message(bare));
    assert_eq!(bytes, b"\x0B\0\0\x90\x2B\0\0\0wpp");

    let full = MessageRecord {
        sequence: Some(1),
        source: Some(PLAIN),
        has_stamp: true,
        thread_and_process: Some((6, 5)),
        ..bare
    };
    let (bytes, stamp) = written(Record::Message(full));
    assert_eq!((u16_at(&bytes, 6), u32_at(&bytes, 8)), (0x2B, 1));
    assert_eq!((guid_at(&bytes, 12), i64_at(&bytes, 28)), (PLAIN, stamp));
    assert_eq!((u32_at(&bytes, 36), u32_at(&bytes, 40), &bytes[44..]), (6, 5, &b"wpp"[..]));
}

#[test]
fn raw_bytes_are_padded_and_bounded_and_nothing_else() {
    let (bytes, _) = written(Record::Raw(b"\x0B\0\x7F\x90\x2B\0\0\0wpp"));
    assert_eq!(bytes, b"\x0B\0\x7F\x90\x2B\0\0\0wpp");

    let mut writer = begin(options());
    let refused = writer.record(0, later(0), &Record::Raw(&[0; 4096 - 71]));
    assert!(matches!(refused, Err(WriteError::TooLarge { .. })), "{refused:?}");
    writer.record(0, later(0), &Record::Raw(&[])).unwrap();
    assert_eq!(buffers(&end(writer)).len(), 1, "nothing is no record");
}
