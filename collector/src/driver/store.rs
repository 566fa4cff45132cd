//! What has to be in the eBPF store: the registry keys from which loaders and the verifier of eBPF
//! for Windows learn of the program type, before any driver is asked.
//!
//! Every number comes from `weir_abi`, as those that the driver states do.
//! `registration` brings a machine's registry to this, [`super::reg_file`] prints it.
//!
//! Helpers stand in the store where only one program type has them. Weir's has none, and the
//! general helper that its driver answers by itself is in the platform's own `GlobalHelpers`.
//!
//! Source: microsoft/ebpf-for-windows, libs/store_helper/`ebpf_store_helper.c`,
//! libs/api_common/`store_helper_internal.cpp`, include/`ebpf_windows.h` (read 2026-11)

use std::collections::BTreeMap;
use weir_abi::identifiers::{ATTACH_TYPE, PROGRAM_TYPE, SECTION_PREFIX};
use weir_abi::program_type as abi;

/// `EBPF_ROOT_RELATIVE_PATH` and the key that readers open, below each hive.
pub(crate) const PROVIDERS: &str = r"Software\eBPF\Providers";

// A helper of the type's own needs a key `Helpers\NAME` with its prototype.
const _: () = assert!(abi::SPECIFIC_HELPERS == 0);

/// Half of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hive {
    /// For the user who runs the command. Readers look here first, and where the user has the key
    /// [`PROVIDERS`] they look nowhere else.
    #[cfg(any(windows, test))]
    CurrentUser,
    /// For everybody, the services of eBPF for Windows too.
    LocalMachine,
}

impl Hive {
    /// In the order in which eBPF for Windows reads them.
    #[cfg(any(windows, test))]
    pub(crate) const ALL: [Self; 2] = [Self::CurrentUser, Self::LocalMachine];

    /// The name in files and messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            #[cfg(any(windows, test))]
            Self::CurrentUser => "HKEY_CURRENT_USER",
            Self::LocalMachine => "HKEY_LOCAL_MACHINE",
        }
    }
}

/// The data of a registry value, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// `REG_…`.
    pub(crate) kind: u32,
    pub(crate) bytes: Vec<u8>,
}

/// `REG_SZ`.
pub(crate) const REG_SZ: u32 = 1;
/// `REG_BINARY`.
pub(crate) const REG_BINARY: u32 = 3;
/// `REG_DWORD`.
pub(crate) const REG_DWORD: u32 = 4;

impl Value {
    fn dword(number: u32) -> Self {
        Self { kind: REG_DWORD, bytes: number.to_le_bytes().to_vec() }
    }

    /// Sizes and versions, all small.
    fn size(number: usize) -> Self {
        Self::dword(u32::try_from(number).unwrap_or(u32::MAX))
    }

    pub(crate) fn text(text: &str) -> Self {
        let units = text.encode_utf16().chain([0]);
        Self { kind: REG_SZ, bytes: units.flat_map(u16::to_le_bytes).collect() }
    }

    fn binary(bytes: &[u8]) -> Self {
        Self { kind: REG_BINARY, bytes: bytes.to_vec() }
    }

    /// The text of a string value, of any of the kinds that hold one.
    pub(crate) fn to_text(&self) -> String {
        let units = self.bytes.chunks_exact(2).map(|it| u16::from_le_bytes([it[0], it[1]]));
        let units: Vec<u16> = units.take_while(|it| *it != 0).collect();
        String::from_utf16_lossy(&units)
    }
}

/// A registry key with all that is below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) children: BTreeMap<String, Self>,
}

impl Tree {
    fn of<const N: usize>(values: [(&str, Value); N]) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { values, children: BTreeMap::new() }
    }
}

/// Where Weir's program type is described.
pub(crate) fn program_path() -> String {
    format!(r"{PROVIDERS}\ProgramData\{PROGRAM_TYPE}")
}

/// Where it is said which ELF sections hold programs of the type.
pub(crate) fn section_path() -> String {
    format!(r"{PROVIDERS}\SectionData\{SECTION_PREFIX}")
}

/// The two keys that are Weir's, with everything in them.
pub(crate) fn entries() -> [(String, Tree); 2] {
    [(program_path(), program()), (section_path(), section())]
}

fn program() -> Tree {
    let context: Vec<u8> = abi::CONTEXT_DESCRIPTOR.into_iter().flat_map(i32::to_le_bytes).collect();
    let descriptor = Tree::of([
        ("Version", Value::dword(u32::from(abi::STRUCTURE_VERSION))),
        ("Size", Value::size(abi::TYPE_DESCRIPTOR_BYTES)),
        ("Name", Value::text(&abi::NAME.to_string_lossy())),
        ("ContextDescriptor", Value::binary(&context)),
        ("BpfProgType", Value::dword(abi::BPF_PROGRAM_TYPE)),
        ("IsPrivileged", Value::dword(u32::from(abi::IS_PRIVILEGED))),
    ]);
    let mut program = Tree::of([
        ("Version", Value::dword(u32::from(abi::STRUCTURE_VERSION))),
        ("Size", Value::size(abi::PROGRAM_INFO_BYTES)),
        ("HelperCount", Value::dword(abi::SPECIFIC_HELPERS)),
    ]);
    program.children.insert("TypeDescriptor".to_owned(), descriptor);
    program
}

fn section() -> Tree {
    Tree::of([
        ("Version", Value::dword(u32::from(abi::STRUCTURE_VERSION))),
        ("Size", Value::size(abi::SECTION_INFO_BYTES)),
        ("ProgramType", Value::binary(&PROGRAM_TYPE.0)),
        ("AttachType", Value::binary(&ATTACH_TYPE.0)),
        ("BpfProgType", Value::dword(abi::BPF_PROGRAM_TYPE)),
        ("BpfAttachType", Value::dword(abi::BPF_ATTACH_TYPE)),
    ])
}
