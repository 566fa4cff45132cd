//! Programs that leave their memory or their budgets: always an error, never a crash.

use super::super::layout::{CONTEXT_START, DATA_START, STACK_START};
use super::super::{CONTEXT_BYTES, Env, RunError, RunErrorKind};
use super::assemble::{add, call, copy, exit, load, mov, slot, store, wide};
use super::{load_slots, run_slots};

const DATA: [u8; 5] = [1, 2, 3, 4, 5];

fn kind(code: &[super::Instruction]) -> RunErrorKind {
    run_slots(code, Some(&DATA)).expect_err("the run fails").kind()
}

#[test]
fn wild_pointers_are_memory_errors() {
    let wild = [
        0,
        1,
        8,
        0xffff_ffff,
        CONTEXT_START - 64,
        CONTEXT_START - 1,
        CONTEXT_START + 97,
        DATA_START - 1,
        DATA_START + 5,
        STACK_START,
        STACK_START + (1 << 20),
        5 << 32,
        0x4000_0000_0000_0000,
        0x7fff_ffff_ffff_ffff,
        0xffff_ffff_ffff_fffc,
        u64::MAX,
    ];
    for address in wild {
        for access in [load(0, 1, 0), store(1, 0, 0), slot(0xdb, 1, 0, 0, 0)] {
            let [low, high] = wide(1, address);
            assert_eq!(kind(&[low, high, access, exit()]), RunErrorKind::Memory, "{address:#x}");
        }
    }
}

#[test]
fn a_memory_error_says_where() {
    let code = [mov(1, 8), slot(0x61, 0, 1, 4, 0), exit()];
    let error = run_slots(&code, None).expect_err("the run fails");
    assert_eq!(error.to_string(), "load 4 bytes at 0xc (null) in test+1");
    assert_eq!(error.ebpf_result(), 31);
    assert!(!error.hint().is_empty());
}

#[test]
fn the_segment_ends_exactly_at_data_end() {
    let read_at = |offset: i16| {
        run_slots(&[load(1, 1, 88), slot(0x71, 0, 1, offset, 0), exit()], Some(&DATA))
    };
    assert_eq!(read_at(0), Ok(1));
    assert_eq!(read_at(4), Ok(5));
    assert!(read_at(5).is_err());
    assert!(read_at(-1).is_err());
    let length = [load(0, 1, 96), load(1, 1, 88), slot(0x1f, 0, 1, 0, 0), exit()];
    assert_eq!(run_slots(&length, Some(&DATA)), Ok(5));
}

#[test]
fn s01_without_data_both_pointers_are_null() {
    for offset in [88, 96] {
        assert_eq!(run_slots(&[load(0, 1, offset), exit()], None), Ok(0));
    }
}

#[test]
fn a_segment_is_gone_after_its_invocation() {
    let [low, high] = wide(1, DATA_START);
    let mut program = load_slots(&[low, high, slot(0x71, 0, 1, 0, 0), exit()]).expect("loadable");
    for _ in 0..2 {
        assert_eq!(program.run(&[0; CONTEXT_BYTES], Some(&DATA), &Env::default()), Ok(1));
        assert!(program.run(&[0; CONTEXT_BYTES], None, &Env::default()).is_err());
    }
}

#[test]
fn s24_segment_data_is_read_only() {
    let stores = [
        slot(0x72, 1, 0, 0, 7),
        slot(0x73, 1, 0, 0, 0),
        slot(0xc3, 1, 0, 0, 0),
        slot(0xc3, 1, 2, 0, 0xf1),
    ];
    for write in stores {
        let code = [load(1, 1, 88), mov(0, 0), mov(2, 0), write, exit()];
        let error = run_slots(&code, Some(&DATA)).expect_err("the run fails");
        assert!(
            matches!(error, RunError::Memory { access: "store", region: "segment data", .. }),
            "{error}"
        );
    }
}

#[test]
fn s02_the_context_is_writable_and_new_each_time() {
    let code = [slot(0x61, 0, 1, 0, 0), slot(0x62, 1, 0, 0, 9), exit()];
    let mut program = load_slots(&code).expect("the program is loadable");
    let mut context = [0; CONTEXT_BYTES];
    context[0] = 23;
    for _ in 0..2 {
        assert_eq!(program.run(&context, None, &Env::default()), Ok(23));
    }
}

#[test]
fn the_stack_is_zero_in_each_invocation() {
    let code = [load(0, 10, -512), slot(0x7a, 10, 0, -512, 9), exit()];
    let mut program = load_slots(&code).expect("the program is loadable");
    for _ in 0..2 {
        assert_eq!(program.run(&[0; CONTEXT_BYTES], None, &Env::default()), Ok(0));
    }
}

#[test]
fn dynamic_indices_cannot_leave_the_stack() {
    for (offset, fits) in [(-512, true), (-8, true), (-513, false), (-520, false), (0, false)] {
        let code = [copy(1, 10), add(1, offset), load(0, 1, 0), exit()];
        assert_eq!(run_slots(&code, None).is_ok(), fits, "r10{offset:+}");
    }
    // Neither can those of helpers, even where the library's own check looks at one end only.
    let straddle = [copy(1, 10), add(1, -4), mov(2, 8), mov(3, 1), call(24), exit()];
    assert_eq!(kind(&straddle), RunErrorKind::Helper);
}

#[test]
fn endless_loops_end() {
    assert_eq!(kind(&[slot(0x05, 0, 0, -1, 0)]), RunErrorKind::Budget);
    // Helpers count too.
    let error = run_slots(&[call(9), slot(0x05, 0, 0, -2, 0)], None).expect_err("the run fails");
    assert_eq!((error.kind(), error.ebpf_result()), (RunErrorKind::Budget, 32));
}

#[test]
fn helpers_that_copy_use_up_the_budget() {
    // 30,000 rounds are 210,000 instructions and 1,920,000 times 8 bytes.
    let set = [copy(1, 10), add(1, -512), mov(2, 512), mov(3, 1), call(24)];
    let mut code = vec![mov(6, 0)];
    code.extend(set);
    code.extend([add(6, 1), slot(0xa5, 6, 0, -7, 30_000), mov(0, 0), exit()]);
    assert_eq!(kind(&code), RunErrorKind::Budget);
}

#[test]
fn a_failed_run_leaves_the_program_usable() {
    let code = [load(0, 1, 88), slot(0x15, 0, 0, 1, 0), load(0, 0, 100), mov(0, 2), exit()];
    let mut program = load_slots(&code).expect("the program is loadable");
    for _ in 0..3 {
        assert!(program.run(&[0; CONTEXT_BYTES], Some(&DATA), &Env::default()).is_err());
        assert_eq!(program.run(&[0; CONTEXT_BYTES], None, &Env::default()), Ok(2));
    }
}

#[test]
fn the_answer_is_the_low_half_of_r0() {
    let [low, high] = wide(0, 0x1_0000_0002);
    let mut program = load_slots(&[low, high, exit()]).expect("the program is loadable");
    assert_eq!(program.run(&[0; CONTEXT_BYTES], None, &Env::default()), Ok(2));
}

#[test]
fn helpers_refuse_bad_pointers() {
    let handle = wide(1, 0x4000_0000_0000_0000);
    let calls = [
        vec![handle[0], handle[1], copy(2, 10), add(2, -8), call(1)],
        vec![mov(1, 0), copy(2, 10), call(1)],
        vec![mov(1, 0), mov(2, 16), call(12)],
        vec![copy(6, 1), copy(1, 10), add(1, -8), mov(2, 9), call(12)],
        vec![mov(1, 0), mov(2, 4), mov(3, 0), mov(4, 4), call(22)],
        vec![load(1, 1, 88), mov(2, 4), copy(3, 1), mov(4, 4), call(25)],
        vec![copy(3, 1), add(3, 100), mov(2, 8), mov(4, 8), call(23)],
        vec![mov(2, -1), mov(3, 0), call(24)],
    ];
    for mut code in calls {
        code.push(exit());
        assert_eq!(kind(&code), RunErrorKind::Helper, "{code:?}");
    }
}

#[test]
fn s02_what_a_program_writes_into_its_context_reaches_nobody() {
    let code = [load(0, 1, 72), mov(2, 77), store(1, 2, 72), exit()];
    let mut program = load_slots(&code).expect("the program is loadable");
    let mut context = [0; CONTEXT_BYTES];
    context[72] = 5;
    for _ in 0..3 {
        assert_eq!(program.run(&context, None, &Env::default()), Ok(5));
    }
}

#[test]
fn a_comparison_that_ties_is_decided_by_the_lengths() {
    let code = |left, right| {
        let mut code = vec![slot(0x7a, 10, 0, -8, 0), copy(1, 10), add(1, -8), mov(2, left)];
        code.extend([copy(3, 1), mov(4, right), call(23), exit()]);
        run_slots(&code, None).map(u64::cast_signed).ok()
    };
    assert_eq!([code(4, 8), code(8, 8), code(8, 4)], [Some(-1), Some(0), Some(1)]);
}

#[test]
fn helpers_cannot_cross_the_end_of_a_stack_frame() {
    // 16 bytes from r10-8 would end in the piece behind the frame.
    let body = [copy(1, 10), add(1, -1040), mov(2, 16), mov(3, 7), call(24), mov(0, 0), exit()];
    assert!(run_slots(&body, None).is_ok(), "the spill piece itself is mapped");
    let body = [copy(1, 10), add(1, -1032), mov(2, 520), mov(3, 7), call(24), mov(0, 0), exit()];
    assert!(run_slots(&body, None).is_err());
}

#[test]
fn helpers_that_compare_use_up_the_budget() {
    let compare = [copy(1, 10), add(1, -512), mov(2, 512), copy(3, 1), mov(4, 512), call(23)];
    let mut code = vec![mov(6, 0)];
    code.extend(compare);
    code.extend([add(6, 1), slot(0xa5, 6, 0, -8, 30_000), mov(0, 0), exit()]);
    assert_eq!(kind(&code), RunErrorKind::Budget);
}
