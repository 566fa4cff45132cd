//! Runs the binary; makes captures.

use core::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use weir_usermode::capture::LinkType;
use weir_usermode::capture::synthetic::{Conversation, Framing, PcapFile, TcpPacket};

/// What a run of `weir` came to.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Standard output of a run that must have succeeded.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        assert_eq!(self.err, "");
        self.out
    }

    /// The flow lines of a run that must have succeeded.
    pub(crate) fn flows(self) -> Vec<serde_json::Value> {
        self.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub(crate) fn weir<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_weir")).args(arguments).output().unwrap();
    Run {
        code: output.status.code().expect("ended by itself"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Path of a sample program's object.
pub(crate) fn object(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../driver/programs/obj");
    folder.join(format!("{name}.o")).display().to_string()
}

/// A folder of its own for the captures of a test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// Writes an Ethernet capture of these packets.
    pub(crate) fn capture(&self, name: &str, packets: &[TcpPacket]) -> String {
        self.write(name, &pcap(packets))
    }
}

pub(crate) fn pcap(packets: &[TcpPacket]) -> Vec<u8> {
    PcapFile::new(LinkType::ETHERNET).packets(&Framing::ethernet(), packets).into_bytes()
}

/// The client's end of the conversation number `number`.
pub(crate) fn client(number: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], 40_000 + number))
}

pub(crate) fn server(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

/// A whole conversation in which the client says `parts`, one segment each.
pub(crate) fn says(number: u16, port: u16, parts: &[&[u8]]) -> Vec<TcpPacket> {
    let mut talk = Conversation::between(client(number), server(port));
    talk.handshake();
    for part in parts {
        talk.client(part);
    }
    talk.server(b"an answer");
    talk.close();
    talk.packets().to_vec()
}

/// An ELF object with one program made of these instructions.
pub(crate) fn object_of(name: &str, code: &[u8]) -> Vec<u8> {
    use object::write::{Object, Symbol, SymbolSection};
    use object::{Architecture, BinaryFormat, Endianness, SectionKind};
    use object::{SymbolFlags, SymbolKind, SymbolScope};
    let mut elf = Object::new(BinaryFormat::Elf, Architecture::Bpf, Endianness::Little);
    let section = elf.add_section(Vec::new(), b"flow_classify".to_vec(), SectionKind::Text);
    elf.append_section_data(section, code, 8);
    elf.add_symbol(Symbol {
        name: name.as_bytes().to_vec(),
        value: 0,
        size: u64::try_from(code.len()).unwrap(),
        kind: SymbolKind::Text,
        scope: SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Section(section),
        flags: SymbolFlags::None,
    });
    elf.write().unwrap()
}
