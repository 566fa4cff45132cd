//! Loads, stores and atomics: the LD, LDX, ST and STX classes.

use super::super::error::LoadError;
use super::super::instruction::{Instruction, R10, alu, class, op};
use super::super::layout::STACK_BYTES;
use super::{Reference, Translator, free_registers};

/// Modes, the high three bits of the opcode.
const MODE_MASK: u8 = 0xe0;
const MODE_MEM: u8 = 0x60;
const MODE_MEM_SIGNED: u8 = 0x80;
const MODE_ATOMIC: u8 = 0xc0;

/// Sizes.
const SIZE_MASK: u8 = 0x18;
const SIZE_W: u8 = 0x00;
const SIZE_H: u8 = 0x08;
const SIZE_B: u8 = 0x10;
const SIZE_DW: u8 = 0x18;

/// Atomic operations in the immediate (RFC 9669, 5.3).
const FETCH: i32 = 0x01;
const EXCHANGE: i32 = 0xe1;
const COMPARE_EXCHANGE: i32 = 0xf1;

impl Translator<'_, '_> {
    /// `lddw`; returns the slots that it takes.
    pub(super) fn load_wide(&mut self, i: Instruction) -> Result<usize, LoadError> {
        if i.opcode != op::LDDW {
            return Err(self.refuse("legacy packet access is not supported"));
        }
        self.writable(i.dst)?;
        let Some(&high) = self.source.code.get(self.at + 1) else {
            return Err(self.refuse("lddw lacks its second half"));
        };
        self.reserved(i.offset == 0)?;
        self.reserved(high.opcode == 0 && high.dst == 0 && high.src == 0 && high.offset == 0)?;
        let (low, high) = match self.source.references.get(&self.at) {
            Some(&Reference::Address(address)) => halves(address),
            Some(Reference::Function(_) | Reference::Refused(_)) => {
                return Err(self.refuse("addresses of functions are not supported"));
            }
            None if i.src == 0 => (i.imm, high.imm),
            None => return Err(self.refuse("lddw of an object that no relocation names")),
        };
        self.emit(op::LDDW, i.dst, 0, 0, low);
        self.emit(0, 0, 0, 0, high);
        Ok(2)
    }

    pub(super) fn load(&mut self, i: Instruction) -> Result<(), LoadError> {
        self.writable(i.dst)?;
        self.reserved(i.imm == 0)?;
        self.check_stack(i, i.src)?;
        match i.opcode & MODE_MASK {
            MODE_MEM => self.copy(i),
            MODE_MEM_SIGNED if i.opcode & SIZE_MASK != SIZE_DW => {
                self.copy(Instruction { opcode: (i.opcode & !MODE_MASK) | MODE_MEM, ..i });
                self.extend_sign(i.dst, 8 * i32::from(size_bytes(i)));
            }
            _ => return Err(self.refuse("there is no such load")),
        }
        Ok(())
    }

    pub(super) fn store_immediate(&mut self, i: Instruction) -> Result<(), LoadError> {
        self.reserved(i.src == 0)?;
        self.check_stack(i, i.dst)?;
        if i.opcode & MODE_MASK != MODE_MEM {
            return Err(self.refuse("there is no such store"));
        }
        self.copy(i);
        Ok(())
    }

    pub(super) fn store(&mut self, i: Instruction) -> Result<(), LoadError> {
        self.check_stack(i, i.dst)?;
        match i.opcode & MODE_MASK {
            MODE_MEM => {
                self.reserved(i.imm == 0)?;
                self.copy(i);
                Ok(())
            }
            MODE_ATOMIC if matches!(i.opcode & SIZE_MASK, SIZE_W | SIZE_DW) => self.atomic(i),
            _ => Err(self.refuse("there is no such store")),
        }
    }

    /// Constant offsets from r10 are checked here, the others by the mapping.
    fn check_stack(&self, i: Instruction, base: u8) -> Result<(), LoadError> {
        let is_inside = i.offset >= -STACK_BYTES && i.offset <= -size_bytes(i);
        if base != R10 || is_inside {
            return Ok(());
        }
        Err(self.refuse("outside the 512 bytes of stack"))
    }

    /// A run is single-threaded, so an atomic is a load, an operation and a store.
    fn atomic(&mut self, i: Instruction) -> Result<(), LoadError> {
        match i.imm {
            EXCHANGE => self.exchange(i),
            COMPARE_EXCHANGE => {
                self.compare_exchange(i);
                Ok(())
            }
            _ => self.modify(i),
        }
    }

    fn modify(&mut self, i: Instruction) -> Result<(), LoadError> {
        let fetches = i.imm & FETCH != 0;
        let Ok(operation @ (alu::ADD | alu::OR | alu::AND | alu::XOR)) =
            u8::try_from(i.imm & !FETCH)
        else {
            return Err(self.refuse("there is no such atomic"));
        };
        if fetches {
            self.writable(i.src)?;
        }
        let [value] = free_registers(&[i.dst, i.src]);
        self.spill(0, value);
        self.load_operand(i, value);
        if fetches {
            self.spill(1, value);
        }
        // A 32-bit store takes the low half, which a 64-bit operation gets right.
        self.emit(operation | class::ALU64 | 0x08, value, i.src, 0, 0);
        self.store_operand(i, value);
        if fetches {
            self.reload(1, i.src);
        }
        self.reload(0, value);
        Ok(())
    }

    fn exchange(&mut self, i: Instruction) -> Result<(), LoadError> {
        self.writable(i.src)?;
        let [value] = free_registers(&[i.dst, i.src]);
        self.spill(0, value);
        self.load_operand(i, value);
        self.store_operand(i, i.src);
        self.emit(op::MOV64_REG, i.src, value, 0, 0);
        self.reload(0, value);
        Ok(())
    }

    /// Stores the old value back if it differs from r0, so that read-only memory faults either
    /// way, as it does on hardware.
    fn compare_exchange(&mut self, i: Instruction) {
        let is_wide = i.opcode & SIZE_MASK == SIZE_DW;
        let [value] = free_registers(&[i.dst, i.src, 0]);
        self.spill(0, value);
        self.load_operand(i, value);
        self.emit(if is_wide { op::JEQ_REG } else { op::JEQ32_REG }, value, 0, 2, 0);
        self.store_operand(i, value);
        self.emit(op::JA, 0, 0, 1, 0);
        self.store_operand(i, i.src);
        self.emit(op::MOV64_REG, 0, value, 0, 0);
        self.reload(0, value);
    }

    fn load_operand(&mut self, i: Instruction, into: u8) {
        let opcode = class::LDX | MODE_MEM | (i.opcode & SIZE_MASK);
        self.emit(opcode, into, i.dst, i.offset, 0);
    }

    fn store_operand(&mut self, i: Instruction, from: u8) {
        let opcode = class::STX | MODE_MEM | (i.opcode & SIZE_MASK);
        self.emit(opcode, i.dst, from, i.offset, 0);
    }
}

fn size_bytes(i: Instruction) -> i16 {
    match i.opcode & SIZE_MASK {
        SIZE_B => 1,
        SIZE_H => 2,
        SIZE_W => 4,
        _ => 8,
    }
}

/// The two immediates of `lddw`, low half first.
fn halves(value: u64) -> (i32, i32) {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    (i32::from_le_bytes([a, b, c, d]), i32::from_le_bytes([e, f, g, h]))
}
