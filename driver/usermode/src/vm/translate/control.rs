//! Jumps, calls and exit: the JMP and JMP32 classes.

use super::super::error::LoadError;
use super::super::helper;
use super::super::instruction::{Instruction, R10, class, jump, op};
use super::{Reference, Translator, free_registers};

impl Translator<'_, '_> {
    pub(super) fn control(&mut self, i: Instruction) -> Result<(), LoadError> {
        match i.opcode {
            op::JA => {
                self.reserved(i.dst == 0 && i.src == 0 && i.imm == 0)?;
                self.jump_always(i64::from(i.offset));
            }
            op::GOTOL => {
                self.reserved(i.dst == 0 && i.src == 0 && i.offset == 0)?;
                self.jump_always(i64::from(i.imm));
            }
            op::EXIT => {
                self.reserved(i.dst == 0 && i.src == 0 && i.offset == 0 && i.imm == 0)?;
                self.copy(i);
            }
            op::CALL => self.call(i)?,
            op::CALLX => return Err(self.refuse("calls through a register are not supported")),
            _ => self.branch(i)?,
        }
        Ok(())
    }

    fn branch(&mut self, i: Instruction) -> Result<(), LoadError> {
        let is_known = match i.operation() {
            jump::JA | jump::CALL | jump::EXIT => false,
            operation => operation <= jump::JSLE,
        };
        if !is_known || !matches!(i.class(), class::JMP | class::JMP32) {
            return Err(self.refuse("there is no such jump"));
        }
        self.reserved(if i.is_register() { i.imm == 0 } else { i.src == 0 })?;
        if i.dst == R10 {
            self.branch_on_frame_pointer(i);
        } else {
            self.jump_to(i64::from(i.offset));
            self.copy(i);
        }
        Ok(())
    }

    /// The VM's verifier takes r10 on the left of a comparison for a write: compares a copy.
    fn branch_on_frame_pointer(&mut self, i: Instruction) {
        let used: &[u8] = if i.is_register() { &[i.src] } else { &[] };
        let [copy] = free_registers(used);
        self.spill(0, copy);
        self.emit(op::MOV64_REG, copy, R10, 0, 0);
        let src = if i.is_register() && i.src == R10 { copy } else { i.src };
        self.emit(i.opcode, copy, src, 2, i.imm);
        self.reload(0, copy);
        self.emit(op::JA, 0, 0, 2, 0);
        self.reload(0, copy);
        self.jump_always(i64::from(i.offset));
    }

    fn jump_always(&mut self, offset: i64) {
        self.jump_to(offset);
        self.emit(op::JA, 0, 0, 0, 0);
    }

    /// Notes that the next emitted slot jumps by `offset` input slots.
    fn jump_to(&mut self, offset: i64) {
        // A function is far shorter than `i64::MAX` slots, so the sum cannot wrap.
        let target = i64::try_from(self.at).map_or(-1, |at| at + 1 + offset);
        self.jumps.push((self.out.code.len(), target, self.at));
    }

    fn call(&mut self, i: Instruction) -> Result<(), LoadError> {
        self.reserved(i.dst == 0 && i.offset == 0)?;
        match (i.src, self.source.references.get(&self.at)) {
            (0 | 1, Some(&Reference::Function(callee))) => {
                self.calls.push((self.out.code.len(), callee));
                self.emit(op::CALL, 0, 1, 0, 0);
                Ok(())
            }
            (0, None) => self.call_helper(i.imm),
            (1, _) => Err(self.refuse("calls something that is not a function")),
            (2, _) => Err(self.refuse("calls a helper by BTF id")),
            _ => Err(self.refuse("there is no such call")),
        }
    }

    fn call_helper(&mut self, id: i32) -> Result<(), LoadError> {
        match helper::call_key(id) {
            Ok(key) => {
                self.emit(op::CALL, 0, 0, 0, key);
                Ok(())
            }
            Err(name) => Err(LoadError::Helper {
                section: self.source.section.to_owned(),
                index: self.source.first + self.at,
                id,
                name,
            }),
        }
    }
}
