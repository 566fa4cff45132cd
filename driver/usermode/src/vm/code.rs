//! A code section, decoded: its slots, its functions and what has to be relocated in it.

use std::collections::{BTreeMap, BTreeSet};

use super::btf;
use super::error::LoadError;
use super::instruction::{INSTRUCTION_BYTES, Instruction};
use super::object::{Object, Role};
use super::select::{Function, functions};

/// A code section, decoded.
pub(super) struct Code {
    pub(super) slots: Vec<Instruction>,
    /// In ascending order.
    pub(super) functions: Vec<Function>,
    /// Relocation type and symbol by slot.
    pub(super) relocations: BTreeMap<usize, (u32, Option<usize>)>,
    /// Slots whose constants a CO-RE loader would have to change.
    pub(super) core: BTreeSet<usize>,
}

impl Code {
    pub(super) fn decode(object: &Object, index: usize) -> Result<Self, LoadError> {
        let section =
            object.sections.get(&index).ok_or(LoadError::Malformed("a symbol's section"))?;
        let slots = object.code(index)?;
        let mut relocations = BTreeMap::new();
        for &(offset, kind, symbol) in &section.relocations {
            let offset = usize::try_from(offset).ok().filter(|o| o % INSTRUCTION_BYTES == 0);
            let offset = offset.ok_or(LoadError::Malformed("a relocation's offset"))?;
            if relocations.insert(offset / INSTRUCTION_BYTES, (kind, symbol)).is_some() {
                return Err(LoadError::Malformed("a relocation, given twice,"));
            }
        }
        let core = core_slots(object, &section.name)?;
        let functions = functions(object, index, slots.len());
        Ok(Self { slots, functions, relocations, core })
    }
}

fn core_slots(object: &Object, section: &str) -> Result<BTreeSet<usize>, LoadError> {
    let of = |role| object.sections.values().find(|section| section.role == role);
    let Some(extension) = of(Role::BtfExtension) else { return Ok(BTreeSet::new()) };
    let types = of(Role::Btf).map_or(&[][..], |section| &section.bytes);
    btf::core_relocations(&extension.bytes, types, section)
        .ok_or(LoadError::Malformed("the section .BTF.ext"))
}
