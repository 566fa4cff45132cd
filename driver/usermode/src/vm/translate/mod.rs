//! Translates standard eBPF (RFC 9669) into the dialect that the VM library executes.
//!
//! solana-sbpf V4 decodes the same slots, but it sign-extends 32-bit sums, faults where the
//! standard defines a quotient, and lacks what came after mcpu v2. So only a whitelist passes:
//! each instruction is copied where both agree, expanded into an equivalent sequence where they
//! do not ([`arithmetic`], [`memory`], [`control`]), and refused otherwise. Jumps are recomputed
//! at the end. Every sequence leaves the registers as the standard says; what it needs besides it
//! spills below the function's own stack, where the program cannot reach.

mod arithmetic;
mod control;
mod memory;

use std::collections::BTreeMap;

use super::error::LoadError;
use super::instruction::{Instruction, R10, class, op};
use super::layout::SPILL;

/// Most slots of a translated program: a bound on memory, four times the largest program that
/// the VM library's own loader admits.
const SLOTS_MAX: usize = 1 << 18;

/// What a relocated instruction refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// Address of global data, or handle of a map.
    Address(u64),
    /// Function number, an index into the list given to [`translate`].
    Function(usize),
    /// Nothing that the loader can resolve.
    Refused(&'static str),
}

/// A function to translate.
pub(super) struct Source<'a> {
    /// Section that holds it, for messages.
    pub(super) section: &'a str,
    /// Index of its first slot in that section, for messages.
    pub(super) first: usize,
    /// Its slots.
    pub(super) code: &'a [Instruction],
    /// References by slot index within `code`.
    pub(super) references: &'a BTreeMap<usize, Reference>,
}

/// The program as the VM library runs it; function 0 comes first and is the entry point.
pub(super) struct Translation {
    pub(super) code: Vec<Instruction>,
    /// For each output slot: function number and slot index within that function.
    pub(super) origins: Vec<(usize, usize)>,
}

/// Translates all functions and links the calls between them.
///
/// # Errors
/// Names the first instruction that is not executed exactly as RFC 9669 says.
pub(super) fn translate(functions: &[Source<'_>]) -> Result<Translation, LoadError> {
    let mut out = Translation { code: Vec::new(), origins: Vec::new() };
    let mut starts = Vec::with_capacity(functions.len());
    let mut calls = Vec::new();
    for (number, source) in functions.iter().enumerate() {
        starts.push(out.code.len());
        let mut translator = Translator {
            source,
            number,
            at: 0,
            out: &mut out,
            starts: vec![None; source.code.len()],
            jumps: Vec::new(),
            calls: &mut calls,
        };
        translator.run()?;
    }
    for (slot, callee) in calls {
        let start = starts.get(callee).copied().ok_or(LoadError::Malformed("a call's target"))?;
        let distance = i64::try_from(start).ok().zip(i64::try_from(slot + 1).ok());
        let imm = distance.and_then(|(to, from)| i32::try_from(to - from).ok());
        let imm = imm.ok_or(LoadError::TooLarge { limit: SLOTS_MAX })?;
        if let Some(instruction) = out.code.get_mut(slot) {
            instruction.imm = imm;
        }
    }
    Ok(out)
}

/// Translation of one function.
struct Translator<'a, 'b> {
    source: &'a Source<'a>,
    number: usize,
    /// Slot being translated, within the function.
    at: usize,
    out: &'b mut Translation,
    /// Output slot where each input slot begins; `None` for the second half of `lddw`.
    starts: Vec<Option<usize>>,
    /// Output jumps and the input slots they go to, with the slot of the jump.
    jumps: Vec<(usize, i64, usize)>,
    /// Output calls and the functions they go to.
    calls: &'b mut Vec<(usize, usize)>,
}

impl Translator<'_, '_> {
    fn run(&mut self) -> Result<(), LoadError> {
        if self.source.code.is_empty() {
            return Err(LoadError::Malformed("an empty function"));
        }
        while let Some(&instruction) = self.source.code.get(self.at) {
            if let Some(start) = self.starts.get_mut(self.at) {
                *start = Some(self.out.code.len());
            }
            let slots = self.instruction(instruction)?;
            if self.out.code.len() > SLOTS_MAX {
                return Err(LoadError::TooLarge { limit: SLOTS_MAX });
            }
            self.at += slots;
        }
        self.check_end()?;
        self.fix_jumps()
    }

    /// Translates one instruction; returns the number of slots that it takes.
    fn instruction(&mut self, i: Instruction) -> Result<usize, LoadError> {
        if i.src > R10 || i.dst > R10 {
            return Err(self.refuse("there is no such register"));
        }
        let reference = self.source.references.get(&self.at);
        if let Some(Reference::Refused(reason)) = reference {
            return Err(self.refuse(reason));
        }
        if reference.is_some() && i.opcode != op::LDDW && i.opcode != op::CALL {
            return Err(self.refuse("only lddw and call can be relocated"));
        }
        match i.class() {
            class::LD => return self.load_wide(i),
            class::LDX => self.load(i)?,
            class::ST => self.store_immediate(i)?,
            class::STX => self.store(i)?,
            class::ALU32 | class::ALU64 => self.arithmetic(i)?,
            class::JMP | class::JMP32 => self.control(i)?,
            _ => return Err(self.refuse("there is no such instruction")),
        }
        Ok(1)
    }

    /// The last instruction must not fall through into the next function.
    fn check_end(&mut self) -> Result<(), LoadError> {
        let last = self.source.code.len() - 1;
        let begins = self.starts.get(last).copied().flatten().is_some();
        let opcode = self.source.code.last().map(|i| i.opcode);
        if begins && matches!(opcode, Some(op::EXIT | op::JA | op::GOTOL)) {
            return Ok(());
        }
        self.at = last;
        Err(self.refuse("the function's end is not an exit or a jump"))
    }

    fn fix_jumps(&mut self) -> Result<(), LoadError> {
        for (slot, target, at) in core::mem::take(&mut self.jumps) {
            self.at = at;
            let start = usize::try_from(target).ok();
            let start = start.and_then(|target| self.starts.get(target).copied().flatten());
            let start = start.ok_or_else(|| self.refuse("jumps out of its function"))?;
            let distance = i64::try_from(start).ok().zip(i64::try_from(slot + 1).ok());
            let offset = distance.and_then(|(to, from)| i16::try_from(to - from).ok());
            let offset = offset.ok_or_else(|| self.refuse("jumps too far"))?;
            if let Some(instruction) = self.out.code.get_mut(slot) {
                instruction.offset = offset;
            }
        }
        Ok(())
    }

    fn emit(&mut self, opcode: u8, dst: u8, src: u8, offset: i16, imm: i32) {
        self.out.code.push(Instruction::new(opcode, dst, src, offset, imm));
        self.out.origins.push((self.number, self.at));
    }

    fn copy(&mut self, i: Instruction) {
        self.emit(i.opcode, i.dst, i.src, i.offset, i.imm);
    }

    fn spill(&mut self, slot: usize, register: u8) {
        self.emit(op::STXDW, R10, register, SPILL[slot], 0);
    }

    fn reload(&mut self, slot: usize, register: u8) {
        self.emit(op::LDXDW, register, R10, SPILL[slot], 0);
    }

    fn refuse(&self, reason: &'static str) -> LoadError {
        LoadError::Refused {
            section: self.source.section.to_owned(),
            index: self.source.first + self.at,
            opcode: self.source.code.get(self.at).map_or(0, |i| i.opcode),
            reason,
        }
    }

    /// Refuses a field that the standard reserves for this instruction and that is not zero.
    fn reserved(&self, is_zero: bool) -> Result<(), LoadError> {
        if is_zero { Ok(()) } else { Err(self.refuse("a reserved field is not zero")) }
    }

    /// Refuses to write to the frame pointer.
    fn writable(&self, register: u8) -> Result<(), LoadError> {
        if register < R10 { Ok(()) } else { Err(self.refuse("r10 is read-only")) }
    }
}

/// The lowest registers that none of `used` names.
fn free_registers<const N: usize>(used: &[u8]) -> [u8; N] {
    let mut free = (0..R10).filter(|register| !used.contains(register));
    core::array::from_fn(|_| free.next().unwrap_or(0))
}
