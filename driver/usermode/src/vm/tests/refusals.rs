//! What the loader refuses: everything that it cannot execute exactly.

use super::super::LoadError;
use super::assemble::{call, exit, mov, slot};
use super::{Instruction, load_slots};

fn reason(code: &[Instruction]) -> String {
    load_slots(code).expect_err("the program is refused").to_string()
}

/// Whether RFC 9669 or its extensions that the loader supports have the opcode at all; slots with
/// an operand that is right for some opcode of each kind.
fn is_accepted(opcode: u8) -> bool {
    let immediates = [0, 16, 1, 0xe1];
    immediates.into_iter().any(|imm| {
        let operand = slot(opcode, 1, 0, 0, imm);
        let by_register = slot(opcode, 1, 2, 0, 0);
        let nothing = slot(opcode, 0, 0, 0, imm);
        [operand, by_register, nothing].into_iter().any(|first| {
            let second = if opcode == 0x18 { slot(0, 0, 0, 0, 0) } else { mov(0, 0) };
            load_slots(&[first, second, mov(0, 0), exit()]).is_ok()
        })
    })
}

#[test]
fn exactly_the_standard_opcodes_are_accepted() {
    let mut expected = vec![0x18, 0x05, 0x06, 0x85, 0x95, 0xc3, 0xdb, 0xd4, 0xdc, 0xd7, 0x84, 0x87];
    for size in [0x00, 0x08, 0x10, 0x18] {
        expected.extend([0x61 | size, 0x62 | size, 0x63 | size]);
        expected.extend((size != 0x18).then_some(0x81 | size));
    }
    for operation in [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0] {
        expected.extend([0x04, 0x0c, 0x07, 0x0f].map(|class| operation | class));
    }
    for operation in [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0] {
        expected.extend([0x05, 0x0d, 0x06, 0x0e].map(|class| operation | class));
    }
    expected.sort_unstable();
    let accepted: Vec<u8> = (0..=255).filter(|&opcode| is_accepted(opcode)).collect();
    assert_eq!(accepted, expected);
}

#[test]
fn a_refusal_names_section_slot_and_opcode() {
    let message = reason(&[mov(0, 0), slot(0x8d, 1, 0, 0, 0), exit()]);
    assert_eq!(
        message,
        "load section test: instruction 1 (opcode 0x8d): calls through a register are not supported"
    );
}

#[test]
fn reserved_fields_are_refused() {
    let reserved = [
        slot(0x07, 1, 2, 0, 1),
        slot(0x0f, 1, 2, 0, 1),
        slot(0x07, 1, 0, 1, 1),
        slot(0x37, 1, 0, 2, 1),
        slot(0x87, 1, 0, 0, 1),
        slot(0x95, 1, 0, 0, 0),
        slot(0x05, 1, 0, 0, 0),
        slot(0x79, 1, 2, 0, 1),
        slot(0x85, 1, 0, 0, 9),
        slot(0xd4, 1, 0, 1, 16),
    ];
    for first in reserved {
        assert!(reason(&[first, mov(0, 0), exit()]).ends_with("a reserved field is not zero"));
    }
}

#[test]
fn malformed_instructions_are_refused() {
    let refused = [
        vec![mov(10, 1), exit()],
        vec![mov(11, 1), exit()],
        vec![slot(0x0f, 1, 12, 0, 0), exit()],
        vec![slot(0x7b, 10, 1, -520, 0), exit()],
        vec![slot(0x7b, 10, 1, -4, 0), exit()],
        vec![slot(0x7b, 10, 1, 0, 0), exit()],
        vec![slot(0xdb, 1, 10, 0, 1), exit()],
        vec![slot(0xdb, 1, 2, 0, 0x100), exit()],
        vec![slot(0xd7, 1, 0, 0, 8), exit()],
        vec![slot(0xbf, 1, 2, 7, 0), exit()],
        vec![slot(0x05, 0, 0, 5, 0), exit()],
        vec![slot(0x05, 0, 0, -2, 0), exit()],
        vec![slot(0x05, 0, 0, 1, 0), slot(0x18, 1, 0, 0, 0), slot(0, 0, 0, 0, 0), exit()],
        vec![slot(0x18, 1, 0, 0, 0)],
        vec![slot(0x18, 1, 0, 0, 0), exit()],
        vec![slot(0x18, 1, 1, 0, 0), slot(0, 0, 0, 0, 0), exit()],
        vec![slot(0x85, 0, 1, 0, 5), exit()],
        vec![slot(0x85, 0, 2, 0, 5), exit()],
        vec![mov(0, 0)],
    ];
    for code in refused {
        assert!(load_slots(&code).is_err(), "{code:?}");
    }
    assert!(load_slots(&[]).is_err());
}

#[test]
fn unknown_helpers_are_refused_by_id_and_name() {
    let named = load_slots(&[call(5), exit()]).expect_err("the program is refused");
    let expected = LoadError::Helper {
        section: "test".to_owned(),
        index: 0,
        id: 5,
        name: Some("bpf_tail_call"),
    };
    assert_eq!(named, expected);
    for id in [-1, 0, 36, 65_536] {
        assert!(reason(&[call(id), exit()]).contains(&format!("helper {id} (unknown)")));
    }
}

#[test]
fn jumps_that_no_longer_fit_are_refused() {
    // 20,000 two-slot expansions between the jump and its target.
    let mut code = vec![slot(0x05, 0, 0, 20_000, 0)];
    code.extend([slot(0x04, 1, 0, 0, 1); 20_000]);
    code.push(exit());
    assert!(reason(&code).ends_with("jumps too far"));
}
