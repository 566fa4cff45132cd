//! Files in which more than one session left buffers, or one left some elsewhere.

use super::crafted::{DESCRIPTION, beginning, buffer, kinds, put, record, stamps};
use super::made;
use super::read::read;
use std::io::Cursor;
use weir_etl::write::Clock;
use weir_etl::{DamageKind, Format, MissingBuffers, Trace, is_trace};

const MODE: usize = DESCRIPTION + 0x20;

/// Sound files of different sizes of buffers, plain and compressed.
fn sessions() -> Vec<Vec<u8>> {
    let mut sessions = vec![made::described(Clock::Qpc), made::compressed(Format::Xpress)];
    sessions.extend(made::seeds());
    sessions.push(made::narrow());
    sessions
}

#[test]
fn another_session_is_not_mixed_with_the_first() {
    for (one, first) in sessions().into_iter().enumerate() {
        let alone = read(&first);
        for (two, second) in sessions().into_iter().enumerate() {
            let both = [&first[..], &second].concat();
            let found = read(&both);
            assert_eq!(found.records, alone.records, "{one}, {two}");
            assert_eq!(kinds(&found), [(DamageKind::Session, 1)], "{one}, {two}");
            let damage = found.damages.first()[0];
            assert_eq!(damage.buffer_at, first.len() as u64, "{one}, {two}");
            assert_eq!(damage.skipped_bytes, second.len() as u64, "{one}, {two}");
            // It can be read where the file is split there.
            let at = usize::try_from(damage.buffer_at).unwrap();
            assert!(is_trace(&both[at..]));
            assert_eq!(read(&both[at..]).records, read(&second).records, "{one}, {two}");
        }
    }
}

#[test]
fn another_session_is_found_behind_damage() {
    for first in [made::described(Clock::Qpc), made::compressed(Format::Xpress)] {
        let last = super::layout::Layout::of(&first).buffers.last().unwrap().at;
        let mut both = [&first[..], &first].concat();
        both[last..last + 72].fill(0xEE);
        let found = read(&both);
        let expect =
            [(DamageKind::NoBuffer, 1), (DamageKind::Session, 1), (DamageKind::Missing, 1)];
        assert_eq!(kinds(&found), expect);
        assert_eq!(found.damages.skipped_bytes_of(DamageKind::Session), first.len() as u64);
    }
}

#[test]
fn a_header_buffer_without_a_description_is_no_session() {
    let mut file = made::kinds();
    file[4096 + 0x36] = 4;
    assert_eq!(kinds(&read(&file)), []);
}

#[test]
fn header_buffers_that_describe_nothing_cost_no_more_than_the_file() {
    // What looks like a session at every 72 bytes, and is none.
    let mut file = beginning(4096);
    file[DESCRIPTION + 0x23] &= !4;
    put(&mut file, 0, 72);
    put(&mut file, DESCRIPTION, 72);
    file.truncate(504);
    file.extend(buffer(0, 0, 0, 72, &[]));
    for _ in 0..20_000 {
        let mut one = buffer(0, 0, 0, 72, &[]);
        put(&mut one, 0, 4096);
        put(&mut one, 4, 4096);
        one[0x36] = 4;
        file.extend(one);
    }
    assert!(read(&file).damages.count(DamageKind::BufferSize) > 10_000);
}

#[test]
fn buffers_of_a_file_that_was_appended_to_come_as_they_stand() {
    let mut file = beginning(512);
    file[DESCRIPTION + 0x23] &= !4;
    for (sequence, stamp) in [(1, 10), (2, 20), (1, 30), (2, 40)] {
        let mut one = buffer(0, sequence, 0, 88, &record(stamp));
        one.resize(512, 0xFF);
        put(&mut one, 0, 512);
        file.extend(one);
    }
    assert_eq!(stamps(&file), [10, 30, 20, 40], "by number");
    for mode in [4, 5] {
        file[MODE] = mode;
        assert_eq!(stamps(&file), [10, 20, 30, 40]);
    }
}

#[test]
fn missing_buffers_are_told_of_a_file_cut_between_two() {
    let file = made::described(Clock::Qpc);
    let cut = &file[..file.len() - 4096];
    let found = read(cut);
    assert_eq!(kinds(&found), [(DamageKind::Missing, 1)]);
    let written = file.len() as u64 / 4096;
    let missing = MissingBuffers { found: written - 1, written };
    assert_eq!(found.damages.missing_buffers(), Some(missing));
    assert_eq!(found.damages.first(), [], "it has no place");
    assert_eq!(read(&file).damages.missing_buffers(), None);
}

#[test]
fn buffers_are_missed_in_files_alone_that_must_have_all() {
    let file = made::described(Clock::Qpc);
    let cut = &file[..file.len() - 4096];
    let missing = |mode: u32| {
        let mut file = cut.to_vec();
        file[MODE..MODE + 4].copy_from_slice(&mode.to_le_bytes());
        let trace = Trace::open(Cursor::new(file)).unwrap();
        trace.damages().count(DamageKind::Missing)
    };
    for mode in [0x1, 0x9, 0x0001_0001, 0x0800_0001] {
        assert_eq!(missing(mode), 1, "{mode:#x}");
    }
    // Circular, appended to, delivered in real time, of one process.
    for mode in [0, 0x2, 0x5, 0x101, 0x801, 0x901] {
        assert_eq!(missing(mode), 0, "{mode:#x}");
    }
}
