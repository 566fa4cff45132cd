//! Where reading goes on behind damage between buffers.

use super::change::Seed;
use super::crafted::{COMPRESSED, DESCRIPTION, LOGGER, beginning, buffer, kinds, record};
use super::layout::{Buffer, Layout, u32_at};
use super::made::{self, compress};
use super::read::{Outcome, read};
use super::recorded;
use weir_etl::{DamageKind, Format};

/// A compressed file with as many buffers, each with a record of its own stamp.
fn compressed(buffers: usize) -> Vec<u8> {
    let mut file = beginning(4096);
    for sequence in 0..buffers {
        let stamp = i64::try_from(sequence).unwrap();
        let stored = compress(Format::Xpress, &record(stamp).repeat(1 + sequence % 7));
        let fill = 72 + 16 * (1 + sequence % 7);
        file.extend(buffer(sequence % 3, sequence, COMPRESSED, fill, &stored));
    }
    file
}

/// What is lost with a buffer of a file: its bytes, and that alone.
fn is_lost(found: &Outcome, buffer: &Buffer) {
    let place = found.damages.first().iter().find(|it| it.kind == DamageKind::NoBuffer);
    let place = place.unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!((place.buffer_at, place.skipped_bytes), (buffer.at as u64, buffer.bytes as u64));
}

#[test]
fn a_compressed_buffer_whose_size_is_wrong_hides_no_other() {
    let sound = compressed(40);
    let buffers = Layout::of(&sound).buffers;
    let records = read(&sound).records;
    for (place, buffer) in buffers.iter().enumerate().skip(1) {
        for bit in 0..32 {
            let mut file = sound.clone();
            file[buffer.at + bit / 8] ^= 1 << (bit % 8);
            let found = read(&file);
            let own = 1 + (place - 1) % 7;
            assert!(found.records >= records - own, "{place}, bit {bit}: {found:?}");
            // The last one's size is too large for the file, or leads to its end.
            let end = buffer.at + u32_at(&file, buffer.at);
            if place + 1 < buffers.len() {
                let is_shorter = (72..buffer.bytes).contains(&u32_at(&file, buffer.at));
                let skipped = buffer.at + buffer.bytes - if is_shorter { end } else { buffer.at };
                assert_eq!(found.damages.count(DamageKind::NoBuffer), 1, "{place}, bit {bit}");
                assert_eq!(found.damages.skipped_bytes_of(DamageKind::NoBuffer), skipped as u64);
            } else {
                assert!(!found.damages.is_empty(), "{place}, bit {bit}");
            }
        }
    }
}

#[test]
fn compressed_buffers_that_are_overwritten_hide_no_other() {
    let sound = compressed(40);
    let buffers = Layout::of(&sound).buffers;
    let records = read(&sound).records;
    for byte in [0, 0xFF, 0x40, 3] {
        for (place, buffer) in buffers.iter().enumerate().take(40).skip(1) {
            let mut file = sound.clone();
            file[buffer.at..buffer.at + buffer.bytes].fill(byte);
            let found = read(&file);
            is_lost(&found, buffer);
            assert_eq!(kinds(&found), [(DamageKind::NoBuffer, 1)]);
            assert_eq!(found.records, records - (1 + (place - 1) % 7));
        }
    }
}

#[test]
fn one_turned_bit_of_a_recorded_file_costs_one_buffer() {
    for path in recorded::files() {
        let sound = std::fs::read(&path).unwrap();
        let buffers = Layout::of(&sound).buffers;
        if !buffers[1].is_compressed {
            continue;
        }
        let (clean, mut seed) = (read(&sound), Seed(5));
        for _ in 0..20 {
            let buffer = buffers[1 + seed.below(buffers.len() - 1)];
            let mut file = sound.clone();
            file[buffer.at + seed.below(3)] ^= 1 << seed.below(8);
            let found = read(&file);
            let bytes_max = clean.bytes.saturating_sub(65_536);
            assert!(found.bytes >= bytes_max, "{}, {buffer:?}: {found:?}", path.display());
            assert!(!found.damages.is_empty());
        }
    }
}

#[test]
fn bytes_that_look_like_buffers_are_looked_at_only_so_often() {
    // Every fourth byte begins a compressed buffer of the session that leads to zeros.
    const SIZE: usize = LOGGER << 16 | 0x40;
    let mut file = beginning(16 << 20);
    for _ in 0..SIZE / 4 {
        file.extend(u32::try_from(SIZE).unwrap().to_le_bytes());
    }
    file.resize(file.len() + SIZE, 0);
    assert_eq!(kinds(&read(&file)), [(DamageKind::Trailing, 1)]);
}

#[test]
fn a_compressed_file_that_ends_in_a_header_is_cut_off() {
    let sound = compressed(5);
    let last = Layout::of(&sound).buffers[4].at;
    for bytes in 1..72 {
        let found = read(&sound[..last + bytes]);
        assert_eq!(kinds(&found), [(DamageKind::CutOff, 1)]);
        assert_eq!(found.damages.skipped_bytes(), bytes as u64);
    }
}

#[test]
fn damage_again_and_again_reads_a_compressed_file_once() {
    let mut file = compressed(2);
    let stored = compress(Format::Xpress, &record(5));
    for sequence in 0..4000 {
        file.extend([0x55; 100]);
        for place in 0..2 {
            file.extend(buffer(0, 2 * sequence + place, COMPRESSED, 88, &stored));
        }
    }
    let found = read(&file);
    assert_eq!(found.damages.count(DamageKind::NoBuffer), 4000);
    assert_eq!(found.damages.skipped_bytes(), 400_000);
    assert_eq!(found.records, 1 + 1 + 2 + 8000);
}

#[test]
fn what_follows_the_last_buffer_is_trailing() {
    for sound in [made::kinds(), compressed(5), made::compressed(Format::Lznt1)] {
        let records = read(&sound).records;
        for bytes in [72, 500, 4096, 10_000] {
            let file = [&sound[..], &vec![7; bytes]].concat();
            let found = read(&file);
            assert_eq!((found.records, kinds(&found)), (records, vec![(DamageKind::Trailing, 1)]));
            let skipped = found.damages.skipped_bytes_of(DamageKind::Trailing);
            assert_eq!(skipped, bytes as u64);
            let file = [&sound[..], &vec![0; bytes]].concat();
            assert_eq!(kinds(&read(&file)), [(DamageKind::Unused, 1)]);
        }
    }
}

#[test]
fn the_first_buffers_size_is_known_from_the_rest() {
    for sound in [made::kinds(), made::described(super::Clock::System), compressed(5)] {
        let records = read(&sound).records;
        for (byte, value) in [(3, 0xFF), (3, 0x80), (2, 0x11), (3, 1)] {
            let mut file = sound.clone();
            file[byte] = value;
            assert!(weir_etl::is_trace(&file));
            let found = read(&file);
            assert_eq!(
                (found.records, kinds(&found)),
                (records, vec![(DamageKind::BufferSize, 1)])
            );
        }
    }
    // Nothing confirms the session's size, or there is none.
    let sound = made::kinds();
    for damage in [0, DESCRIPTION, 4096] {
        let mut file = sound.clone();
        file[3] = 0xFF;
        file[damage..damage + 4].fill(0xFF);
        let found = read(&file);
        assert_eq!(found.refused.is_some(), damage != 0, "{damage}: {found:?}");
    }
}
