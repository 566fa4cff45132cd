//! Small assemblers: instructions, objects, and BTF for map definitions.

use object::write::{Object, Relocation, SectionId, Symbol, SymbolId, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionFlags, SectionKind,
    SymbolFlags, SymbolKind, SymbolScope, elf,
};

use super::super::instruction::Instruction;

pub(super) const fn slot(opcode: u8, dst: u8, src: u8, offset: i16, imm: i32) -> Instruction {
    Instruction::new(opcode, dst, src, offset, imm)
}

pub(super) const fn mov(dst: u8, imm: i32) -> Instruction {
    slot(0xb7, dst, 0, 0, imm)
}

pub(super) const fn copy(dst: u8, src: u8) -> Instruction {
    slot(0xbf, dst, src, 0, 0)
}

pub(super) const fn add(dst: u8, imm: i32) -> Instruction {
    slot(0x07, dst, 0, 0, imm)
}

/// `dst = *(u64 *)(src + offset)`
pub(super) const fn load(dst: u8, src: u8, offset: i16) -> Instruction {
    slot(0x79, dst, src, offset, 0)
}

/// `*(u64 *)(dst + offset) = src`
pub(super) const fn store(dst: u8, src: u8, offset: i16) -> Instruction {
    slot(0x7b, dst, src, offset, 0)
}

pub(super) const fn call(helper: i32) -> Instruction {
    slot(0x85, 0, 0, 0, helper)
}

pub(super) const fn exit() -> Instruction {
    slot(0x95, 0, 0, 0, 0)
}

/// `dst = value`, in two slots.
pub(super) fn wide(dst: u8, value: u64) -> [Instruction; 2] {
    let low = (value & 0xffff_ffff) as u32;
    let high = (value >> 32) as u32;
    [slot(0x18, dst, 0, 0, low.cast_signed()), slot(0, 0, 0, 0, high.cast_signed())]
}

pub(super) fn bytes(code: &[Instruction]) -> Vec<u8> {
    code.iter().flat_map(|slot| slot.encode()).collect()
}

/// An ELF object under construction.
pub(super) struct Elf(pub(super) Object<'static>);

impl Elf {
    pub(super) fn new() -> Self {
        Self(Object::new(BinaryFormat::Elf, Architecture::Bpf, Endianness::Little))
    }

    /// A section; `is_code` makes it a program section.
    pub(super) fn section(&mut self, name: &str, is_code: bool, content: &[u8]) -> SectionId {
        let kind = if is_code { SectionKind::Text } else { SectionKind::Data };
        let id = self.0.add_section(Vec::new(), name.as_bytes().to_vec(), kind);
        if !is_code {
            let sh_flags = elf::SHF_ALLOC | elf::SHF_WRITE;
            let section = self.0.section_mut(id);
            section.flags = SectionFlags::Elf { sh_type: elf::SHT_PROGBITS, sh_flags };
        }
        self.0.append_section_data(id, content, 8);
        id
    }

    pub(super) fn function(&mut self, section: SectionId, name: &str, first: u64) -> SymbolId {
        self.symbol(SymbolSection::Section(section), name, first * 8, SymbolKind::Text)
    }

    pub(super) fn variable(&mut self, section: SectionId, name: &str, value: u64) -> SymbolId {
        self.symbol(SymbolSection::Section(section), name, value, SymbolKind::Data)
    }

    pub(super) fn symbol(
        &mut self,
        section: SymbolSection,
        name: &str,
        value: u64,
        kind: SymbolKind,
    ) -> SymbolId {
        self.0.add_symbol(Symbol {
            name: name.as_bytes().to_vec(),
            value,
            size: 8,
            kind,
            scope: SymbolScope::Dynamic,
            weak: false,
            section,
            flags: SymbolFlags::None,
        })
    }

    /// Relocates a slot: type 1 for `lddw`, 10 for `call`.
    pub(super) fn relocate(&mut self, section: SectionId, slot: u64, symbol: SymbolId, kind: u32) {
        let flags = RelocationFlags::Elf { r_type: elf::RelocationType(kind) };
        let relocation = Relocation { offset: slot * 8, symbol, addend: 0, flags };
        self.0.add_relocation(section, relocation).expect("a relocation");
    }

    pub(super) fn finish(&self) -> Vec<u8> {
        self.0.write().expect("an object")
    }
}

/// BTF of map variables: name and `__uint` fields.
pub(super) fn btf(maps: &[(&str, &[(&str, u32)])]) -> Vec<u8> {
    let mut strings = vec![0_u8];
    let mut intern = |text: &str| {
        let at = u32::try_from(strings.len()).expect("few strings");
        strings.extend(text.bytes().chain([0]));
        at
    };
    // Type 1 is int; each field takes an array and a pointer to it.
    let mut types = vec![intern("int"), 1 << 24, 4, 32];
    let mut count = 1;
    for (name, fields) in maps {
        let mut members = Vec::new();
        for (field, number) in *fields {
            types.extend([0, 3 << 24, 0, 1, 1, *number]);
            types.extend([0, 2 << 24, count + 1]);
            count += 2;
            members.extend([intern(field), count, 0]);
        }
        types.extend([0, (4 << 24) | u32::try_from(fields.len()).expect("few fields"), 8]);
        types.extend(members);
        types.extend([intern(name), 14 << 24, count + 1, 1]);
        count += 2;
    }
    let length = |bytes: usize| u32::try_from(bytes).expect("a small section");
    let types: Vec<u8> = types.into_iter().flat_map(u32::to_le_bytes).collect();
    let mut out = vec![0x9f, 0xeb, 1, 0];
    let header = [24, 0, length(types.len()), length(types.len()), length(strings.len())];
    out.extend(header.into_iter().flat_map(u32::to_le_bytes));
    out.extend(types);
    out.extend(strings);
    out
}
