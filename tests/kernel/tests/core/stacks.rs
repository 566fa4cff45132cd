//! Kernel stacks, and the ends of a process.

use crate::call::{last_words, machine, told};
use core::cell::Cell;
use core::ffi::c_void;
use core::hint::black_box;

type Callout = unsafe extern "win64" fn(*mut c_void);

fn expand(callout: Callout, parameter: *mut c_void, bytes: usize, waits: u8) -> i32 {
    let expand = import!(
        "KeExpandKernelStackAndCalloutEx",
        (Callout, *mut c_void, usize, u8, *mut c_void) -> i32
    );
    expand((callout, parameter, bytes, waits, core::ptr::null_mut()))
}

/// Uses about so many bytes of stack.
fn deep(bytes: usize) -> u8 {
    let frame = black_box([1_u8; 512]);
    if bytes <= frame.len() { frame[0] } else { deep(bytes - frame.len()) & frame[1] }
}

#[test]
fn entries_run_on_stacks_of_their_own_and_are_measured() {
    let kernel = machine();
    let here = 0_u8;
    let there = kernel.enter("shallow", || {
        let there = 0_u8;
        (&raw const there).addr()
    });
    assert!((&raw const here).addr().abs_diff(there) > 64 << 10);
    assert_eq!(kernel.enter("deep", || deep(8 << 10)), 1);
    assert_eq!(kernel.enter("deep", || deep(1 << 10)), 1);
    let (shallow, deep) = (kernel.stacks.mark("shallow"), kernel.stacks.mark("deep"));
    assert!((8 << 10..24 << 10).contains(&deep), "{deep}");
    assert!((1..4 << 10).contains(&shallow), "{shallow}");
    kernel.finish();
}

#[test]
fn entries_nest_and_the_own_stack_can_be_returned_to() {
    let kernel = machine();
    let place = || {
        let local = 0_u8;
        black_box(&raw const local).addr()
    };
    let outside = place();
    let (outer, inner, own) = kernel.enter("outer", || {
        (place(), kernel.enter("inner", place), weir_sim_kernel::stack::on_host(place))
    });
    assert!(outer.abs_diff(inner) >= 24 << 10);
    assert!(outside.abs_diff(own) < 16 << 10, "{outside:#x} {own:#x}");
    assert_eq!(weir_sim_kernel::stack::on_host(|| 5), 5);
}

#[test]
fn measuring_can_be_turned_off() {
    let kernel = machine();
    kernel.stacks.measure(false);
    kernel.enter("unseen", || deep(4 << 10));
    assert_eq!(kernel.stacks.mark("unseen"), 0);
    kernel.stacks.measure(true);
    kernel.enter("seen", || deep(512));
    assert!((512..4 << 10).contains(&kernel.stacks.mark("seen")));
}

#[test]
#[should_panic(expected = "from within")]
fn a_panic_passes_the_change_of_stacks() {
    let kernel = machine();
    kernel.enter("a test that fails", || panic!("from within"));
}

unsafe extern "win64" fn callout(parameter: *mut c_void) {
    // SAFETY: the test passes a number, how deep to go.
    let depth = unsafe { &*parameter.cast::<Cell<usize>>() };
    depth.set(usize::from(deep(depth.get())));
}

#[test]
fn an_expanded_stack_has_the_size_that_was_asked_for() {
    let kernel = machine();
    let depth = Cell::new(7_usize << 10);
    let parameter = (&raw const depth).cast_mut().cast();
    let status =
        kernel.at_irql(2, || kernel.enter("classify", || expand(callout, parameter, 16 << 10, 0)));
    assert_eq!((status, depth.get()), (0, 1));
    assert!((7 << 10..16 << 10).contains(&kernel.stacks.mark("expanded stack")));
    kernel.at_irql(2, || expand(callout, parameter, 16 << 10, 1));
    told(kernel, "IRQL 2");
    depth.set(0);
    kernel.faults.fail("KeExpandKernelStackAndCalloutEx", 1, 0xC000_0017_u32.cast_signed());
    assert_eq!(expand(callout, parameter, 16 << 10, 0), 0xC000_0017_u32.cast_signed());
    assert_eq!(expand(callout, parameter, 1 << 20, 0), 0xC000_00F1_u32.cast_signed());
    assert_eq!(depth.get(), 0);
    kernel.finish();
}

#[test]
fn a_stack_overflow_is_told() {
    if let Some(words) = last_words("stacks::a_stack_overflow_is_told") {
        assert!(words.contains("stack overflow in `greedy`"), "{words}");
        return;
    }
    machine().enter("greedy", || deep(64 << 10));
}

#[test]
fn an_overflow_of_an_expanded_stack_is_told() {
    if let Some(words) = last_words("stacks::an_overflow_of_an_expanded_stack_is_told") {
        assert!(words.contains("stack overflow in `expanded stack`"), "{words}");
        return;
    }
    let depth = Cell::new(40_usize << 10);
    let _kernel = machine();
    expand(callout, (&raw const depth).cast_mut().cast(), 8 << 10, 0);
}

#[test]
fn a_bug_check_is_told() {
    if let Some(words) = last_words("stacks::a_bug_check_is_told") {
        assert!(words.contains("bug check 0x57454952 (0x1, 0x2, 0x3, 0x4)"), "{words}");
        return;
    }
    let _kernel = machine();
    import!("KeBugCheckEx", (u32, usize, usize, usize, usize))((0x5745_4952, 1, 2, 3, 4));
}

#[test]
fn memory_functions_do_what_the_compiler_expects() {
    let copy = import!("memmove", (*mut u8, *const u8, usize) -> *mut u8);
    let set = import!("memset", (*mut u8, i32, usize) -> *mut u8);
    let compare = import!("memcmp", (*const u8, *const u8, usize) -> i32);
    let mut bytes = *b"abcdef";
    let at = bytes.as_mut_ptr();
    assert_eq!(copy((at.wrapping_add(1), at, 5)), at.wrapping_add(1));
    set((at, 0x178, 1));
    assert_eq!(&bytes, b"xabcde");
    assert!(compare((b"ab".as_ptr(), b"b".as_ptr(), 1)) < 0);
    assert!(compare((b"b\xFF".as_ptr(), b"b\x01".as_ptr(), 2)) > 0);
    assert_eq!(compare((b"b\xFF".as_ptr(), b"b\x01".as_ptr(), 1)), 0);
}
