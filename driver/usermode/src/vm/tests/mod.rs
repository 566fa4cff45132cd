//! Tests of the whole module: instructions against an independent reading of RFC 9669, faults,
//! refusals, maps, objects, hostile input.

mod assemble;
mod atomics;
mod faults;
mod hostile;
mod maps;
mod objects;
mod refusals;
mod semantics;

use std::collections::BTreeMap;

use super::instruction::Instruction;
use super::link::Image;
use super::program::Program;
use super::translate::{Source, translate};
use super::{CONTEXT_BYTES, Env, LoadError, RunError};
use assemble::{exit, load, mov, store};

/// Loads a program given as slots, without an object around it.
fn load_slots(code: &[Instruction]) -> Result<Program, LoadError> {
    let references = BTreeMap::new();
    let source = Source { section: "test", first: 0, code, references: &references };
    Program::from_image(Image {
        names: vec!["test".to_owned()],
        translation: translate(&[source])?,
        maps: Vec::new(),
        globals: Vec::new(),
        frames: 1,
    })
}

/// Runs slots that must load.
fn run_slots(code: &[Instruction], data: Option<&[u8]>) -> Result<u64, RunError> {
    let mut program = load_slots(code).expect("the program is loadable");
    program.run_wide(&[0; CONTEXT_BYTES], data, &Env::default())
}

/// Registers r0 to r9 and 8 bytes of memory at [`Machine::MEMORY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Machine {
    registers: [u64; 10],
    memory: u64,
}

impl Machine {
    /// Where the memory lies in the context, which also carries the registers in and out.
    const OFFSET: usize = 80;
    const MEMORY: u64 = super::layout::CONTEXT_START + 80;

    /// Registers with distinct values, so that a clobbered one shows.
    fn marked() -> Self {
        let registers = core::array::from_fn(|n| 0x1111_1111_1111_1111 * (1 + n as u64));
        Self { registers, memory: 0x8877_6655_4433_2211 }
    }

    fn context(&self) -> [u8; CONTEXT_BYTES] {
        let mut context = [0; CONTEXT_BYTES];
        for (place, value) in context.chunks_exact_mut(8).zip(self.registers) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        context[Self::OFFSET..Self::OFFSET + 8].copy_from_slice(&self.memory.to_le_bytes());
        context
    }

    /// Runs the snippet's program from this state.
    fn run(&self, program: &mut Program) -> Self {
        program.run(&self.context(), None, &Env::default()).expect("the snippet runs");
        let word = |at: usize| {
            u64::from_le_bytes(program.context()[at..at + 8].try_into().expect("8 bytes"))
        };
        Self { registers: core::array::from_fn(|n| word(8 * n)), memory: word(Self::OFFSET) }
    }
}

/// A program that takes a [`Machine`] from the context, runs the snippet and puts it back.
fn snippet(body: &[Instruction]) -> Program {
    let mut code = vec![store(10, 1, -8)];
    code.extend((0..10).rev().filter(|&r| r != 1).map(|r| load(r, 1, 8 * i16::from(r))));
    code.push(load(1, 1, 8));
    code.extend(body);
    code.extend((0..10).map(|r| store(10, r, -16 - 8 * i16::from(r))));
    code.push(load(1, 10, -8));
    for r in 0..10_i16 {
        code.extend([load(0, 10, -16 - 8 * r), store(1, 0, 8 * r)]);
    }
    code.extend([mov(0, 0), exit()]);
    load_slots(&code).expect("the snippet is loadable")
}
