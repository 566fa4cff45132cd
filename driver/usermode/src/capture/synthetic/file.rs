//! Frames to capture files.

use super::{Framing, TcpPacket};
use crate::capture::LinkType;

/// Time between two packets that a file numbers by itself.
const STEP_NS: u64 = 1_000_000;

/// What the timestamps of a pcap file count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Millionths of a second.
    Microseconds,
    /// Billionths of a second.
    Nanoseconds,
}

/// A classic pcap file. Packets are one millisecond apart, from one second after 1970 on.
#[derive(Debug, Clone)]
pub struct PcapFile {
    bytes: Vec<u8>,
    is_big_endian: bool,
    precision: Precision,
    snap_bytes: usize,
    at_ns: u64,
}

impl PcapFile {
    /// A little-endian file with microseconds.
    #[must_use]
    pub fn new(link: LinkType) -> Self {
        Self::with_format(link, false, Precision::Microseconds)
    }

    /// A file of any of the four formats.
    #[must_use]
    pub fn with_format(link: LinkType, is_big_endian: bool, precision: Precision) -> Self {
        let magic = match precision {
            Precision::Microseconds => 0xa1b2_c3d4_u32,
            Precision::Nanoseconds => 0xa1b2_3c4d,
        };
        let (at_ns, snap_bytes) = (1_000_000_000, usize::MAX);
        let mut file = Self { bytes: Vec::new(), is_big_endian, precision, snap_bytes, at_ns };
        file.word(magic);
        let version: [u16; 2] = if is_big_endian { [2, 4] } else { [4, 2] };
        file.word(u32::from(version[0]) << 16 | u32::from(version[1]));
        for word in [0, 0, 262_144, link.0] {
            file.word(word);
        }
        file
    }

    /// Captures at most this many bytes of each later packet.
    #[must_use]
    pub fn snap(mut self, bytes: usize) -> Self {
        self.snap_bytes = bytes;
        self
    }

    /// Adds packets.
    #[must_use]
    pub fn packets(mut self, framing: &Framing, packets: &[TcpPacket]) -> Self {
        for packet in packets {
            self = self.frame(&framing.frame(packet));
        }
        self
    }

    /// Adds one frame.
    #[must_use]
    pub fn frame(mut self, frame: &[u8]) -> Self {
        let unit_ns = match self.precision {
            Precision::Microseconds => 1_000,
            Precision::Nanoseconds => 1,
        };
        let captured = &frame[..frame.len().min(self.snap_bytes)];
        self.word(low(self.at_ns / 1_000_000_000));
        self.word(low(self.at_ns % 1_000_000_000 / unit_ns));
        self.word(low(captured.len() as u64));
        self.word(low(frame.len() as u64));
        self.bytes.extend_from_slice(captured);
        self.at_ns += STEP_NS;
        self
    }

    /// The file.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn word(&mut self, word: u32) {
        put(&mut self.bytes, self.is_big_endian, word);
    }
}

/// A pcapng file, block by block.
#[derive(Debug, Clone, Default)]
pub struct PcapngFile {
    bytes: Vec<u8>,
    is_big_endian: bool,
}

impl PcapngFile {
    /// A file without any block.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a section.
    #[must_use]
    pub fn section(mut self, is_big_endian: bool) -> Self {
        self.is_big_endian = is_big_endian;
        let version = if is_big_endian { 0x0001_0000 } else { 1 };
        self.block(0x0a0d_0d0a, &[0x1a2b_3c4d, version, u32::MAX, u32::MAX], b"")
    }

    /// Describes the section's next interface; `resolution` is `if_tsresol`, `offset_s` is
    /// `if_tsoffset`.
    #[must_use]
    pub fn interface(self, link: LinkType, snap: u32, resolution: u8, offset_s: i64) -> Self {
        let mut options = Vec::new();
        let big = self.is_big_endian;
        put16(&mut options, big, [9, 1]);
        options.extend([resolution, 0, 0, 0]);
        put16(&mut options, big, [14, 8]);
        options.extend(if big { offset_s.to_be_bytes() } else { offset_s.to_le_bytes() });
        options.extend([0; 4]);
        let mut head = Vec::new();
        put16(&mut head, big, [u16::try_from(link.0).unwrap_or(0), 0]);
        put(&mut head, big, snap);
        head.extend(options);
        self.block(1, &[], &head)
    }

    /// Adds an Enhanced Packet Block.
    #[must_use]
    pub fn packet(self, interface: u32, ticks: u64, frame: &[u8]) -> Self {
        let length = low(frame.len() as u64);
        self.block(6, &[interface, low(ticks >> 32), low(ticks), length, length], frame)
    }

    /// Adds a Simple Packet Block.
    #[must_use]
    pub fn simple_packet(self, original: u32, captured: &[u8]) -> Self {
        self.block(3, &[original], captured)
    }

    /// Adds an obsolete Packet Block.
    #[must_use]
    pub fn obsolete_packet(self, interface: u16, ticks: u64, frame: &[u8]) -> Self {
        let shift = if self.is_big_endian { 16 } else { 0 };
        let length = low(frame.len() as u64);
        let interface = u32::from(interface) << shift;
        self.block(2, &[interface, low(ticks >> 32), low(ticks), length, length], frame)
    }

    /// Adds a block of any type: words, then bytes that are padded.
    #[must_use]
    pub fn block(mut self, block_type: u32, words: &[u32], data: &[u8]) -> Self {
        let big = self.is_big_endian;
        let padded = data.len().next_multiple_of(4);
        let total = low((12 + words.len() * 4 + padded) as u64);
        put(&mut self.bytes, big, block_type);
        put(&mut self.bytes, big, total);
        for word in words {
            put(&mut self.bytes, big, *word);
        }
        self.bytes.extend_from_slice(data);
        self.bytes.resize(self.bytes.len() + padded - data.len(), 0);
        put(&mut self.bytes, big, total);
        self
    }

    /// The file.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn put(bytes: &mut Vec<u8>, is_big_endian: bool, word: u32) {
    bytes.extend(if is_big_endian { word.to_be_bytes() } else { word.to_le_bytes() });
}

fn put16(bytes: &mut Vec<u8>, is_big_endian: bool, words: [u16; 2]) {
    for word in words {
        bytes.extend(if is_big_endian { word.to_be_bytes() } else { word.to_le_bytes() });
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low word is meant")]
fn low(value: u64) -> u32 {
    value as u32
}
