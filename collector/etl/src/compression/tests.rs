//! Streams of the specification, round trips, bombs, and valid streams damaged everywhere.

use super::{DecompressError, Format, decompress};
use compcol::vec::compress_to_vec;

const FORMATS: [Format; 3] = [Format::Lznt1, Format::Xpress, Format::XpressHuffman];

fn decompressed(format: Format, source: &[u8], length: usize) -> Result<Vec<u8>, DecompressError> {
    let mut out = b"of the buffer before".to_vec();
    let result = decompress(format, source, length, &mut out);
    assert!(out.len() <= length, "{format}: {} bytes of {length}", out.len());
    result.map(|()| {
        assert_eq!(out.len(), length, "{format}");
        out
    })
}

/// The library's encoders; the specification's streams stand against a mistake on both sides.
fn compressed(format: Format, plain: &[u8]) -> Vec<u8> {
    let (framed, frame_bytes) = match format {
        Format::Lznt1 => (compress_to_vec::<compcol::lznt1::Lznt1>(plain), 0),
        Format::Xpress => (compress_to_vec::<compcol::xpress::Xpress>(plain), 8),
        Format::XpressHuffman => {
            (compress_to_vec::<compcol::xpress_huffman::XpressHuffman>(plain), 4)
        }
    };
    framed.unwrap().split_off(frame_bytes)
}

/// Bytes that repeat themselves near and far, in the manner of events.
fn plain(bytes: usize) -> Vec<u8> {
    let mut seed = 0x9E37_79B9_u32;
    let mut out = Vec::with_capacity(bytes + 64);
    while out.len() < bytes {
        seed = seed.wrapping_mul(0x0019_660D).wrapping_add(0x3C6E_F35F);
        let repeated = usize::from(seed.to_be_bytes()[0]) % 64;
        let back = usize::from(seed.to_be_bytes()[1]) * 31 + 1;
        match out.len().checked_sub(back) {
            Some(from) if seed & 0x100 == 0 => {
                let from = from..out.len().min(from + repeated);
                out.extend_from_within(from);
            }
            _ => out.extend_from_slice(&seed.to_be_bytes()),
        }
    }
    out.truncate(bytes);
    out
}

fn huffman(lengths: &[(usize, u8)], payload: &[u8]) -> Vec<u8> {
    let mut stream = vec![0; 256];
    for &(at, pair) in lengths {
        stream[at] = pair;
    }
    stream.extend_from_slice(payload);
    stream
}

#[test]
fn plain_streams_of_the_specification_decompress() {
    // [MS-XCA] 3 gives both texts.
    let mut alphabet = vec![0x3f, 0, 0, 0];
    alphabet.extend(b'a'..=b'z');
    let expected: Vec<u8> = (b'a'..=b'z').collect();
    assert_eq!(decompressed(Format::Xpress, &alphabet, 26), Ok(expected));

    let repeated = [0xff, 0xff, 0xff, 0x1f, b'a', b'b', b'c', 0x17, 0, 0x0f, 0xff, 0x26, 0x01];
    assert_eq!(decompressed(Format::Xpress, &repeated, 300), Ok(b"abc".repeat(100)));
}

#[test]
fn huffman_streams_of_the_specification_decompress() {
    let mut lengths = vec![(48, 0x50), (59, 0x45), (60, 0x44), (61, 0x04), (128, 0x04)];
    lengths.extend((49..59).map(|at| (at, 0x55)));
    let payload = [
        0xd8, 0x52, 0x3e, 0xd7, 0x94, 0x11, 0x5b, 0xe9, 0x19, 0x5f, 0xf9, 0xd6, 0x7c, 0xdf, 0x8d,
        0x04, 0, 0, 0, 0,
    ];
    let expected: Vec<u8> = (b'a'..=b'z').collect();
    let source = huffman(&lengths, &payload);
    assert_eq!(decompressed(Format::XpressHuffman, &source, 26), Ok(expected));

    let source = huffman(
        &[(48, 0x30), (49, 0x23), (128, 0x02), (143, 0x20)],
        &[0xa8, 0xdc, 0, 0, 0xff, 0x26, 0x01],
    );
    assert_eq!(decompressed(Format::XpressHuffman, &source, 300), Ok(b"abc".repeat(100)));
}

#[test]
fn the_lznt1_stream_of_the_specification_decompresses() {
    // [MS-XCA] 3, with the NUL at the text's end.
    let source = [
        0x38, 0xb0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00, 0x10, 0xa2, 0x47,
        0x01, 0xa0, 0x45, 0x20, 0x44, 0x00, 0x08, 0x45, 0x01, 0x50, 0x79, 0x00, 0xc0, 0x45, 0x20,
        0x05, 0x24, 0x13, 0x88, 0x05, 0xb4, 0x02, 0x4a, 0x44, 0xef, 0x03, 0x58, 0x02, 0x8c, 0x09,
        0x16, 0x01, 0x48, 0x45, 0x00, 0xbe, 0x00, 0x9e, 0x00, 0x04, 0x01, 0x18, 0x90, 0x00,
    ];
    let expected = b"F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D \
        E E F# D E F# G F# D E F# G F# E D E A F# F# G A A G F# E D D E F# E D D\0";
    assert_eq!(decompressed(Format::Lznt1, &source, 142), Ok(expected.to_vec()));
}

#[test]
fn what_was_compressed_comes_back() {
    for format in FORMATS {
        for bytes in [0, 1, 2, 31, 32, 33, 4095, 4096, 4097, 65_535, 65_536, 65_537, 500_000] {
            for plain in [plain(bytes), vec![0; bytes]] {
                let source = compressed(format, &plain);
                let out = decompressed(format, &source, bytes);
                assert!(out.as_ref() == Ok(&plain), "{format}: {bytes} bytes");
            }
        }
    }
}

#[test]
fn no_more_is_decompressed_than_asked_for() {
    let plain = plain(100_000);
    for format in FORMATS {
        let source = compressed(format, &plain);
        for length in [0, 1, 4095, 65_536, 99_999] {
            let out = decompressed(format, &source, length);
            assert!(out.as_deref() == Ok(&plain[..length]), "{format}: {length} bytes");
        }
        // Some bytes more than 100 000, for the mark that ends a Huffman stream is also a match.
        let out = decompressed(format, &source, 101_000);
        assert!(out.is_err(), "{format}: more than there is");
    }
}

#[test]
fn a_bomb_yields_what_was_asked_for() {
    let zeros = |format, source: &[u8], length| {
        let mut out = Vec::new();
        let result = decompress(format, source, length, &mut out);
        assert!(result.is_err() || out == vec![0; length], "{format}");
        assert!(out.len() <= length && out.capacity() <= length, "{format}: {}", out.capacity());
        result
    };
    // A literal, then a match that is 2^32 - 1 or 2^16 - 1 long.
    let all = [0xff, 0xff, 0xff, 0x7f, 0, 7, 0, 15, 255, 0, 0, 255, 255, 255, 255];
    let damaged = DecompressError::Damaged { format: Format::Xpress };
    assert_eq!(zeros(Format::Xpress, &all, 1 << 20), Err(damaged));
    let many = [0xff, 0xff, 0xff, 0x7f, 0, 7, 0, 15, 255, 255, 255];
    assert_eq!(zeros(Format::Xpress, &many, 1000), Ok(()));

    let source = huffman(&[(0, 0x01), (135, 0x10)], &[0xff, 0x7f, 0xff, 0xff, 255, 255, 255]);
    assert_eq!(zeros(Format::XpressHuffman, &source, 1000), Ok(()));

    // A chunk holds 4096 bytes; one that would hold more is damaged.
    let long = [3, 0xb0, 2, 0, 0xff, 0x0f];
    assert!(zeros(Format::Lznt1, &long, 4096).is_err());
    assert_eq!(zeros(Format::Lznt1, &[3, 0xb0, 2, 0, 0xfc, 0x0f], 4096), Ok(()));
}

#[test]
fn a_stream_cut_off_anywhere_yields_no_other_bytes() {
    let plain = plain(700);
    for format in FORMATS {
        let source = compressed(format, &plain);
        let mut whole = 0;
        for end in 0..source.len() {
            // Ends that hold nothing may go: LZNT1's zero word, XPRESS's empty flags.
            if let Ok(out) = decompressed(format, &source[..end], 700) {
                assert!(out == plain, "{format}: cut at {end} of {}", source.len());
                whole += 1;
            }
        }
        assert!(whole <= 6, "{format}: {whole} ends hold nothing");
    }
}

#[test]
fn any_damage_yields_an_error_or_as_many_bytes() {
    let plain = plain(700);
    for format in FORMATS {
        let source = compressed(format, &plain);
        let mut errors = 0;
        for at in 0..source.len() {
            for change in [1, 0x10, 0x80, 0xff] {
                let mut source = source.clone();
                source[at] ^= change;
                errors += usize::from(decompressed(format, &source, 700).is_err());
            }
        }
        assert!(errors > 0, "{format}: no damage was noticed");
    }
}

#[test]
fn numbers_name_the_formats() {
    for format in FORMATS {
        assert_eq!(Format::from_raw(format as u16), Some(format));
    }
    for raw in [0, 1, 5, 6, 0x0103, u16::MAX] {
        assert_eq!(Format::from_raw(raw), None, "{raw}");
    }
    assert_eq!(Format::XpressHuffman.to_string(), "XPRESS_HUFF");
}
