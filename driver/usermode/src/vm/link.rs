//! Chooses a program of an object, collects the functions that it calls, resolves relocations.

use std::collections::BTreeMap;

use super::arena::Arena;
use super::code::Code;
use super::definition::definitions;
use super::error::LoadError;
use super::instruction::{Instruction, op};
use super::layout::{CALL_FRAMES_MAX, FIRST_FREE_WINDOW, WINDOW_BYTES};
use super::map::Map;
use super::object::{Object, Role, Symbol};
use super::select::{Function, select};
use super::state::{Global, map_handle};
use super::translate::{Reference, Source, Translation, translate};

/// Relocation types (`R_BPF_64_64`, `R_BPF_64_32`).
///
/// Source: docs.kernel.org/bpf/llvm_reloc.html (read 2026-11).
const RELOCATION_LDDW: u32 = 1;
const RELOCATION_CALL: u32 = 10;

/// A program ready for the VM.
pub(super) struct Image {
    /// Names of the functions by number; the first is the program.
    pub(super) names: Vec<String>,
    pub(super) translation: Translation,
    pub(super) maps: Vec<Map>,
    pub(super) globals: Vec<Global>,
    /// Most frames that calls can nest.
    pub(super) frames: usize,
}

/// Links the program that `section` selects.
///
/// # Errors
/// If there is no such program or something in it is not supported.
pub(super) fn link(object: &Object, section: Option<&str>) -> Result<Image, LoadError> {
    let entry = select(object, section)?;
    let mut linker = Linker::new(object)?;
    linker.number(entry);
    let mut next = 0;
    while let Some(function) = linker.functions.get(next).cloned() {
        linker.resolve(&function)?;
        next += 1;
    }
    let sources: Vec<_> = linker
        .functions
        .iter()
        .zip(&linker.references)
        .map(|(function, references)| Source {
            section: object.sections.get(&function.section).map_or("", |s| &s.name),
            first: function.first,
            code: linker.codes.get(&function.section).map_or(&[], |c| &c.slots[function.range()]),
            references,
        })
        .collect();
    let translation = translate(&sources)?;
    Ok(Image {
        translation,
        names: linker.functions.iter().map(|function| function.name.clone()).collect(),
        frames: depth(&linker.references),
        maps: linker.maps,
        globals: linker.globals.into_values().collect(),
    })
}

struct Linker<'a> {
    object: &'a Object,
    codes: BTreeMap<usize, Code>,
    functions: Vec<Function>,
    /// Function numbers by section and first slot.
    numbers: BTreeMap<(usize, usize), usize>,
    /// Resolved references of each function, by slot within it.
    references: Vec<BTreeMap<usize, Reference>>,
    maps: Vec<Map>,
    globals: BTreeMap<usize, Global>,
    next_window: u64,
}

impl<'a> Linker<'a> {
    fn new(object: &'a Object) -> Result<Self, LoadError> {
        let mut linker = Self {
            object,
            codes: BTreeMap::new(),
            functions: Vec::new(),
            numbers: BTreeMap::new(),
            references: Vec::new(),
            maps: Vec::new(),
            globals: BTreeMap::new(),
            next_window: FIRST_FREE_WINDOW,
        };
        for definition in definitions(object)? {
            let address = linker.take_window();
            linker.maps.push(Map::new(definition, address)?);
        }
        Ok(linker)
    }

    fn take_window(&mut self) -> u64 {
        self.next_window += 1;
        (self.next_window - 1) * WINDOW_BYTES
    }

    /// The number of a function, which it gets when it is first called.
    fn number(&mut self, function: Function) -> usize {
        let next = self.functions.len();
        let number = *self.numbers.entry((function.section, function.first)).or_insert(next);
        if number == next {
            self.functions.push(function);
        }
        number
    }

    /// Resolves what a function refers to; queues the functions that it calls.
    fn resolve(&mut self, function: &Function) -> Result<(), LoadError> {
        self.decode(function.section)?;
        let mut references = BTreeMap::new();
        let mut slot = function.first;
        while slot < function.end {
            let Some(code) = self.codes.get(&function.section) else { break };
            let Some(&instruction) = code.slots.get(slot) else { break };
            let relocation = code.relocations.get(&slot).copied();
            let slots = if instruction.opcode == op::LDDW { 2 } else { 1 };
            if slots == 2 && code.relocations.contains_key(&(slot + 1)) {
                return Err(self.refuse(function, slot, None, "it is inside an lddw"));
            }
            let reference = if code.core.contains(&slot) {
                Some(Reference::Refused("CO-RE relocations are not supported"))
            } else if let Some((kind, symbol)) = relocation {
                Some(self.relocated(function, slot, instruction, (kind, symbol))?)
            } else if instruction.opcode == op::CALL && instruction.src == 1 {
                let target = offset(slot, 1 + i64::from(instruction.imm));
                target.and_then(|target| self.function_at(function.section, target))
            } else {
                None
            };
            if let Some(reference) = reference {
                references.insert(slot - function.first, reference);
            }
            slot += slots;
        }
        self.references.push(references);
        Ok(())
    }

    fn relocated(
        &mut self,
        function: &Function,
        slot: usize,
        instruction: Instruction,
        (kind, symbol): (u32, Option<usize>),
    ) -> Result<Reference, LoadError> {
        let object = self.object;
        let symbol = symbol.and_then(|position| object.symbols.get(position));
        let fail = |linker: &Self, reason| Err(linker.refuse(function, slot, symbol, reason));
        let Some(symbol) = symbol else { return fail(self, "it has no symbol") };
        let Some(section) = symbol.section else {
            return fail(self, "the symbol is not defined in the object");
        };
        let role = object.sections.get(&section).map_or(Role::Other, |section| section.role);
        match (kind, role) {
            (RELOCATION_CALL, Role::Code) if instruction.opcode == op::CALL => {
                let first = symbol.value / 8;
                let target = usize::try_from(first).ok();
                let target = target.and_then(|s| offset(s, 1 + i64::from(instruction.imm)));
                let is_aligned = symbol.value.is_multiple_of(8);
                let target = target.filter(|_| is_aligned);
                match target.and_then(|target| self.function_at(section, target)) {
                    Some(reference) => Ok(reference),
                    None => fail(self, "no function begins there"),
                }
            }
            (RELOCATION_LDDW, Role::Maps | Role::LegacyMaps) => {
                match self.map_at(section, symbol, instruction) {
                    Some(handle) => Ok(Reference::Address(handle)),
                    None => fail(self, "no map begins there"),
                }
            }
            (RELOCATION_LDDW, Role::ReadOnlyData | Role::Data) => {
                match self.global_at(section, symbol, instruction)? {
                    Ok(address) => Ok(Reference::Address(address)),
                    Err(reason) => fail(self, reason),
                }
            }
            (RELOCATION_LDDW, Role::Code) => fail(self, "addresses of functions are unsupported"),
            _ => fail(self, "its type or the symbol's section is not supported"),
        }
    }

    fn function_at(&mut self, section: usize, slot: usize) -> Option<Reference> {
        self.decode(section).ok()?;
        let functions = &self.codes.get(&section)?.functions;
        let position = functions.binary_search_by_key(&slot, |function| function.first).ok()?;
        let function = functions.get(position)?.clone();
        Some(Reference::Function(self.number(function)))
    }

    fn map_at(&self, section: usize, symbol: &Symbol, instruction: Instruction) -> Option<u64> {
        let place = symbol.value.checked_add_signed(i64::from(instruction.imm))?;
        map_handle(self.maps.iter().position(|map| map.definition().place == (section, place))?)
    }

    /// The address of global data; the outer error is a refused allocation.
    fn global_at(
        &mut self,
        section: usize,
        symbol: &Symbol,
        instruction: Instruction,
    ) -> Result<Result<u64, &'static str>, LoadError> {
        let Some(source) = self.object.sections.get(&section) else {
            return Ok(Err("the symbol's section is missing"));
        };
        if !source.relocations.is_empty() {
            return Ok(Err("global data that contains addresses is not supported"));
        }
        let place = symbol.value.checked_add_signed(i64::from(instruction.imm));
        let Some(place) = place.filter(|&place| place <= source.memory_bytes) else {
            return Ok(Err("it leads out of the section"));
        };
        if !self.globals.contains_key(&section) {
            let bytes = usize::try_from(source.memory_bytes).unwrap_or(usize::MAX);
            let mut memory = Arena::zeroed(bytes)?;
            if let Some(start) = memory.as_mut_slice().get_mut(..source.bytes.len()) {
                start.copy_from_slice(&source.bytes);
            }
            let address = self.take_window();
            let is_read_only = source.role == Role::ReadOnlyData;
            self.globals.insert(section, Global { memory, address, is_read_only });
        }
        let start = self.globals.get(&section).map_or(0, |global| global.address);
        Ok(Ok(start + place))
    }

    fn decode(&mut self, section: usize) -> Result<(), LoadError> {
        if !self.codes.contains_key(&section) {
            self.codes.insert(section, Code::decode(self.object, section)?);
        }
        Ok(())
    }

    fn refuse(
        &self,
        function: &Function,
        slot: usize,
        symbol: Option<&Symbol>,
        reason: &'static str,
    ) -> LoadError {
        let section = self.object.sections.get(&function.section);
        LoadError::Relocation {
            section: section.map_or_else(String::new, |section| section.name.clone()),
            index: slot,
            symbol: symbol.map_or_else(String::new, |symbol| symbol.name.clone()),
            reason,
        }
    }
}

fn offset(slot: usize, distance: i64) -> Option<usize> {
    slot.checked_add_signed(isize::try_from(distance).ok()?)
}

/// Frames that the deepest chain of calls needs; the limit if functions call themselves.
fn depth(references: &[BTreeMap<usize, Reference>]) -> usize {
    let mut depths = vec![1_usize; references.len()];
    // After n rounds every chain of n calls is counted.
    for _ in 0..CALL_FRAMES_MAX {
        for (caller, references) in references.iter().enumerate().rev() {
            for reference in references.values() {
                if let &Reference::Function(callee) = reference {
                    depths[caller] = depths[caller].max(1 + depths[callee]).min(CALL_FRAMES_MAX);
                }
            }
        }
    }
    depths.first().copied().unwrap_or(1)
}
