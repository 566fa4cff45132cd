//! Levels, processors, spin locks.

use crate::call::{machine, told};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
struct Affinity {
    mask: usize,
    group: u16,
    reserved: [u16; 3],
}

fn acquire(lock: *mut usize) -> u8 {
    import!("KeAcquireSpinLockRaiseToDpc", (*mut usize) -> u8)((lock,))
}

fn release(lock: *mut usize, irql: u8) {
    import!("KeReleaseSpinLock", (*mut usize, u8))((lock, irql));
}

#[test]
fn locks_raise_and_restore_the_level() {
    let kernel = machine();
    let (mut outer, mut inner) = (0, 0);
    let before = acquire(&raw mut outer);
    assert_eq!((before, kernel.irql(), kernel.locks_held()), (0, 2, 1));
    let between = acquire(&raw mut inner);
    release(&raw mut inner, between);
    assert_eq!(kernel.irql(), 2);
    release(&raw mut outer, before);
    assert_eq!((kernel.irql(), kernel.locks_held()), (0, 0));
    kernel.finish();
}

#[test]
fn misuse_of_locks_is_told() {
    let kernel = machine();
    let (mut first, mut second) = (0, 0);
    release(&raw mut first, 0);
    told(kernel, "not held");
    acquire(&raw mut first);
    acquire(&raw mut first);
    told(kernel, "deadlock");
    release(&raw mut first, 2);
    release(&raw mut first, 1);
    let violations = kernel.take_violations();
    assert!(violations[0].contains("it was 0"), "{violations:?}");
    acquire(&raw mut first);
    acquire(&raw mut second);
    release(&raw mut first, 0);
    told(kernel, "before one taken later");
    release(&raw mut second, 2);
    // The level fell with the first.
    told(kernel, "KeReleaseSpinLock at IRQL 0");
    kernel.processors_back_to_passive();
    kernel.enter("an entry", || acquire(&raw mut first));
    let violations = kernel.take_violations();
    assert!(violations[0].contains("an entry left 1 spin locks held"), "{violations:?}");
    assert!(violations[1].contains("an entry came back at IRQL 2"), "{violations:?}");
    kernel.finish();
}

/// For tests that leave the level where misuse left it.
trait BackToPassive {
    fn processors_back_to_passive(&self);
}

impl BackToPassive for weir_sim_kernel::Kernel {
    fn processors_back_to_passive(&self) {
        import!("KeLowerIrql", (u8))((0,));
    }
}

#[test]
fn waiting_with_a_lock_is_told() {
    let kernel = machine();
    let (mut lock, interval) = (0, -10_i64);
    let before = acquire(&raw mut lock);
    import!("KeDelayExecutionThread", (i8, u8, *const i64) -> i32)((0, 0, &raw const interval));
    let violations = kernel.take_violations();
    assert!(violations[0].contains("KeDelayExecutionThread at IRQL 2"), "{violations:?}");
    assert!(violations[1].contains("1 spin locks held"), "{violations:?}");
    release(&raw mut lock, before);
}

#[test]
fn processors_are_numbered_and_can_be_chosen() {
    let kernel = weir_sim_kernel::Kernel::boot(weir_sim_kernel::Options {
        processors: 70,
        ..weir_sim_kernel::Options::default()
    });
    let number = import!("KeGetCurrentProcessorNumberEx", (*mut [u8; 4]) -> u32);
    let count = import!("KeQueryMaximumProcessorCountEx", (u16) -> u32);
    let from_index = import!("KeGetProcessorNumberFromIndex", (u32, *mut [u8; 4]) -> i32);
    assert_eq!((count((0xFFFF,)), count((0,)), count((1,)), count((2,))), (70, 64, 6, 0));
    let mut by_group = [0xFF; 4];
    let current = kernel.on_processor(65, || number((&raw mut by_group,)));
    assert_eq!((current, by_group), (65, [1, 0, 1, 0]));
    assert_eq!(number((core::ptr::null_mut(),)), 0);
    assert_eq!((from_index((66, &raw mut by_group)), by_group), (0, [1, 0, 2, 0]));
    assert_eq!(from_index((70, &raw mut by_group)), 0xC000_000D_u32.cast_signed());
    kernel.finish();
}

#[test]
fn a_thread_moves_with_its_affinity_and_has_to_give_it_back() {
    let kernel = machine();
    let set = import!("KeSetSystemGroupAffinityThread", (*const Affinity, *mut Affinity));
    let revert = import!("KeRevertToUserGroupAffinityThread", (*const Affinity));
    let third = Affinity { mask: 0b100, ..Affinity::default() };
    let mut before = Affinity { mask: 7, ..Affinity::default() };
    set((&raw const third, &raw mut before));
    assert_eq!((kernel.processors.current(), before), (2, Affinity::default()));
    revert((&raw const before,));
    assert_eq!(kernel.processors.current(), 0);
    revert((&raw const before,));
    told(kernel, "without an affinity");
    let none = Affinity { mask: 1 << 9, ..Affinity::default() };
    set((&raw const none, &raw mut before));
    told(kernel, "KeSetSystemGroupAffinityThread");
    kernel.enter("an entry", || set((&raw const third, &raw mut before)));
    told(kernel, "bound to a processor");
    assert_eq!(kernel.processors.current(), 0);
    kernel.finish();
}

#[test]
fn a_call_has_to_come_back_at_its_level() {
    let kernel = machine();
    let raise = import!("KfRaiseIrql", (u8) -> u8);
    let lower = import!("KeLowerIrql", (u8));
    kernel.at_irql(1, || {
        let before = raise((2,));
        lower((before,));
    });
    kernel.at_irql(0, || raise((2,)));
    told(kernel, "came back at IRQL 2, not 0");
    lower((1,));
    told(kernel, "KeLowerIrql to 1 from 0");
}
