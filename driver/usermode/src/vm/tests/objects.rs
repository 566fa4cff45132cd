//! Objects: choosing programs, functions that call each other, global data, relocations.

use object::SymbolKind;
use object::write::SymbolSection;

use super::super::{CONTEXT_BYTES, Env, LoadError, Object, Program, RunErrorKind};
use super::assemble::{Elf, add, bytes, copy, exit, load, mov, slot, store};

fn program(elf: &Elf, name: Option<&str>) -> Result<Program, LoadError> {
    Program::load(&Object::parse(&elf.finish())?, name)
}

fn run(program: &mut Program) -> u32 {
    program.run(&[0; CONTEXT_BYTES], None, &Env::default()).expect("the program runs")
}

fn two_programs() -> Elf {
    let mut elf = Elf::new();
    for (section, answer) in [("flow_classify/a", 1), ("other", 2)] {
        let code = bytes(&[mov(0, answer), exit(), mov(0, answer + 10), exit()]);
        let id = elf.section(section, true, &code);
        elf.function(id, &format!("first_{answer}"), 0);
        elf.function(id, &format!("second_{answer}"), 2);
    }
    elf
}

#[test]
fn programs_are_chosen_by_section_or_function() {
    let elf = two_programs();
    for (name, answer) in [("first_1", 1), ("second_1", 11), ("second_2", 12)] {
        let mut program = program(&elf, Some(name)).expect("the program is loadable");
        assert_eq!(run(&mut program), answer);
        assert_eq!(program.name(), name);
    }
    let several = program(&elf, None).expect_err("two programs fit");
    assert_eq!(several.to_string(), "choose a program: first_1, second_1 fit");
    let none = program(&elf, Some("third")).expect_err("no program fits");
    assert_eq!(none.to_string(), "find a program \"third\": the object has flow_classify/a, other");
}

#[test]
fn the_only_flow_classify_section_is_the_default() {
    let mut elf = Elf::new();
    elf.section("flow_classify", true, &bytes(&[mov(0, 3), exit()]));
    elf.section("xdp", true, &bytes(&[mov(0, 4), exit()]));
    assert_eq!(run(&mut program(&elf, None).expect("the program is loadable")), 3);
    elf.section("flow_classify/2", true, &bytes(&[mov(0, 5), exit()]));
    assert!(matches!(program(&elf, None), Err(LoadError::SeveralPrograms { .. })));
}

/// A program in a section of its own that calls `.text` by relocation, which calls on within its
/// section by distance.
fn calling() -> Elf {
    let mut elf = Elf::new();
    let main = [mov(6, 5), mov(1, 2), slot(0x85, 0, 1, 0, -1), slot(0x0f, 0, 6, 0, 0), exit()];
    let text = elf.section(".text", true, &[]);
    let code = [
        mov(6, 100),
        store(10, 6, -8),
        slot(0x85, 0, 1, 0, 2),
        load(1, 10, -8),
        exit(),
        copy(0, 1),
        add(0, 40),
        exit(),
    ];
    elf.0.append_section_data(text, &bytes(&code), 8);
    let outer = elf.function(text, "outer", 0);
    elf.function(text, "inner", 5);
    let id = elf.section("flow_classify", true, &bytes(&main));
    elf.function(id, "main", 0);
    elf.relocate(id, 2, outer, 10);
    elf
}

#[test]
fn functions_call_each_other_and_keep_r6_to_r9() {
    assert_eq!(run(&mut program(&calling(), None).expect("the program is loadable")), 47);
}

#[test]
fn deep_recursion_is_a_stack_error() {
    let mut elf = Elf::new();
    elf.section("flow_classify", true, &bytes(&[slot(0x85, 0, 1, 0, -1), exit()]));
    let mut program = program(&elf, None).expect("the program is loadable");
    let error = program.run(&[0; CONTEXT_BYTES], None, &Env::default()).expect_err("it recurses");
    assert_eq!((error.kind(), error.ebpf_result()), (RunErrorKind::Stack, 17));
}

/// A program that reads, or also writes, the second word of a section of global data.
fn global(section: &str, writes: bool) -> Elf {
    let mut elf = Elf::new();
    let mut code = vec![slot(0x18, 1, 0, 0, 0), slot(0, 0, 0, 0, 0), load(0, 1, 0)];
    if writes {
        code.extend([slot(0xbf, 2, 0, 0, 0), add(2, 1), store(1, 2, 0)]);
    }
    code.push(exit());
    let id = elf.section("flow_classify", true, &bytes(&code));
    let words: Vec<u8> = [5_u64, 6].into_iter().flat_map(u64::to_le_bytes).collect();
    let data = elf.section(section, false, &words);
    let symbol = elf.variable(data, "variable", 8);
    elf.relocate(id, 0, symbol, 1);
    elf
}

#[test]
fn global_data_is_kept_between_invocations() {
    let mut program = program(&global(".data", true), None).expect("the program is loadable");
    assert_eq!([run(&mut program), run(&mut program), run(&mut program)], [6, 7, 8]);
}

#[test]
fn constant_data_is_read_only() {
    let mut reads = program(&global(".rodata.str1.1", false), None).expect("loadable");
    assert_eq!(run(&mut reads), 6);
    let mut writes = program(&global(".rodata", true), None).expect("loadable");
    let error = writes.run(&[0; CONTEXT_BYTES], None, &Env::default()).expect_err("it writes");
    assert_eq!(error.kind(), RunErrorKind::Memory);
}

#[test]
fn unresolvable_relocations_are_refused() {
    let mut elf = Elf::new();
    let code = [slot(0x18, 1, 0, 0, 0), slot(0, 0, 0, 0, 0), mov(0, 0), exit()];
    let id = elf.section("flow_classify", true, &bytes(&code));
    let missing = elf.symbol(SymbolSection::Undefined, "missing", 0, SymbolKind::Data);
    elf.relocate(id, 0, missing, 1);
    let error = program(&elf, None).expect_err("the program is refused");
    assert!(matches!(&error, LoadError::Relocation { symbol, .. } if symbol == "missing"));
    // The address of a function, and a relocation of an instruction that takes none.
    let mut elf = calling();
    let id = elf.section("flow_classify/2", true, &bytes(&code));
    let function = elf.function(id, "other", 0);
    elf.relocate(id, 0, function, 1);
    assert!(program(&elf, Some("other")).is_err());
    let id = elf.section("flow_classify/3", true, &bytes(&[mov(0, 0), exit()]));
    elf.relocate(id, 0, function, 1);
    assert!(program(&elf, Some("flow_classify/3")).is_err());
}
