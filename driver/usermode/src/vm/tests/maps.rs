//! Maps and their helpers, through objects with BTF.

use super::super::{
    CONTEXT_BYTES, Env, LoadError, MapError, MapKind, Object, Program, RunErrorKind,
};
use super::Instruction;
use super::assemble::{Elf, add, btf, bytes, call, copy, exit, load, mov, slot, store};

/// A program that calls `helper` on the map with the key and value at r10-8 and r10-16, both
/// taken from the context, with the flags at context offset 16; r0 is what the helper returned.
fn caller(helper: i32) -> Vec<Instruction> {
    vec![
        load(2, 1, 0),
        store(10, 2, -8),
        load(2, 1, 8),
        store(10, 2, -16),
        load(4, 1, 16),
        copy(2, 10),
        add(2, -8),
        copy(3, 10),
        add(3, -16),
        slot(0x18, 1, 0, 0, 0),
        slot(0, 0, 0, 0, 0),
        call(helper),
        exit(),
    ]
}

fn object(fields: &[(&str, u32)], code: &[Instruction], lddw: u64) -> Vec<u8> {
    let mut elf = Elf::new();
    let text = elf.section("flow_classify", true, &bytes(code));
    elf.function(text, "classify", 0);
    let maps = elf.section(".maps", false, &[0; 64]);
    let map = elf.variable(maps, "table", 0);
    elf.relocate(text, lddw, map, 1);
    elf.section(".BTF", false, &btf(&[("table", fields)]));
    elf.finish()
}

fn fields(kind: u32, entries: u32) -> [(&'static str, u32); 4] {
    let key = if matches!(kind, 2 | 5) { 4 } else { 8 };
    [("type", kind), ("key_size", key), ("value_size", 8), ("max_entries", entries)]
}

fn load_map(kind: u32, entries: u32, helper: i32) -> Result<Program, LoadError> {
    let bytes = object(&fields(kind, entries), &caller(helper), 9);
    Program::load(&Object::parse(&bytes)?, None)
}

/// Calls the helper with this key, value and flags; returns r0.
fn invoke(program: &mut Program, key: u64, value: u64, flags: u64) -> i64 {
    let mut context = [0; CONTEXT_BYTES];
    context[..8].copy_from_slice(&key.to_le_bytes());
    context[8..16].copy_from_slice(&value.to_le_bytes());
    context[16..24].copy_from_slice(&flags.to_le_bytes());
    let answer = program.run_wide(&context, None, &Env::default());
    answer.expect("the program runs").cast_signed()
}

const UPDATE: i32 = 2;
const DELETE: i32 = 3;

#[test]
fn hash_map_results_are_those_of_windows() {
    let mut program = load_map(1, 2, UPDATE).expect("the program is loadable");
    assert_eq!(invoke(&mut program, 1, 10, 2), -19, "exist, missing");
    assert_eq!(invoke(&mut program, 1, 10, 1), 0, "noexist, missing");
    assert_eq!(invoke(&mut program, 1, 11, 1), -8, "noexist, present");
    assert_eq!(invoke(&mut program, 1, 11, 2), 0, "exist, present");
    assert_eq!(invoke(&mut program, 2, 20, 0), 0, "any, missing");
    assert_eq!(invoke(&mut program, 3, 30, 0), -29, "full");
    assert_eq!(invoke(&mut program, 1, 12, 3), -6, "no such flag");
    let map = program.map("table").expect("the map");
    let entries: Vec<_> = map.entries().into_iter().map(|(k, v)| (k[0], v[0])).collect();
    assert_eq!(entries, [(1, 11), (2, 20)]);
    assert_eq!((map.len(), map.kind(), map.entries_max()), (2, MapKind::Hash, 2));
    assert_eq!((map.key_bytes(), map.value_bytes(), map.is_empty()), (8, 8, false));
}

#[test]
fn deleting_makes_room_again() {
    let mut program = load_map(1, 1, DELETE).expect("the program is loadable");
    assert_eq!(invoke(&mut program, 1, 0, 0), -19);
    let map = program.map_mut("table").expect("the map");
    for key in [1_u64, 2, 3] {
        assert_eq!(map.update(&key.to_le_bytes(), &[9; 8]), Ok(()));
        assert_eq!(map.update(&99_u64.to_le_bytes(), &[9; 8]), Err(MapError::OutOfSpace));
        assert_eq!(map.delete(&key.to_le_bytes()), Ok(()));
    }
    assert_eq!(map.update(&[0; 7], &[0; 8]), Err(MapError::InvalidArgument));
    assert_eq!(map.lookup(&[0; 7]), None);
}

#[test]
fn array_results_are_those_of_windows() {
    let mut program = load_map(2, 2, UPDATE).expect("the program is loadable");
    assert_eq!(invoke(&mut program, 1, 10, 0), 0);
    assert_eq!(invoke(&mut program, 1, 10, 1), -6, "noexist");
    assert_eq!(invoke(&mut program, 2, 10, 0), -6, "beyond the end");
    let mut map = program.map_mut("table").expect("the map");
    assert_eq!((map.len(), map.lookup(&[1, 0, 0, 0])), (2, Some(&10_u64.to_le_bytes()[..])));
    map = program.map_mut("table").expect("the map");
    assert_eq!(map.delete(&[1, 0, 0, 0]), Ok(()));
    assert_eq!(map.lookup(&[1, 0, 0, 0]), Some(&[0; 8][..]));
    assert_eq!(map.delete(&[2, 0, 0, 0]), Err(MapError::InvalidArgument));
}

#[test]
fn per_processor_updates_overwrite_whatever_the_flag() {
    for kind in [4, 5] {
        let mut program = load_map(kind, 2, UPDATE).expect("the program is loadable");
        assert_eq!(invoke(&mut program, 1, 10, 0), 0);
        assert_eq!(invoke(&mut program, 1, 11, 1), 0);
        let map = program.map("table").expect("the map");
        assert_eq!(map.entries().last().map(|(_, value)| value[0]), Some(11));
    }
}

#[test]
fn the_least_recently_used_entry_goes_first() {
    let mut program = load_map(8, 2, UPDATE).expect("the program is loadable");
    for key in [1, 2, 1, 3] {
        assert_eq!(invoke(&mut program, key, key, 0), 0);
    }
    let map = program.map("table").expect("the map");
    let keys: Vec<_> = map.entries().into_iter().map(|(key, _)| key[0]).collect();
    assert_eq!(keys, [1, 3]);
}

#[test]
fn looked_up_values_are_memory_of_the_map() {
    let mut code = caller(1);
    code.pop();
    // A missing entry is null; a found one counts its visits.
    code.extend([slot(0x55, 0, 0, 2, 0), mov(0, 77), exit(), mov(1, 1)]);
    code.extend([slot(0xdb, 0, 1, 0, 1), copy(0, 1), exit()]);
    let bytes = object(&fields(1, 4), &code, 9);
    let object = Object::parse(&bytes).expect("an object");
    let mut program = Program::load(&object, None).expect("the program is loadable");
    assert_eq!(invoke(&mut program, 5, 0, 0), 77);
    let map = program.map_mut("table").expect("the map");
    assert_eq!(map.update(&5_u64.to_le_bytes(), &0_u64.to_le_bytes()), Ok(()));
    for visit in 0..3 {
        assert_eq!(invoke(&mut program, 5, 0, 0), visit);
    }
    let map = program.map("table").expect("the map");
    assert_eq!(map.lookup(&5_u64.to_le_bytes()), Some(&3_u64.to_le_bytes()[..]));
}

#[test]
fn the_last_value_ends_where_the_map_ends() {
    let mut code = caller(1);
    code.pop();
    code.extend([slot(0x55, 0, 0, 1, 0), exit(), slot(0x71, 0, 0, 8, 0), exit()]);
    let bytes = object(&fields(2, 2), &code, 9);
    let object = Object::parse(&bytes).expect("an object");
    let mut program = Program::load(&object, None).expect("the program is loadable");
    let mut context = [0; CONTEXT_BYTES];
    context[0] = 1;
    assert!(program.run(&context, None, &Env::default()).is_err());
}

#[test]
fn unsupported_maps_are_refused_by_name() {
    for kind in [0, 3, 6, 7, 9, 10, 11, 12, 13, 14, 15, 99] {
        let error = load_map(kind, 2, UPDATE).expect_err("the map is refused");
        assert!(matches!(&error, LoadError::Map { name, .. } if name == "table"), "{error}");
    }
    assert!(load_map(1, 0, UPDATE).is_err(), "no entries");
    assert!(load_map(1, u32::MAX, UPDATE).is_err(), "too large");
    let odd = [("type", 2), ("key_size", 8), ("value_size", 8), ("max_entries", 1)];
    let bytes = object(&odd, &caller(UPDATE), 9);
    let object = Object::parse(&bytes).expect("an object");
    assert!(Program::load(&object, None).is_err(), "an array with a key of 8 bytes");
}

#[test]
fn helpers_tell_what_the_environment_says() {
    let env = Env { now_ns: 7_000_001, pid_tgid: 5 << 32 | 6, random_seed: 3 };
    let run = |helper| {
        let mut program = super::load_slots(&[call(helper), exit()]).expect("loadable");
        let first = program.run_wide(&[0; CONTEXT_BYTES], None, &env).expect("it runs");
        let second = program.run_wide(&[0; CONTEXT_BYTES], None, &env).expect("it runs");
        assert_eq!(first, second, "invocations are independent");
        first
    };
    assert_eq!([7, 9, 30, 31].map(run), [7_000_001, 7_000_001, 7, 7]);
    assert_eq!([8, 19].map(run), [0, 5 << 32 | 6]);
    assert_eq!(run(6) >> 32, 0);
}

#[test]
fn passing_from_one_value_into_the_next_faults() {
    for (kind, value_bytes, offset) in
        [(2, 8, 8), (1, 16, 16), (2, 400, 400), (2, 9, 9), (1, 12, 40)]
    {
        let write = [mov(2, 77), store(0, 2, offset), mov(0, 0), exit()];
        let mut code = vec![mov(2, 0), store(10, 2, -8), copy(2, 10), add(2, -8)];
        code.extend([slot(0x18, 1, 0, 0, 0), slot(0, 0, 0, 0, 0), call(1)]);
        code.push(slot(0x15, 0, 0, 2, 0));
        code.extend(write);
        let mut fields = fields(kind, 3);
        fields[2] = ("value_size", value_bytes);
        let object = Object::parse(&object(&fields, &code, 4)).expect("an object");
        let mut program = Program::load(&object, None).expect("a program");
        let map = program.map_mut("table").expect("the map");
        let (key, value) = (vec![0; map.key_bytes()], vec![0; map.value_bytes()]);
        map.update(&key, &value).expect("room");
        let failed = program.run(&[0; CONTEXT_BYTES], None, &Env::default());
        let failed = failed.expect_err("the store leaves the value").kind();
        assert_eq!(failed, RunErrorKind::Memory, "{kind} {value_bytes} {offset}");
    }
}

#[test]
fn a_deleted_entry_is_not_the_one_that_is_evicted() {
    let mut program = load_map(8, 2, UPDATE).expect("the program is loadable");
    let map = program.map_mut("table").expect("the map");
    let mut set = |key: u64| map.update(&key.to_le_bytes(), &[1; 8]);
    assert_eq!((set(1), set(2)), (Ok(()), Ok(())));
    assert_eq!(map.delete(&1_u64.to_le_bytes()), Ok(()));
    for key in [3_u64, 4, 5] {
        assert_eq!(map.update(&key.to_le_bytes(), &[1; 8]), Ok(()));
    }
    let keys: Vec<_> = map.entries().into_iter().map(|(key, _)| key[0]).collect();
    assert_eq!(keys, [4, 5]);
}

#[test]
fn a_lookup_by_the_program_keeps_an_entry_from_eviction() {
    let mut program = load_map(8, 2, 1).expect("the program is loadable");
    let map = program.map_mut("table").expect("the map");
    for key in [1_u64, 2] {
        assert_eq!(map.update(&key.to_le_bytes(), &[1; 8]), Ok(()));
    }
    assert_ne!(invoke(&mut program, 1, 0, 0), 0);
    let map = program.map_mut("table").expect("the map");
    assert_eq!(map.update(&3_u64.to_le_bytes(), &[1; 8]), Ok(()));
    let keys: Vec<_> = map.entries().into_iter().map(|(key, _)| key[0]).collect();
    assert_eq!(keys, [1, 3]);
}

#[test]
fn updates_of_large_values_use_up_the_budget() {
    let mut code = vec![mov(6, 0), slot(0x18, 1, 0, 0, 0), slot(0, 0, 0, 0, 0), copy(2, 10)];
    code.extend([add(2, -512), copy(3, 2), mov(4, 0), call(UPDATE), add(6, 1)]);
    code.extend([slot(0xa5, 6, 0, -9, 30_000), mov(0, 0), exit()]);
    let mut fields = fields(2, 1);
    fields[2] = ("value_size", 512);
    let object = Object::parse(&object(&fields, &code, 1)).expect("an object");
    let mut program = Program::load(&object, None).expect("a program");
    let failed =
        program.run(&[0; CONTEXT_BYTES], None, &Env::default()).expect_err("too much work");
    assert_eq!(failed.kind(), RunErrorKind::Budget);
}

#[test]
fn no_access_reaches_beyond_its_value() {
    for (value_bytes, body) in [
        (12, vec![slot(0x72, 0, 0, 12, 7)]),
        (8, vec![copy(1, 0), mov(2, 16), mov(3, 7), call(24)]),
    ] {
        let mut code = vec![mov(2, 0), store(10, 2, -8), copy(2, 10), add(2, -8)];
        code.extend([slot(0x18, 1, 0, 0, 0), slot(0, 0, 0, 0, 0), call(1)]);
        code.extend([slot(0x55, 0, 0, 1, 0), exit()]);
        code.extend(body);
        code.extend([mov(0, 0), exit()]);
        let mut fields = fields(2, 3);
        fields[2] = ("value_size", value_bytes);
        let object = Object::parse(&object(&fields, &code, 4)).expect("an object");
        let mut program = Program::load(&object, None).expect("a program");
        let failed = program.run(&[0; CONTEXT_BYTES], None, &Env::default());
        assert!(failed.is_err(), "{value_bytes}");
    }
}

#[test]
fn an_access_that_reaches_over_the_end_of_its_value_meets_no_other_value() {
    for value_bytes in [1, 8, 12, 16, 64, 400] {
        let last = i16::try_from(value_bytes).expect("small") - 1;
        let mut code = vec![mov(2, 0), store(10, 2, -8), copy(2, 10), add(2, -8)];
        code.extend([slot(0x18, 1, 0, 0, 0), slot(0, 0, 0, 0, 0), call(1)]);
        code.extend([slot(0x55, 0, 0, 1, 0), exit()]);
        code.extend([mov(2, -1), store(0, 2, last), mov(0, 0), exit()]);
        let mut fields = fields(2, 3);
        fields[2] = ("value_size", value_bytes);
        let object = Object::parse(&object(&fields, &code, 4)).expect("an object");
        let mut program = Program::load(&object, None).expect("a program");
        let _either_way = program.run(&[0; CONTEXT_BYTES], None, &Env::default());
        let map = program.map("table").expect("the map");
        for (key, value) in map.entries().into_iter().skip(1) {
            assert!(value.iter().all(|byte| *byte == 0), "{value_bytes} {key:?}");
        }
    }
}
