//! Arithmetic, jumps and memory: every opcode over operands that matter.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "the reference truncates and reinterprets as the instructions do"
)]

use super::super::instruction::Instruction;
use super::assemble::{mov, slot};
use super::{Machine, snippet};

/// Values around every boundary that an operation could mind.
const VALUES: [u64; 18] = [
    0,
    1,
    2,
    7,
    31,
    32,
    63,
    64,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x1234_5678_9abc_def0,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_8000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

const IMMEDIATES: [i32; 12] = [0, 1, 2, 7, 31, 32, 63, 0x1234_5678, i32::MAX, i32::MIN, -2, -1];

/// What RFC 9669, 4.1 says of an operation; `None` if there is no such operation.
fn arithmetic(operation: u8, is_signed: bool, is_wide: bool, dst: u64, src: u64) -> Option<u64> {
    let bits = if is_wide { 64 } else { 32 };
    let mask = u64::MAX >> (64 - bits);
    let (a, b) = (u128::from(dst & mask), u128::from(src & mask));
    let signed = |value: u64| {
        if is_wide { i128::from(value.cast_signed()) } else { i128::from(value as u32 as i32) }
    };
    let (x, y) = (signed(dst), signed(src));
    let shift = u32::try_from(src & (bits - 1)).ok()?;
    let value = match (operation, is_signed) {
        (0x00, false) => a.wrapping_add(b),
        (0x10, false) => a.wrapping_sub(b),
        (0x20, false) => a.wrapping_mul(b),
        (0x30, false) => a.checked_div(b).unwrap_or(0),
        (0x30, true) => x.checked_div(y).unwrap_or(0).cast_unsigned(),
        (0x40, false) => a | b,
        (0x50, false) => a & b,
        (0x60, false) => a << shift,
        (0x70, false) => a >> shift,
        (0x80, false) => a.wrapping_neg(),
        (0x90, false) => a.checked_rem(b).unwrap_or(a),
        (0x90, true) => x.checked_rem(y).unwrap_or(x).cast_unsigned(),
        (0xa0, false) => a ^ b,
        (0xb0, false) => b,
        (0xc0, false) => (x >> shift).cast_unsigned(),
        _ => return None,
    };
    Some((value & u128::from(mask)) as u64)
}

/// Runs `instruction` with the operands in r`dst` and r`src`; compares every register.
fn check(instruction: Instruction, pairs: &[(u64, u64)], expect: impl Fn(u64, u64) -> u64) {
    let mut program = snippet(&[instruction]);
    for &(a, b) in pairs {
        let mut machine = Machine::marked();
        machine.registers[usize::from(instruction.src)] = b;
        machine.registers[usize::from(instruction.dst)] = a;
        let mut expected = machine;
        let b = machine.registers[usize::from(instruction.src)];
        expected.registers[usize::from(instruction.dst)] = expect(a, b);
        assert_eq!(machine.run(&mut program), expected, "{instruction:?} of {a:#x}, {b:#x}");
    }
}

fn pairs() -> Vec<(u64, u64)> {
    VALUES.iter().flat_map(|&a| VALUES.iter().map(move |&b| (a, b))).collect()
}

#[test]
fn arithmetic_is_that_of_the_standard() {
    let pairs = pairs();
    for (operation, offset) in (0..=12).map(|n| (n << 4, 0)).chain([(0x30, 1), (0x90, 1)]) {
        for class in [0x04, 0x07] {
            let is_wide = class == 0x07;
            let expect = |a: u64, b: u64| {
                arithmetic(operation, offset == 1, is_wide, a, b).expect("an operation")
            };
            for imm in IMMEDIATES {
                let imm = if operation == 0x80 { 0 } else { imm };
                let instruction = slot(operation | class, 3, 0, offset, imm);
                check(instruction, &pairs, |a, _| expect(a, i64::from(imm).cast_unsigned()));
            }
            if operation == 0x80 {
                continue;
            }
            for (dst, src) in [(3, 4), (0, 1), (1, 0), (9, 2), (5, 5)] {
                check(slot(operation | class | 8, dst, src, offset, 0), &pairs, expect);
            }
        }
    }
}

#[test]
fn byte_orders_are_those_of_the_standard() {
    let all = pairs();
    for (opcode, swaps) in [(0xd4, false), (0xdc, true), (0xd7, true)] {
        let narrow = |bits: u32, value: u64| value & (u64::MAX >> (64 - bits));
        for bits in [16_u32, 32, 64] {
            check(slot(opcode, 6, 0, 0, bits.cast_signed()), &all, |a, _| match swaps {
                false => narrow(bits, a),
                true => narrow(bits, a).swap_bytes() >> (64 - bits),
            });
        }
    }
}

#[test]
fn moves_extend_signs_as_the_standard_says() {
    let all = pairs();
    for (dst, src) in [(2, 7), (0, 9), (4, 4)] {
        for bits in [8_i16, 16, 32] {
            let extend = |value: u64| {
                let value = u128::from(value) << (128 - u32::try_from(bits).expect("few bits"));
                ((value.cast_signed()) >> (128 - u32::try_from(bits).expect("few bits"))) as u64
            };
            check(slot(0xbf, dst, src, bits, 0), &all, |_, b| extend(b));
            if bits < 32 {
                check(slot(0xbc, dst, src, bits, 0), &all, |_, b| extend(b) & 0xffff_ffff);
            }
        }
    }
}

/// What RFC 9669, 4.3 says of a condition.
fn condition(operation: u8, is_wide: bool, dst: u64, src: u64) -> bool {
    let (a, b) = if is_wide { (dst, src) } else { (dst & 0xffff_ffff, src & 0xffff_ffff) };
    let signed = |value: u64| if is_wide { value as i64 } else { i64::from(value as i32) };
    let (x, y) = (signed(a), signed(b));
    match operation {
        0x10 => a == b,
        0x20 => a > b,
        0x30 => a >= b,
        0x40 => a & b != 0,
        0x50 => a != b,
        0x60 => x > y,
        0x70 => x >= y,
        0xa0 => a < b,
        0xb0 => a <= b,
        0xc0 => x < y,
        0xd0 => x <= y,
        _ => unreachable!("not a condition"),
    }
}

#[test]
fn branches_are_those_of_the_standard() {
    let operations = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];
    for (operation, class) in operations.into_iter().flat_map(|o| [(o, 0x05), (o, 0x06)]) {
        let holds = |a, b| condition(operation, class == 0x05, a, b);
        let program = |jump| snippet(&[mov(9, 1), jump, mov(9, 0)]);
        let run = |program: &mut _, a: u64, b: u64| {
            let mut machine = Machine::marked();
            machine.registers[3] = a;
            machine.registers[4] = b;
            machine.run(program).registers[9] == 1
        };
        let mut by_register = program(slot(operation | class | 8, 3, 4, 1, 0));
        for (a, b) in pairs() {
            assert_eq!(run(&mut by_register, a, b), holds(a, b), "{operation:#x} {a:#x} {b:#x}");
        }
        for imm in IMMEDIATES {
            let mut by_number = program(slot(operation | class, 3, 0, 1, imm));
            for a in VALUES {
                let expected = holds(a, i64::from(imm).cast_unsigned());
                assert_eq!(run(&mut by_number, a, 0), expected, "{operation:#x} {a:#x} {imm:#x}");
            }
        }
    }
}

#[test]
fn the_frame_pointer_can_be_compared() {
    // r10 is above 2 and clobbers nothing on either path.
    for (opcode, src, taken) in [(0x25, 0, true), (0xa5, 0, false), (0x3d, 10, true)] {
        let imm = if src == 0 { 2 } else { 0 };
        let mut program = snippet(&[slot(opcode, 10, src, 1, imm), mov(9, 0)]);
        let machine = Machine::marked();
        let mut expected = machine;
        expected.registers[9] = if taken { machine.registers[9] } else { 0 };
        assert_eq!(machine.run(&mut program), expected);
    }
}

#[test]
fn loads_and_stores_are_those_of_the_standard() {
    for (size, bytes) in [(0x10, 1), (0x08, 2), (0x00, 4), (0x18, 8)] {
        let bits = 8 * bytes;
        for value in VALUES {
            let mut machine = Machine { memory: value, ..Machine::marked() };
            machine.registers[7] = Machine::MEMORY - 5;
            machine.registers[2] = !value;
            let narrow = value & (u64::MAX >> (64 - bits));
            let mut loaded = machine;
            loaded.registers[0] = narrow;
            assert_eq!(machine.run(&mut snippet(&[slot(0x61 | size, 0, 7, 5, 0)])), loaded);
            if bytes < 8 {
                loaded.registers[0] = ((narrow << (64 - bits)) as i64 >> (64 - bits)) as u64;
                assert_eq!(machine.run(&mut snippet(&[slot(0x81 | size, 0, 7, 5, 0)])), loaded);
            }
            let mask = u64::MAX >> (64 - bits);
            let mut stored = machine;
            stored.memory = (value & !mask) | (!value & mask);
            assert_eq!(machine.run(&mut snippet(&[slot(0x63 | size, 7, 2, 5, 0)])), stored);
            stored.memory = (value & !mask) | (-2_i64 as u64 & mask);
            assert_eq!(machine.run(&mut snippet(&[slot(0x62 | size, 7, 0, 5, -2)])), stored);
        }
    }
}
