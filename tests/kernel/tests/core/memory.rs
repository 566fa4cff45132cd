//! Pool and rundown.

use crate::call::{last_words, machine, told};
use core::ffi::c_void;

const NON_PAGED: u64 = 0x40;
const UNINITIALIZED: u64 = 0x2;
const TAG: u32 = u32::from_le_bytes(*b"Weir");

fn allocate(flags: u64, bytes: usize, tag: u32) -> *mut c_void {
    import!("ExAllocatePool2", (u64, usize, u32) -> *mut c_void)((flags, bytes, tag))
}

fn free(block: *mut c_void, tag: u32) {
    import!("ExFreePoolWithTag", (*mut c_void, u32))((block, tag));
}

fn write(block: *mut c_void, at: usize, byte: u8) {
    let to = block.cast::<u8>().wrapping_add(at);
    // SAFETY: the place lies in a block or in its guard.
    unsafe { to.write(byte) };
}

fn read(block: *mut c_void, at: usize) -> u8 {
    let from = block.cast::<u8>().wrapping_add(at);
    // SAFETY: the place lies in a block.
    unsafe { from.read() }
}

#[test]
fn pool_is_zero_aligned_and_counted() {
    let kernel = machine();
    let block = allocate(NON_PAGED, 100, TAG);
    assert_eq!(block.addr() % 16, 0);
    assert!((0..100).all(|at| read(block, at) == 0));
    let raw = allocate(NON_PAGED | UNINITIALIZED, 50, TAG);
    assert_ne!(read(raw, 0), 0);
    assert_eq!((kernel.pool.allocations(), kernel.pool.live_bytes()), (2, 150));
    assert_eq!(kernel.pool.bytes_by_tag().get("Weir"), Some(&150));
    assert!(kernel.pool.contains(block.addr() + 99) && !kernel.pool.contains(block.addr() + 100));
    free(block, TAG);
    free(raw, TAG);
    assert_eq!((kernel.pool.live_blocks(), kernel.pool.peak_bytes()), (0, 150));
    assert_eq!(kernel.calls.of("ExAllocatePool2"), 2);
    kernel.finish();
}

#[test]
fn misuse_of_pool_is_told() {
    let kernel = machine();
    let block = allocate(NON_PAGED, 24, TAG);
    free(block, TAG + 1);
    told(kernel, "the block's tag is");
    free(block, TAG);
    told(kernel, "freed already");
    free(core::ptr::without_provenance_mut(0x1230), TAG);
    told(kernel, "no pool block");
    let block = allocate(NON_PAGED, 24, TAG);
    write(block, 24, 1);
    free(block, TAG);
    told(kernel, "written outside");
    assert!(allocate(NON_PAGED, 24, 0).is_null());
    told(kernel, "tag 0x0");
    assert!(allocate(0, 24, TAG).is_null());
    told(kernel, "not one kind of pool");
    assert!(!kernel.at_irql(3, || allocate(NON_PAGED, 24, TAG)).is_null());
    told(kernel, "IRQL 3");
}

#[test]
#[should_panic(expected = "written after its free")]
fn a_write_after_the_free_is_told_at_the_end() {
    let kernel = machine();
    let block = allocate(NON_PAGED, 24, TAG);
    free(block, TAG);
    write(block, 3, 1);
    kernel.finish();
}

#[test]
fn pool_fails_on_demand_and_at_its_limit() {
    let kernel = machine();
    kernel.faults.fail("ExAllocatePool2", 2, 0);
    let first = allocate(NON_PAGED, 24, TAG);
    assert!(!first.is_null());
    assert!(allocate(NON_PAGED, 24, TAG).is_null());
    kernel.pool.limit(Some(30));
    assert!(allocate(NON_PAGED, 24, TAG).is_null());
    kernel.pool.limit(None);
    kernel.faults.fail_point(1);
    assert!(allocate(NON_PAGED, 24, TAG).is_null());
    kernel.faults.fail_always("ExAllocatePool2", 0);
    assert!(allocate(NON_PAGED, 24, TAG).is_null());
    assert!(allocate(NON_PAGED, 24, TAG).is_null());
    kernel.faults.clear();
    assert_eq!(kernel.faults.points(), 6);
    assert_eq!(kernel.leftovers(), ["24 bytes of pool `Weir` leak"]);
    free(first, TAG);
    kernel.finish();
}

#[test]
fn rundown_refuses_once_it_began() {
    let kernel = machine();
    let mut block = 0_usize;
    let acquire = import!("ExAcquireRundownProtection", (*mut usize) -> u8);
    let release = import!("ExReleaseRundownProtection", (*mut usize));
    let wait = import!("ExWaitForRundownProtectionRelease", (*mut usize));
    assert_eq!(acquire((&raw mut block,)), 1);
    assert_eq!(kernel.leftovers(), ["1 rundown references are held"]);
    release((&raw mut block,));
    release((&raw mut block,));
    told(kernel, "without a reference");
    wait((&raw mut block,));
    assert_eq!(acquire((&raw mut block,)), 0);
    wait((&raw mut block,));
    kernel.at_irql(2, || wait((&raw mut block,)));
    told(kernel, "IRQL 2");
    kernel.finish();
}

/// Releases the block that it gets.
unsafe extern "win64" fn release_later(_: *mut c_void, block: *mut c_void) {
    import!("ExReleaseRundownProtection", (*mut usize))((block.cast(),));
}

#[test]
fn a_rundown_waits_for_work() {
    type Routine = unsafe extern "win64" fn(*mut c_void, *mut c_void);
    let kernel = machine();
    let (mut block, mut device) = (0_usize, core::ptr::null_mut());
    let create = import!(
        "IoCreateDevice",
        (*mut c_void, u32, *const c_void, u32, u32, u8, *mut *mut c_void) -> i32
    );
    let driver = kernel.io.driver_object();
    assert_eq!(create((driver, 0, core::ptr::null(), 0x12, 0, 0, &raw mut device)), 0);
    let item = import!("IoAllocateWorkItem", (*mut c_void) -> *mut c_void)((device,));
    import!("ExAcquireRundownProtection", (*mut usize) -> u8)((&raw mut block,));
    let queue = import!("IoQueueWorkItem", (*mut c_void, Routine, i32, *mut c_void));
    queue((item, release_later, 1, (&raw mut block).cast()));
    assert_eq!(kernel.rundown.held(), 1);
    import!("ExWaitForRundownProtectionRelease", (*mut usize))((&raw mut block,));
    assert_eq!(kernel.rundown.held(), 0);
    import!("IoFreeWorkItem", (*mut c_void))((item,));
    import!("IoDeleteDevice", (*mut c_void))((device,));
    kernel.finish();
}

#[test]
fn a_rundown_that_never_ends_is_told() {
    if let Some(words) = last_words("memory::a_rundown_that_never_ends_is_told") {
        assert!(words.contains("waits for ever: 1 references"), "{words}");
        return;
    }
    let _kernel = machine();
    let mut block = 0_usize;
    import!("ExAcquireRundownProtection", (*mut usize) -> u8)((&raw mut block,));
    import!("ExWaitForRundownProtectionRelease", (*mut usize))((&raw mut block,));
}
