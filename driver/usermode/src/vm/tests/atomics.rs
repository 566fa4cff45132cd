//! Atomics against RFC 9669, 5.3, with every way to share registers.

use super::assemble::{load, slot, store};
use super::{Machine, snippet};

const ADD: i32 = 0x00;
const OR: i32 = 0x40;
const AND: i32 = 0x50;
const XOR: i32 = 0xa0;
const FETCH: i32 = 0x01;
const EXCHANGE: i32 = 0xe1;
const COMPARE_EXCHANGE: i32 = 0xf1;

/// What the operation does to `memory`, `src` and r0; narrow operands for the 32-bit forms.
fn expected(imm: i32, is_wide: bool, before: Machine, dst: usize, src: usize) -> Machine {
    let mask = if is_wide { u64::MAX } else { u64::from(u32::MAX) };
    let mut after = before;
    let old = before.memory & mask;
    let operand = before.registers[src];
    let new = match imm & !FETCH {
        ADD => old.wrapping_add(operand),
        OR => old | operand,
        AND => old & operand,
        XOR => old ^ operand,
        0xe0 => operand,
        _ if old == before.registers[0] & mask => operand,
        _ => old,
    };
    after.memory = (before.memory & !mask) | (new & mask);
    if imm == COMPARE_EXCHANGE {
        after.registers[0] = old;
    } else if imm & FETCH != 0 {
        after.registers[src] = old;
    }
    assert!(dst < 10, "r10 has a test of its own");
    after
}

#[test]
fn atomics_are_those_of_the_standard() {
    let plain = [ADD, OR, AND, XOR];
    let all = plain.into_iter().chain(plain.map(|o| o | FETCH));
    for imm in all.chain([EXCHANGE, COMPARE_EXCHANGE]) {
        for (opcode, is_wide) in [(0xdb, true), (0xc3, false)] {
            for (dst, src) in [(3, 4), (0, 1), (1, 0), (2, 2), (0, 0), (9, 8)] {
                let mut program = snippet(&[slot(opcode, dst, src, -3, imm)]);
                let (dst, src) = (usize::from(dst), usize::from(src));
                for memory in [0, 1, 0xffff_ffff, 0x8877_6655_4433_2211, u64::MAX] {
                    // r0 equals the memory in whole, in the low half only, or not at all.
                    for r0 in [memory, memory ^ (1 << 40), memory ^ 1] {
                        let mut machine = Machine { memory, ..Machine::marked() };
                        machine.registers[0] = r0;
                        machine.registers[dst] = Machine::MEMORY + 3;
                        let after = expected(imm, is_wide, machine, dst, src);
                        assert_eq!(machine.run(&mut program), after, "{imm:#x} {dst} {src}");
                    }
                }
            }
        }
    }
}

#[test]
fn atomics_work_on_the_stack() {
    let body = [store(10, 3, -120), slot(0xdb, 10, 4, -120, ADD | FETCH), load(5, 10, -120)];
    let machine = Machine::marked();
    let mut after = machine;
    after.registers[5] = machine.registers[3].wrapping_add(machine.registers[4]);
    after.registers[4] = machine.registers[3];
    assert_eq!(machine.run(&mut snippet(&body)), after);
}
