//! Objects that are cut, bent or mixed up: an error or a program, never a panic.

use super::super::btf::{Btf, core_relocations};
use super::super::{CONTEXT_BYTES, Env, Object, Program};
use super::assemble::{Elf, add, btf, bytes, call, copy, exit, mov, slot, store};

/// An object with everything the loader looks at: program, subprogram, map, BTF, global data.
fn object() -> Vec<u8> {
    let mut elf = Elf::new();
    let text = elf.section(".text", true, &bytes(&[mov(0, 1), exit()]));
    let function = elf.function(text, "function", 0);
    let code = [
        slot(0x18, 1, 0, 0, 0),
        slot(0, 0, 0, 0, 0),
        mov(3, 0),
        store(10, 3, -8),
        copy(2, 10),
        add(2, -8),
        call(1),
        slot(0x85, 0, 1, 0, -1),
        slot(0x18, 4, 0, 0, 0),
        slot(0, 0, 0, 0, 0),
        slot(0xdb, 4, 0, 0, 1),
        exit(),
    ];
    let id = elf.section("flow_classify", true, &bytes(&code));
    elf.function(id, "classify", 0);
    let maps = elf.section(".maps", false, &[0; 32]);
    let map = elf.variable(maps, "table", 0);
    let data = elf.section(".data", false, &[7; 16]);
    let variable = elf.variable(data, "variable", 8);
    let fields = [("type", 1), ("key_size", 8), ("value_size", 8), ("max_entries", 16)];
    elf.section(".BTF", false, &btf(&[("table", &fields)]));
    elf.relocate(id, 0, map, 1);
    elf.relocate(id, 7, function, 10);
    elf.relocate(id, 8, variable, 1);
    elf.finish()
}

/// Loads and runs whatever this is.
fn try_all(bytes: &[u8]) -> bool {
    let Ok(object) = Object::parse(bytes) else { return false };
    let names: Vec<_> = object.section_names().map(str::to_owned).collect();
    let mut ran = false;
    for name in core::iter::once(None).chain(names.iter().map(|name| Some(name.as_str()))) {
        if let Ok(mut program) = Program::load(&object, name) {
            let result = program.run(&[0; CONTEXT_BYTES], Some(b"data"), &Env::default());
            ran |= result.is_ok();
        }
    }
    ran
}

/// SplitMix64.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    usize::try_from((mixed ^ (mixed >> 27)) >> 33).expect("31 bits")
}

#[test]
fn the_whole_object_works() {
    assert!(try_all(&object()));
}

#[test]
fn truncated_objects_are_errors() {
    let whole = object();
    for length in 0..whole.len() {
        try_all(&whole[..length]);
    }
}

#[test]
fn mutated_objects_never_panic() {
    let whole = object();
    for seed in 0..3000_u64 {
        let mut state = seed;
        let mut bytes = whole.clone();
        for _ in 0..=next(&mut state) % 4 {
            let at = next(&mut state) % bytes.len();
            bytes[at] = match next(&mut state) % 4 {
                0 => 0,
                1 => 0xff,
                2 => bytes[at] ^ (1 << (next(&mut state) % 8)),
                _ => next(&mut state).to_le_bytes()[0],
            };
        }
        try_all(&bytes);
    }
}

#[test]
fn mutated_btf_never_panics() {
    let whole = btf(&[("table", &[("type", 1), ("key_size", 8), ("max_entries", 16)])]);
    for seed in 0..20_000_u64 {
        let mut state = seed;
        let mut bytes = whole.clone();
        for _ in 0..=next(&mut state) % 3 {
            let at = next(&mut state) % bytes.len();
            bytes[at] = next(&mut state).to_le_bytes()[0];
        }
        bytes.truncate(whole.len() - next(&mut state) % 8);
        let _slots = core_relocations(&bytes, &whole, "flow_classify");
        if let Some(btf) = Btf::parse(&bytes)
            && let Some(map) = btf.variable("table")
        {
            for (_, id) in btf.members(map) {
                let _sizes = (btf.number(id), btf.pointee_bytes(id));
            }
        }
    }
}

#[test]
fn other_files_are_not_objects() {
    for bytes in [&b""[..], b"\x7fELF", b"MZ\x90\0", &[0; 4096]] {
        assert!(Object::parse(bytes).is_err());
    }
}
