//! A capture file of either format, read once from front to back.

use core::fmt;
use std::io::Read;

use super::error::{CaptureError, Fault};
use super::event::StreamEvent;
use super::packet::Packet;
use super::pcap::PcapFile;
use super::pcapng::PcapngFile;
use super::streams::Streams;
use super::window::Window;

/// A capture whose format is known and whose packets have not been read.
///
/// Memory: one read buffer of 256 KiB, or the largest record, at most 16 MiB.
pub struct Capture {
    window: Window,
    format: Format,
}

enum Format {
    Pcap(PcapFile),
    Pcapng(PcapngFile),
}

impl Capture {
    /// Recognises the format by its first bytes: pcap with microseconds or nanoseconds in either
    /// byte order, or pcapng.
    ///
    /// # Errors
    /// The source is empty, holds something else, ends inside the file header or fails.
    pub fn open(reader: Box<dyn Read + Send>) -> Result<Self, CaptureError> {
        let mut window = Window::new(reader);
        window.fill(4).map_err(|error| Fault::Io(error).at(0, 0))?;
        let Some(magic) = window.available().first_chunk::<4>().copied() else {
            return Err(not_a_capture(window.available()));
        };
        let format = if PcapFile::is_magic(magic) {
            Format::Pcap(PcapFile::open(&mut window).map_err(|fault| fault.at(0, 0))?)
        } else if PcapngFile::is_magic(magic) {
            Format::Pcapng(PcapngFile::default())
        } else {
            return Err(not_a_capture(window.available()));
        };
        Ok(Self { window, format })
    }

    /// Gives all packets to `streams`, whose events go to `sink` in capture order.
    ///
    /// Does not end the flows that are still open: call [`Streams::finish`] afterwards, whether
    /// this succeeded or not.
    ///
    /// # Errors
    /// The file is cut off or corrupt, or cannot be read; the packets before that have been
    /// delivered, and the error says how many and where it stopped.
    pub fn run(
        mut self,
        streams: &mut Streams,
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) -> Result<(), CaptureError> {
        let mut packets = 0;
        let each = |packet: &Packet<'_>| {
            packets += 1;
            streams.accept(packet, sink);
        };
        let result = match &mut self.format {
            Format::Pcap(file) => file.run(&mut self.window, each),
            Format::Pcapng(file) => file.run(&mut self.window, each),
        };
        result.map_err(|fault| fault.at(self.window.offset(), packets))
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = match self.format {
            Format::Pcap(_) => "pcap",
            Format::Pcapng(_) => "pcapng",
        };
        f.debug_struct("Capture").field("format", &format).finish_non_exhaustive()
    }
}

/// First bytes, what they are, what to do about it.
const LOOKALIKES: [(&[u8], &str, &str); 9] = [
    (b"\x1f\x8b", "gzip data", "decompress it first: `gzip -dc FILE`"),
    (b"\x28\xb5\x2f\xfd", "zstd data", "decompress it first: `zstd -dc FILE`"),
    (b"\xfd7zXZ", "xz data", "decompress it first: `xz -dc FILE`"),
    (b"BZh", "bzip2 data", "decompress it first: `bzip2 -dc FILE`"),
    (b"\x04\x22\x4d\x18", "lz4 data", "decompress it first: `lz4 -dc FILE`"),
    (b"PK\x03\x04", "a zip archive", "unpack it first and give the capture inside"),
    (b"snoop\0\0\0", "a snoop capture", "convert it first: `editcap -F pcap FILE OUT.pcap`"),
    (b"GMBU", "a Network Monitor capture", "convert it first: `editcap -F pcap FILE OUT.pcap`"),
    (b"<", "markup", "check the download: this looks like a web page"),
];

fn not_a_capture(start: &[u8]) -> CaptureError {
    if start.is_empty() {
        return CaptureError::Empty;
    }
    for (magic, found, hint) in LOOKALIKES {
        if start.starts_with(magic) {
            return CaptureError::NotACapture { found: found.to_owned(), hint };
        }
    }
    let shown = &start[..start.len().min(4)];
    CaptureError::NotACapture {
        found: format!("data that begins with the bytes {shown:02x?}"),
        hint: "give a .pcap or .pcapng file; packets in a Windows .etl need `etl2pcapng IN OUT`, and \
               a trace of weir's own events has to be a whole file, not a pipe",
    }
}
