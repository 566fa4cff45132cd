//! Pool at guarded pages, and pointers into it that imports are given.

use crate::call::{last_words, machine, told};
use core::ffi::c_void;
use core::ptr::null;
use weir_sim_kernel::Kernel;
use weir_sim_kernel::pool::Guards;

const NON_PAGED: u64 = 0x40;
const PAGED: u64 = 0x100;
const RAISE_ON_FAILURE: u64 = 0x20;
const TAG: u32 = u32::from_le_bytes(*b"Weir");

fn allocate(flags: u64, bytes: usize, tag: u32) -> *mut u8 {
    import!("ExAllocatePool2", (u64, usize, u32) -> *mut u8)((flags, bytes, tag))
}

fn free(block: *mut u8) {
    import!("ExFreePoolWithTag", (*mut u8, u32))((block, TAG));
}

fn guarded(guards: Guards) -> &'static Kernel {
    let kernel = machine();
    kernel.pool.guard(guards);
    kernel
}

fn write(at: *mut u8) {
    // SAFETY: wherever that is: the tests are about what becomes of it.
    unsafe { at.write_volatile(1) };
}

fn read(at: *const u8) -> u8 {
    // SAFETY: as above.
    unsafe { at.read_volatile() }
}

/// Runs the test `name` in a process that touches memory it must not, and must not come back.
fn dies(name: &str, touch: impl FnOnce()) {
    match last_words(&format!("memory::{name}")) {
        Some(words) => assert!(!words.contains("came back"), "{words}"),
        None => {
            touch();
            // Coming back is the failure.
            panic!("came back");
        }
    }
}

#[test]
fn tags_that_nobody_can_read_are_told() {
    let kernel = machine();
    for tag in [*b"We\xefr", *b"W\0ir", *b"    ", *b"None", *b"\x7feir"] {
        assert!(!allocate(NON_PAGED, 8, u32::from_le_bytes(tag)).is_null());
        told(kernel, "which nobody can read");
    }
    assert!(!allocate(NON_PAGED, 8, TAG).is_null());
    assert!(kernel.take_violations().is_empty());
}

#[test]
fn flags_that_are_not_for_this_driver_are_told() {
    let kernel = machine();
    for flags in [RAISE_ON_FAILURE, 0x1, 0x4, 0x10, 1 << 40] {
        allocate(NON_PAGED | flags, 8, TAG);
        told(kernel, "ExAllocatePool2 with flags");
    }
    allocate(0x80, 8, TAG);
    told(kernel, "that can be executed");
    assert!(allocate(NON_PAGED, 0, TAG).is_null());
    told(kernel, "of 0 bytes");
}

#[test]
fn paged_pool_is_neither_asked_for_nor_freed_at_dispatch_level() {
    let kernel = machine();
    let block = allocate(PAGED, 8, TAG);
    kernel.at_irql(2, || allocate(PAGED, 8, TAG));
    told(kernel, "ExAllocatePool2 at IRQL 2");
    kernel.at_irql(2, || free(block));
    told(kernel, "ExFreePoolWithTag of paged memory at IRQL 2");
}

#[test]
fn every_byte_around_a_guarded_block_is_looked_at_when_it_is_freed() {
    for guards in [Guards::After, Guards::Before] {
        let kernel = guarded(guards);
        for bytes in [1_usize, 8, 24, 100] {
            let block = allocate(NON_PAGED, bytes, TAG);
            let is_slack = guards == Guards::Before || bytes % 16 != 0;
            if is_slack {
                write(block.wrapping_add(bytes));
                free(block);
                told(kernel, "was written outside");
            } else {
                free(block);
            }
            let block = allocate(NON_PAGED, bytes, TAG);
            if guards == Guards::After {
                write(block.wrapping_sub(1));
                free(block);
                told(kernel, "was written outside");
            }
        }
    }
}

#[test]
fn a_read_behind_a_guarded_block_ends_the_process() {
    dies("a_read_behind_a_guarded_block_ends_the_process", || {
        let _kernel = guarded(Guards::After);
        read(allocate(NON_PAGED, 32, TAG).wrapping_add(32));
    });
}

#[test]
fn a_write_before_a_guarded_block_ends_the_process() {
    dies("a_write_before_a_guarded_block_ends_the_process", || {
        let _kernel = guarded(Guards::Before);
        write(allocate(NON_PAGED, 32, TAG).wrapping_sub(1));
    });
}

#[test]
fn a_read_of_a_guarded_block_that_is_freed_ends_the_process() {
    dies("a_read_of_a_guarded_block_that_is_freed_ends_the_process", || {
        let _kernel = guarded(Guards::After);
        let block = allocate(NON_PAGED, 32, TAG);
        free(block);
        read(block);
    });
}

#[test]
fn guarded_blocks_are_whole_zero_and_aligned() {
    for guards in [Guards::Off, Guards::After, Guards::Before] {
        let kernel = guarded(guards);
        for bytes in [1, 24, 4096, 10_000] {
            for (flags, align) in [(NON_PAGED, 16), (NON_PAGED | 0x8, 64)] {
                let block = allocate(flags, bytes, TAG);
                assert_eq!(block.addr() % align, 0);
                assert!((0..bytes).all(|at| read(block.wrapping_add(at)) == 0));
                write(block.wrapping_add(bytes - 1));
                free(block);
            }
        }
        let block = allocate(NON_PAGED, 8, TAG);
        free(block);
        free(block);
        told(kernel, "freed already");
        kernel.finish();
    }
}

/// `FwpsFlowAbort0` and its like take numbers; this one takes a pointer to a GUID.
fn register(provider: *const u8) -> i32 {
    let register =
        import!("EtwRegister", (*const u8, *const c_void, *const c_void, *mut u64) -> i32);
    let mut handle = 0;
    register((provider, null(), null(), &raw mut handle))
}

#[test]
fn a_pointer_to_less_than_an_import_reads_is_told() {
    let kernel = guarded(Guards::Before);
    let block = allocate(NON_PAGED, 40, TAG);
    assert_eq!(register(block.wrapping_add(24)), 0);
    assert!(kernel.take_violations().is_empty());
    register(allocate(NON_PAGED, 12, TAG));
    let told = kernel.take_violations();
    assert!(told.iter().any(|it| it.contains("16 bytes of which 12 are a block's")), "{told:?}");
}

#[test]
fn paged_pool_that_an_import_is_given_at_dispatch_level_is_told() {
    let kernel = guarded(Guards::After);
    let block = allocate(PAGED, 64, TAG);
    register(block);
    assert!(kernel.take_violations().is_empty());
    let time = import!("KeQueryPerformanceCounter", (*mut i64) -> i64);
    kernel.at_irql(2, || time((core::ptr::null_mut(),)));
    kernel.at_irql(2, || register(block.wrapping_add(16)));
    let told = kernel.take_violations();
    assert!(told.iter().any(|it| it.contains("paged pool at DISPATCH_LEVEL")), "{told:?}");
}

#[test]
fn freed_pool_that_an_import_is_given_ends_the_process() {
    let name = "memory::freed_pool_that_an_import_is_given_ends_the_process";
    if let Some(words) = last_words(name) {
        assert!(words.contains("which is freed pool"), "{words}");
        return;
    }
    let _kernel = guarded(Guards::After);
    let block = allocate(NON_PAGED, 64, TAG);
    free(block);
    register(block.wrapping_add(8));
}

#[test]
fn a_block_with_a_timer_that_is_set_is_not_freed_in_silence() {
    let kernel = guarded(Guards::After);
    let block = allocate(NON_PAGED, 64, TAG);
    import!("KeInitializeTimerEx", (*mut u8, i32))((block, 1));
    import!("KeSetTimerEx", (*mut u8, i64, i32, *mut u8) -> u8)((
        block,
        -10,
        0,
        core::ptr::null_mut(),
    ));
    free(block);
    told(kernel, "an active lock, timer or DPC is freed");
}
