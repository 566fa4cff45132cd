//! Reads an ELF object of eBPF code into owned parts; total over arbitrary bytes.

use std::collections::BTreeMap;

use object::read::elf::{ElfFile64, ElfSection64, FileHeader as _};
use object::{
    LittleEndian, Object as _, ObjectSection as _, ObjectSymbol as _, RelocationFlags,
    RelocationTarget, SectionFlags, SectionIndex, SectionKind, SymbolKind, elf,
};

use super::error::LoadError;
use super::instruction::{INSTRUCTION_BYTES, Instruction};

/// Largest object: Linux's largest program (1 million instructions) twice over.
const OBJECT_BYTES_MAX: usize = 16 << 20;

/// Most sections, symbols and relocations, so that overlapping tables cannot multiply memory;
/// thousands of times what a real object has.
const SECTIONS_MAX: usize = 4096;
const SYMBOLS_MAX: usize = 1 << 16;
const RELOCATIONS_MAX: usize = 1 << 18;

/// Longest name of a section or symbol.
const NAME_BYTES_MAX: usize = 512;

/// Largest section of global data (`.bss` has a size without bytes in the file).
const GLOBAL_BYTES_MAX: u64 = 64 << 20;

/// An ELF object with eBPF programs, parsed and owned.
#[derive(Debug, Clone)]
pub struct Object {
    pub(super) sections: BTreeMap<usize, Section>,
    pub(super) symbols: Vec<Symbol>,
}

/// What a section is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Code,
    ReadOnlyData,
    Data,
    Maps,
    LegacyMaps,
    Btf,
    BtfExtension,
    Other,
}

/// A section; only roles that the loader uses keep bytes and relocations.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) bytes: Vec<u8>,
    /// Size in memory, larger than `bytes` for `.bss`.
    pub(super) memory_bytes: u64,
    /// Offset, ELF type and symbol (an index into [`Object::symbols`]).
    pub(super) relocations: Vec<(u64, u32, Option<usize>)>,
}

/// A symbol.
#[derive(Debug, Clone)]
pub(super) struct Symbol {
    pub(super) name: String,
    pub(super) section: Option<usize>,
    pub(super) value: u64,
    pub(super) is_function: bool,
    pub(super) is_object: bool,
}

impl Object {
    /// Parses an object.
    ///
    /// # Errors
    /// If the bytes are not a relocatable 64-bit little-endian eBPF ELF file, or exceed a bound.
    pub fn parse(bytes: &[u8]) -> Result<Self, LoadError> {
        if bytes.len() > OBJECT_BYTES_MAX {
            return Err(LoadError::TooLarge { limit: OBJECT_BYTES_MAX });
        }
        let file = ElfFile64::<LittleEndian>::parse(bytes).map_err(not_an_object)?;
        let header = file.elf_header();
        if header.e_machine(LittleEndian) != elf::EM_BPF {
            return Err(LoadError::NotAnObject("it is not for the bpf target".to_owned()));
        }
        if header.e_type(LittleEndian) != elf::ET_REL {
            return Err(LoadError::NotAnObject("it is not a relocatable object".to_owned()));
        }
        let mut symbols = Vec::new();
        for symbol in file.symbols() {
            symbols.push(Symbol {
                name: name(symbol.name())?,
                section: symbol.section_index().map(|index| index.0),
                value: symbol.address(),
                is_function: symbol.kind() == SymbolKind::Text,
                is_object: matches!(symbol.kind(), SymbolKind::Data | SymbolKind::Unknown),
            });
            if symbols.len() > SYMBOLS_MAX {
                return Err(LoadError::TooLarge { limit: SYMBOLS_MAX });
            }
        }
        let mut reader = Reader { bytes_left: bytes.len(), relocations_left: RELOCATIONS_MAX };
        let mut sections = BTreeMap::new();
        for section in file.sections() {
            if sections.len() >= SECTIONS_MAX {
                return Err(LoadError::TooLarge { limit: SECTIONS_MAX });
            }
            let SectionIndex(index) = section.index();
            sections.insert(index, reader.section(&section, symbols.len())?);
        }
        Ok(Self { sections, symbols })
    }

    /// Names of the sections that hold programs, in file order; `.text` holds only their
    /// subprograms.
    pub fn section_names(&self) -> impl Iterator<Item = &str> {
        self.programs().map(|(_, section)| section.name.as_str())
    }

    pub(super) fn programs(&self) -> impl Iterator<Item = (usize, &Section)> {
        self.sections
            .iter()
            .map(|(&index, section)| (index, section))
            .filter(|(_, s)| s.role == Role::Code && s.name != ".text" && !s.bytes.is_empty())
    }

    /// The instructions of a code section.
    pub(super) fn code(&self, section: usize) -> Result<Vec<Instruction>, LoadError> {
        let bytes = self.sections.get(&section).map_or(&[][..], |section| &section.bytes);
        let (slots, rest) = bytes.as_chunks::<INSTRUCTION_BYTES>();
        if !rest.is_empty() {
            return Err(LoadError::Malformed("the length of a program section"));
        }
        Ok(slots.iter().map(|&slot| Instruction::decode(slot)).collect())
    }
}

/// Reads sections within the bounds that hold for all of them together.
struct Reader {
    bytes_left: usize,
    relocations_left: usize,
}

impl Reader {
    fn section(
        &mut self,
        section: &ElfSection64<'_, '_, LittleEndian>,
        symbols: usize,
    ) -> Result<Section, LoadError> {
        let name = name(section.name())?;
        let role = role(&name, section);
        let mut out = Section {
            role,
            name,
            bytes: Vec::new(),
            memory_bytes: section.size(),
            relocations: Vec::new(),
        };
        if role == Role::Other {
            return Ok(out);
        }
        let bytes = section.data().map_err(not_an_object)?;
        // Sections that share bytes of the file are copied once each: no more than the file has.
        self.bytes_left = self
            .bytes_left
            .checked_sub(bytes.len())
            .ok_or(LoadError::Malformed("the section table"))?;
        bytes.clone_into(&mut out.bytes);
        let is_data = matches!(role, Role::ReadOnlyData | Role::Data);
        if is_data && out.memory_bytes > GLOBAL_BYTES_MAX {
            return Err(LoadError::TooLarge { limit: 64 << 20 });
        }
        for (offset, relocation) in section.relocations() {
            self.relocations_left = self
                .relocations_left
                .checked_sub(1)
                .ok_or(LoadError::TooLarge { limit: RELOCATIONS_MAX })?;
            // The eBPF ABI keeps addends in the instructions.
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                return Err(LoadError::Malformed("a relocation"));
            };
            if !relocation.has_implicit_addend() {
                return Err(LoadError::Malformed("a relocation's addend"));
            }
            let symbol = if let RelocationTarget::Symbol(index) = relocation.target() {
                symbol_position(index.0, symbols)
            } else {
                None
            };
            out.relocations.push((offset, r_type.0, symbol));
        }
        Ok(out)
    }
}

/// Position in [`Object::symbols`], which lacks the table's empty first entry.
fn symbol_position(index: usize, symbols: usize) -> Option<usize> {
    index.checked_sub(1).filter(|&position| position < symbols)
}

fn role(name: &str, section: &ElfSection64<'_, '_, LittleEndian>) -> Role {
    let is_code = matches!(
        section.flags(),
        SectionFlags::Elf { sh_flags, .. } if sh_flags.contains(elf::SHF_EXECINSTR)
    );
    let is_bare = |prefix: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    match name {
        ".maps" => Role::Maps,
        "maps" => Role::LegacyMaps,
        ".BTF" => Role::Btf,
        ".BTF.ext" => Role::BtfExtension,
        _ if is_code && section.kind() == SectionKind::Text => Role::Code,
        _ if is_bare(".rodata") => Role::ReadOnlyData,
        _ if is_bare(".data") || is_bare(".bss") => Role::Data,
        _ => Role::Other,
    }
}

fn name(name: object::Result<&str>) -> Result<String, LoadError> {
    let name = name.map_err(not_an_object)?;
    if name.len() > NAME_BYTES_MAX {
        return Err(LoadError::TooLarge { limit: NAME_BYTES_MAX });
    }
    Ok(name.to_owned())
}

fn not_an_object(error: object::Error) -> LoadError {
    LoadError::NotAnObject(error.to_string())
}
