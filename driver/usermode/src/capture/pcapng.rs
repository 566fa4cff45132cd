//! pcapng files: sections of either byte order, each with its own interfaces.
//!
//! Blocks are framed here and those that matter are given to `pcap-parser` whole, so that a block
//! that promises more than it holds is corrupt rather than "incomplete".
//! All other blocks are skipped unread.

use pcap_parser::{
    EnhancedPacketBlock, InterfaceDescriptionBlock, OptionCode, SimplePacketBlock,
    parse_enhancedpacketblock_be, parse_enhancedpacketblock_le, parse_interfacedescriptionblock_be,
    parse_interfacedescriptionblock_le, parse_simplepacketblock_be, parse_simplepacketblock_le,
};

use super::clock::Clock;
use super::error::Fault;
use super::link::LinkType;
use super::packet::Packet;
use super::window::{RECORD_BYTES_MAX, Window};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
/// The obsolete Packet Block of draft-tuexen-opsawg-pcapng, appendix A.
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Type, length, byte-order magic: what can be read before the byte order is known.
const BLOCK_START_BYTES: usize = 12;

/// Interfaces of one section; more of them are a damaged or hostile file, since each takes memory.
const INTERFACES_MAX: usize = 65_536;

const UNKNOWN_INTERFACE: Fault = Fault::Corrupt("a packet of an interface without description");

/// The current section of a pcapng file.
#[derive(Default)]
pub(super) struct PcapngFile {
    is_big_endian: bool,
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy)]
struct Interface {
    link: LinkType,
    clock: Clock,
    /// 0 is no limit.
    snap_bytes: u32,
}

impl PcapngFile {
    /// Whether a file that begins with these bytes is a pcapng file.
    pub(super) fn is_magic(magic: [u8; 4]) -> bool {
        u32::from_le_bytes(magic) == SECTION_HEADER
    }

    /// Gives every packet to `each`.
    pub(super) fn run(
        &mut self,
        window: &mut Window,
        mut each: impl FnMut(&Packet<'_>),
    ) -> Result<(), Fault> {
        loop {
            if !window.fill(BLOCK_START_BYTES)? {
                let is_whole = window.available().is_empty();
                return if is_whole { Ok(()) } else { Err(Fault::Truncated) };
            }
            let block_bytes = self.start_block(window.available())?;
            if !window.fill(block_bytes)? {
                return Err(Fault::Truncated);
            }
            let block = &window.available()[..block_bytes];
            if self.word(block, block_bytes - 4) as usize != block_bytes {
                return Err(Fault::Corrupt("a block whose two lengths differ"));
            }
            match self.word(block, 0) {
                INTERFACE_DESCRIPTION => self.add_interface(block)?,
                ENHANCED_PACKET => each(&self.enhanced_packet(block)?),
                SIMPLE_PACKET => each(&self.simple_packet(block)?),
                PACKET => each(&self.obsolete_packet(block)?),
                _ => {}
            }
            window.consume(block_bytes);
        }
    }

    /// Begins a new section if the block does; returns the block's length, checked.
    fn start_block(&mut self, block: &[u8]) -> Result<usize, Fault> {
        if self.word(block, 0) == SECTION_HEADER {
            self.is_big_endian = match block[8..12] {
                [0x4d, 0x3c, 0x2b, 0x1a] => false,
                [0x1a, 0x2b, 0x3c, 0x4d] => true,
                _ => return Err(Fault::Corrupt("a section without byte-order magic")),
            };
            self.interfaces.clear();
        }
        let block_bytes = self.word(block, 4) as usize;
        if block_bytes < BLOCK_START_BYTES || !block_bytes.is_multiple_of(4) {
            return Err(Fault::Corrupt("an impossible block length"));
        }
        if block_bytes > RECORD_BYTES_MAX {
            return Err(Fault::Corrupt("a block longer than 16 MiB"));
        }
        Ok(block_bytes)
    }

    fn add_interface(&mut self, block: &[u8]) -> Result<(), Fault> {
        let parse = if self.is_big_endian {
            parse_interfacedescriptionblock_be
        } else {
            parse_interfacedescriptionblock_le
        };
        let Ok((_, description)) = parse(block) else {
            return Err(Fault::Corrupt("an unreadable interface description"));
        };
        if self.interfaces.len() == INTERFACES_MAX {
            return Err(Fault::Corrupt("more than 65536 interfaces"));
        }
        self.interfaces.push(Interface {
            link: LinkType(description.linktype.0.cast_unsigned()),
            clock: Clock::new(description.if_tsresol, self.offset_s(&description)),
            snap_bytes: description.snaplen,
        });
        Ok(())
    }

    fn enhanced_packet<'a>(&self, block: &'a [u8]) -> Result<Packet<'a>, Fault> {
        let parse = if self.is_big_endian {
            parse_enhancedpacketblock_be
        } else {
            parse_enhancedpacketblock_le
        };
        let Ok((_, EnhancedPacketBlock { if_id, ts_high, ts_low, caplen, origlen, data, .. })) =
            parse(block)
        else {
            return Err(Fault::Corrupt("an unreadable packet block"));
        };
        let interface = self.interfaces.get(if_id as usize).ok_or(UNKNOWN_INTERFACE)?;
        Ok(Packet {
            link: interface.link,
            at_ns: interface.clock.at_ns(u64::from(ts_high) << 32 | u64::from(ts_low)),
            original_len: origlen,
            captured: cut(data, caplen),
        })
    }

    /// Simple packets have no time; 0 stands for it.
    fn simple_packet<'a>(&self, block: &'a [u8]) -> Result<Packet<'a>, Fault> {
        let parse = if self.is_big_endian {
            parse_simplepacketblock_be
        } else {
            parse_simplepacketblock_le
        };
        let Ok((_, SimplePacketBlock { origlen, data, .. })) = parse(block) else {
            return Err(Fault::Corrupt("an unreadable packet block"));
        };
        let interface = self.interfaces.first().ok_or(UNKNOWN_INTERFACE)?;
        let captured_bytes = match interface.snap_bytes {
            0 => origlen,
            limit => origlen.min(limit),
        };
        let captured = cut(data, captured_bytes);
        Ok(Packet { link: interface.link, at_ns: 0, original_len: origlen, captured })
    }

    /// `pcap-parser` does not know this block.
    fn obsolete_packet<'a>(&self, block: &'a [u8]) -> Result<Packet<'a>, Fault> {
        const DATA: usize = 28;
        let Some(data) = block.get(DATA..block.len() - 4) else {
            return Err(Fault::Corrupt("an unreadable packet block"));
        };
        let index = if self.is_big_endian {
            u16::from_be_bytes([block[8], block[9]])
        } else {
            u16::from_le_bytes([block[8], block[9]])
        };
        let interface = self.interfaces.get(usize::from(index)).ok_or(UNKNOWN_INTERFACE)?;
        let ticks = u64::from(self.word(block, 12)) << 32 | u64::from(self.word(block, 16));
        Ok(Packet {
            link: interface.link,
            at_ns: interface.clock.at_ns(ticks),
            original_len: self.word(block, 24),
            captured: cut(data, self.word(block, 20)),
        })
    }

    fn offset_s(&self, description: &InterfaceDescriptionBlock<'_>) -> i64 {
        let option = description.options.iter().find(|o| o.code == OptionCode::IfTsoffset);
        let value = option.and_then(|o| o.value.first_chunk::<8>());
        match value {
            None => 0,
            Some(bytes) if self.is_big_endian => i64::from_be_bytes(*bytes),
            Some(bytes) => i64::from_le_bytes(*bytes),
        }
    }

    #[inline]
    fn word(&self, block: &[u8], at: usize) -> u32 {
        let bytes = [block[at], block[at + 1], block[at + 2], block[at + 3]];
        if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Packet data without the padding behind it.
fn cut(data: &[u8], captured_bytes: u32) -> &[u8] {
    data.get(..captured_bytes as usize).unwrap_or(data)
}
