//! Time stamps of the three clocks.

use crate::parse::{LogFile, buffers, i64_at};
use crate::synthetic::{PLAIN, SECOND, START, later, options};
use crate::{begin, end};
use weir_etl::FileTime;
use weir_etl::write::{Clock, EventHeader, Options, WriteError};

/// The times a reader finds, by the formula of the format.
fn read_back(options: Options, times: &[FileTime]) -> (u32, Vec<FileTime>) {
    let mut writer = begin(options);
    for time in times {
        writer.event(0, *time, &EventHeader::new(PLAIN), &[], &[]).unwrap();
    }
    let found = buffers(&end(writer));
    let header = &found[0].records[0];
    let log = LogFile(&header[0x20..]);
    let clock = log.u32(0x110);
    let ticks_per_second = match clock {
        1 => i128::from(log.i64(0x100)),
        2 => i128::from(SECOND),
        3 => i128::from(log.u32(0x34)) * 1_000_000,
        other => panic!("clock {other}"),
    };
    let time = |record: &Vec<u8>| {
        let ticks = i128::from(i64_at(record, 0x10)) - i128::from(i64_at(header, 0x10));
        let steps = (ticks * i128::from(SECOND)).div_euclid(ticks_per_second);
        FileTime(log.i64(0x108) + i64::try_from(steps).unwrap())
    };
    (clock, found[1].records.iter().map(time).collect())
}

#[test]
fn every_clock_tells_the_time_that_was_written() {
    let times =
        [0, 1, 2, 3, 99, 1_234_567, 86_400 * SECOND, -1, -12_345, -3_600 * SECOND].map(later);
    let defaults = options();
    for (number, options) in [
        (1, defaults.clone()),
        (1, Options { ticks_per_second: 24_000_000, ..defaults.clone() }),
        (1, Options { ticks_per_second: 2_441_406_250, ..defaults.clone() }),
        (2, Options { clock: Clock::System, ..defaults.clone() }),
        (3, Options { clock: Clock::CpuCycles, cpu_megahertz: 2_803, ..defaults.clone() }),
    ] {
        assert_eq!(read_back(options.clone(), &times), (number, times.to_vec()), "{options:?}");
    }

    let coarse = Options { ticks_per_second: 3_579_545, ..defaults };
    let (_, found) = read_back(coarse, &times);
    for (found, written) in found.iter().zip(times) {
        assert!((0..=2).contains(&(found.0 - written.0)), "{found} for {written}");
    }
}

#[test]
fn stamps_of_the_system_clock_are_file_times() {
    let writer = begin(Options { clock: Clock::System, ..options() });
    assert_eq!(writer.stamp(later(7)).unwrap(), START.0 + 7);
    assert_eq!(writer.stamp(FileTime(0)).unwrap(), 0);
    assert!(matches!(writer.stamp(FileTime(-1)), Err(WriteError::Time(_))));
}

#[test]
fn no_event_is_older_than_the_boot() {
    let mut writer = begin(Options { boot: Some(later(-10)), ..options() });
    assert_eq!(writer.stamp(later(-10)).unwrap(), 0);
    for time in [later(-11), FileTime(i64::MIN)] {
        let refused = writer.event(0, time, &EventHeader::new(PLAIN), &[], &[]);
        assert!(matches!(refused, Err(WriteError::Time(_))), "{refused:?}");
    }
    assert_eq!(buffers(&end(writer)).len(), 1);
}

#[test]
fn times_beyond_the_clock_are_refused() {
    let fastest = u64::try_from(i64::MAX).unwrap();
    let boot = Some(START);
    let writer = begin(Options { ticks_per_second: fastest, boot, ..options() });
    assert_eq!(writer.stamp(later(SECOND)).unwrap(), i64::MAX);
    assert!(matches!(writer.stamp(later(SECOND + 1)), Err(WriteError::Time(_))));
    assert!(matches!(writer.stamp(FileTime(i64::MAX)), Err(WriteError::Time(_))));
}
