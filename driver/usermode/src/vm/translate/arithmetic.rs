//! Arithmetic: the ALU and ALU64 classes.

use super::super::error::LoadError;
use super::super::instruction::{Instruction, alu, class, op};
use super::{Translator, free_registers};

impl Translator<'_, '_> {
    pub(super) fn arithmetic(&mut self, i: Instruction) -> Result<(), LoadError> {
        self.writable(i.dst)?;
        match i.operation() {
            alu::END => return self.byte_order(i),
            alu::NEG => {
                self.reserved(!i.is_register() && i.src == 0 && i.offset == 0 && i.imm == 0)?;
                self.copy(i);
                return Ok(());
            }
            _ => {}
        }
        self.reserved(if i.is_register() { i.imm == 0 } else { i.src == 0 })?;
        match i.operation() {
            alu::DIV | alu::MOD if i.offset == 1 => {
                self.signed_divide(i);
                return Ok(());
            }
            alu::MOV if i.is_register() && i.offset != 0 => return self.move_extending(i),
            _ => self.reserved(i.offset == 0)?,
        }
        let is_wide = i.class() == class::ALU64;
        match i.operation() {
            alu::ADD | alu::SUB | alu::MUL => {
                self.copy(i);
                if !is_wide {
                    // The VM sign-extends these three.
                    self.truncate(i.dst);
                }
            }
            alu::DIV | alu::MOD => self.divide(i, is_wide),
            alu::OR | alu::AND | alu::XOR | alu::MOV => self.copy(i),
            alu::LSH | alu::RSH | alu::ARSH => {
                // RFC 9669, 4.1: shift operations use a mask of 0x3F or 0x1F.
                let mask = if is_wide { 63 } else { 31 };
                self.copy(Instruction { imm: i.imm & mask, ..i });
            }
            _ => return Err(self.refuse("there is no such arithmetic")),
        }
        Ok(())
    }

    /// Zeroes the upper half.
    fn truncate(&mut self, register: u8) {
        self.emit(op::MOV32_REG, register, register, 0, 0);
    }

    fn byte_order(&mut self, i: Instruction) -> Result<(), LoadError> {
        self.reserved(i.src == 0 && i.offset == 0)?;
        if !matches!(i.imm, 16 | 32 | 64) {
            return Err(self.refuse("a byte swap has 16, 32 or 64 bits"));
        }
        match i.opcode {
            op::TO_LE | op::TO_BE => self.copy(i),
            // On a little-endian host an unconditional swap is the conversion to big endian.
            op::SWAP => self.copy(Instruction { opcode: op::TO_BE, ..i }),
            _ => return Err(self.refuse("there is no such byte swap")),
        }
        Ok(())
    }

    /// Division by zero gives 0; modulo zero leaves the dividend (RFC 9669, 4.1).
    fn divide(&mut self, i: Instruction, is_wide: bool) {
        let is_modulo = i.operation() == alu::MOD;
        let (zero, unless_zero) = if is_wide {
            (Instruction::new(op::MOV64_IMM, i.dst, 0, 0, 0), op::JNE_IMM)
        } else {
            (Instruction::new(op::MOV32_IMM, i.dst, 0, 0, 0), op::JNE32_IMM)
        };
        let unchanged = if is_wide { op::MOV64_REG } else { op::MOV32_REG };
        let fallback =
            if is_modulo { Instruction::new(unchanged, i.dst, i.dst, 0, 0) } else { zero };
        if i.is_register() {
            self.emit(unless_zero, i.src, 0, 2, 0);
            self.copy(fallback);
            self.emit(op::JA, 0, 0, 1, 0);
            self.copy(i);
        } else if i.imm == 0 {
            self.copy(fallback);
        } else {
            self.copy(i);
        }
    }

    /// Divides the magnitudes and sets the sign afterwards: a quotient is negative if the
    /// operands' signs differ, a remainder if the dividend is. The magnitude of the least integer
    /// is right as an unsigned number, so dividing it by -1 wraps as the standard demands.
    fn signed_divide(&mut self, i: Instruction) {
        let is_wide = i.class() == class::ALU64;
        let is_modulo = i.operation() == alu::MOD;
        let used: &[u8] = if i.is_register() { &[i.dst, i.src] } else { &[i.dst] };
        let [divisor, sign] = free_registers(used);
        self.spill(0, divisor);
        self.spill(1, sign);
        if i.is_register() {
            self.emit(op::MOV64_REG, divisor, i.src, 0, 0);
        } else {
            self.emit(op::MOV64_IMM, divisor, 0, 0, i.imm);
        }
        if !is_wide {
            self.extend_sign(divisor, 32);
            self.extend_sign(i.dst, 32);
        }
        self.emit(op::MOV64_REG, sign, i.dst, 0, 0);
        if !is_modulo {
            self.emit(op::XOR64_REG, sign, divisor, 0, 0);
        }
        self.negate_if_negative(i.dst, i.dst);
        self.negate_if_negative(divisor, divisor);
        if is_modulo {
            self.emit(op::JEQ_IMM, divisor, 0, 1, 0);
            self.emit(op::MOD64_REG, i.dst, divisor, 0, 0);
        } else {
            self.emit(op::JNE_IMM, divisor, 0, 2, 0);
            self.emit(op::MOV64_IMM, i.dst, 0, 0, 0);
            self.emit(op::JA, 0, 0, 1, 0);
            self.emit(op::DIV64_REG, i.dst, divisor, 0, 0);
        }
        self.negate_if_negative(sign, i.dst);
        if !is_wide {
            self.truncate(i.dst);
        }
        self.reload(0, divisor);
        self.reload(1, sign);
    }

    fn negate_if_negative(&mut self, tested: u8, negated: u8) {
        self.emit(op::JSGE_IMM, tested, 0, 1, 0);
        self.emit(op::NEG64, negated, 0, 0, 0);
    }

    /// Sign-extends the low `bits` of a register to 64 bits.
    pub(super) fn extend_sign(&mut self, register: u8, bits: i32) {
        self.emit(op::LSH64_IMM, register, 0, 0, 64 - bits);
        self.emit(op::ARSH64_IMM, register, 0, 0, 64 - bits);
    }

    fn move_extending(&mut self, i: Instruction) -> Result<(), LoadError> {
        let is_wide = i.class() == class::ALU64;
        let bits = match (i.offset, is_wide) {
            (8 | 16, _) | (32, true) => i32::from(i.offset),
            _ => return Err(self.refuse("movsx extends 8, 16 or 32 bits")),
        };
        self.emit(op::MOV64_REG, i.dst, i.src, 0, 0);
        self.extend_sign(i.dst, bits);
        if !is_wide {
            self.truncate(i.dst);
        }
        Ok(())
    }
}
