//! Classic pcap files: one header, then packets of one link type.

use pcap_parser::nom::IResult;
use pcap_parser::{
    LegacyPcapBlock, PcapError, PcapHeader, parse_pcap_frame, parse_pcap_frame_be,
    parse_pcap_frame_modified, parse_pcap_header,
};

use super::clock::Clock;
use super::error::Fault;
use super::link::LinkType;
use super::packet::Packet;
use super::window::{RECORD_BYTES_MAX, Window};

type ParseFrame = fn(&[u8]) -> IResult<&[u8], LegacyPcapBlock<'_>, PcapError<&[u8]>>;

/// How the packets of one pcap file are read.
pub(super) struct PcapFile {
    link: LinkType,
    clock: Clock,
    is_big_endian: bool,
    header_bytes: usize,
    parse: ParseFrame,
}

impl PcapFile {
    /// Whether a file that begins with these bytes is a pcap file of any byte order or precision.
    pub(super) fn is_magic(magic: [u8; 4]) -> bool {
        matches!(
            u32::from_le_bytes(magic),
            0xa1b2_c3d4 | 0xa1b2_3c4d | 0xa1b2_cd34 | 0xd4c3_b2a1 | 0x4d3c_b2a1
        )
    }

    /// Reads the file header.
    pub(super) fn open(window: &mut Window) -> Result<Self, Fault> {
        const HEADER_BYTES: usize = 24;
        if !window.fill(HEADER_BYTES)? {
            return Err(Fault::Truncated);
        }
        let Ok((_, header)) = parse_pcap_header(&window.available()[..HEADER_BYTES]) else {
            return Err(Fault::Corrupt("unreadable file header"));
        };
        window.consume(HEADER_BYTES);
        Ok(Self::from_header(&header))
    }

    /// Gives every packet to `each`.
    pub(super) fn run(
        &mut self,
        window: &mut Window,
        mut each: impl FnMut(&Packet<'_>),
    ) -> Result<(), Fault> {
        loop {
            if !window.fill(self.header_bytes)? {
                let is_whole = window.available().is_empty();
                return if is_whole { Ok(()) } else { Err(Fault::Truncated) };
            }
            let record_bytes = self.header_bytes + self.captured_bytes(window.available());
            if record_bytes > RECORD_BYTES_MAX {
                return Err(Fault::Corrupt("a record longer than 16 MiB"));
            }
            if !window.fill(record_bytes)? {
                return Err(Fault::Truncated);
            }
            let Ok((_, record)) = (self.parse)(&window.available()[..record_bytes]) else {
                return Err(Fault::Corrupt("an unreadable record"));
            };
            each(&Packet {
                link: self.link,
                at_ns: self.clock.split_at_ns(record.ts_sec, record.ts_usec),
                original_len: record.origlen,
                captured: record.data,
            });
            window.consume(record_bytes);
        }
    }

    fn from_header(header: &PcapHeader) -> Self {
        let is_nanoseconds = header.is_nanosecond_precision();
        let (header_bytes, parse): (usize, ParseFrame) = if header.is_modified_format() {
            (24, parse_pcap_frame_modified)
        } else if header.is_bigendian() {
            (16, parse_pcap_frame_be)
        } else {
            (16, parse_pcap_frame)
        };
        Self {
            // The upper bits say how long the frame check sequence is, which lengths inside the
            // packet make irrelevant.
            link: LinkType(header.network.0.cast_unsigned() & 0x03ff_ffff),
            clock: if is_nanoseconds { Clock::NANOSECONDS } else { Clock::MICROSECONDS },
            is_big_endian: header.is_bigendian(),
            header_bytes,
            parse,
        }
    }

    fn captured_bytes(&self, record: &[u8]) -> usize {
        let field = [record[8], record[9], record[10], record[11]];
        let length =
            if self.is_big_endian { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) };
        length as usize
    }
}
