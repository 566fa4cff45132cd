//! Registry keys and event providers: what is asked for too much, twice, or from the wrong place.

use crate::call::{machine, told};
use crate::keys::{open_key, with_text};
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::{null, null_mut};
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::io::{REGISTRY_PATH, UnicodeString};
use weir_sim_kernel::{Kernel, Options};

const KEY_READ: u32 = 0x2_0019;
const KEY_ALL_ACCESS: u32 = 0xF_003F;
const KEY_ENUMERATE_SUB_KEYS: u32 = 0x8;
const ACCESS_DENIED: i32 = 0xC000_0022_u32.cast_signed();

fn open(access: u32, attributes: u32) -> usize {
    open_key(0, REGISTRY_PATH, access, attributes).unwrap()
}

fn query(handle: usize, buffer: *mut u8, room: u32) -> i32 {
    let query = import!(
        "ZwQueryValueKey",
        (usize, *const UnicodeString, i32, *mut u8, u32, *mut u32) -> i32
    );
    let mut needed = 0;
    with_text("DisplayName", |name| query((handle, name, 2, buffer, room, &raw mut needed)))
}

fn with_image() -> Option<&'static Kernel> {
    let image = Some(image_or_skip()?);
    Some(Kernel::boot(Options { image, ..Options::default() }))
}

#[test]
fn a_key_that_is_opened_for_writing_or_for_user_mode_is_told() {
    let kernel = machine();
    open(KEY_READ, 0x240);
    assert!(kernel.take_violations().is_empty());
    open(KEY_ALL_ACCESS, 0x240);
    told(kernel, "this driver only reads");
    open(0x0200_0000, 0x240);
    told(kernel, "this driver only reads");
    open(KEY_READ, 0x40);
    told(kernel, "without OBJ_KERNEL_HANDLE");
}

#[test]
fn a_value_of_a_key_that_was_not_opened_for_it_is_refused_and_told() {
    let kernel = machine();
    let handle = open(KEY_ENUMERATE_SUB_KEYS, 0x240);
    let mut buffer = [0_u64; 8];
    assert_eq!(query(handle, buffer.as_mut_ptr().cast(), 64), ACCESS_DENIED);
    told(kernel, "was not opened for it");
}

#[test]
fn a_value_into_memory_that_is_not_aligned_is_told() {
    let Some(kernel) = with_image() else { return };
    kernel.registry.set_string("", "DisplayName", "Weir");
    let handle = open(KEY_READ, 0x240);
    let mut buffer = [0_u64; 9];
    let start: *mut u8 = buffer.as_mut_ptr().cast();
    assert_eq!(query(handle, start, 64), 0);
    assert!(kernel.take_violations().is_empty());
    assert_eq!(query(handle, start.wrapping_add(1), 64), 0);
    told(kernel, "which is not aligned");
}

#[test]
fn devices_and_timers_at_a_level_that_is_too_high_are_told() {
    let kernel = machine();
    let create = import!(
        "IoCreateDevice",
        (*mut c_void, u32, *const c_void, u32, u32, u8, *mut *mut c_void) -> i32
    );
    let (driver, mut device) = (kernel.io.driver_object(), null_mut());
    kernel.at_irql(2, || create((driver, 0, null(), 0x12, 0x100, 0, &raw mut device)));
    told(kernel, "IoCreateDevice at IRQL 2");
    kernel.at_irql(2, || import!("IoDeleteDevice", (*mut c_void))((device,)));
    told(kernel, "IoDeleteDevice at IRQL 2");
    let mut timer = [0_u64; 8];
    kernel.at_irql(3, || import!("KeInitializeTimerEx", (*mut u64, i32))((timer.as_mut_ptr(), 1)));
    told(kernel, "KeInitializeTimerEx at IRQL 3");
    kernel.at_irql(3, || import!("KeCancelTimer", (*mut u64) -> u8)((timer.as_mut_ptr(),)));
    told(kernel, "KeCancelTimer at IRQL 3");
}

#[test]
fn a_device_that_has_a_name_or_can_be_opened_below_is_told() {
    let Some(kernel) = with_image() else { return };
    let create = import!(
        "IoCreateDevice",
        (*mut c_void, u32, *const UnicodeString, u32, u32, u8, *mut *mut c_void) -> i32
    );
    let (driver, mut device) = (kernel.io.driver_object(), null_mut());
    assert_eq!(create((driver, 0, null(), 0x12, 0x100, 0, &raw mut device)), 0);
    assert!(kernel.take_violations().is_empty());
    with_text(r"\Device\Weir", |name| create((driver, 0, name, 0x12, 0x100, 0, &raw mut device)));
    told(kernel, "it needs a security descriptor");
    create((driver, 0, null(), 0x12, 0, 0, &raw mut device));
    told(kernel, "without FILE_DEVICE_SECURE_OPEN");
}

fn acquire(lock: *mut usize) -> u8 {
    import!("KeAcquireSpinLockRaiseToDpc", (*mut usize) -> u8)((lock,))
}

fn release(lock: *mut usize, irql: u8) {
    import!("KeReleaseSpinLock", (*mut usize, u8))((lock, irql));
}

#[test]
fn locks_that_are_taken_in_opposite_orders_are_told_though_nobody_waited() {
    let Some(kernel) = with_image() else { return };
    let (mut first, mut second) = (0_usize, 0_usize);
    let (first, second) = (&raw mut first, &raw mut second);
    let both = |outer: *mut usize, inner: *mut usize| {
        let before = acquire(outer);
        let between = acquire(inner);
        release(inner, between);
        release(outer, before);
    };
    both(first, second);
    both(first, second);
    assert!(kernel.take_violations().is_empty());
    both(second, first);
    told(kernel, "lock order: ");
    assert!(kernel.locks.longest_hold().imports >= 2);
}

#[test]
fn a_lock_that_is_released_below_dispatch_level_is_told() {
    let kernel = machine();
    let mut lock = 0_usize;
    let before = acquire(&raw mut lock);
    import!("KeLowerIrql", (u8))((1,));
    release(&raw mut lock, before);
    let told = kernel.take_violations();
    assert!(told.iter().any(|it| it.contains("KeReleaseSpinLock at IRQL 1")), "{told:?}");
}

type Callback = unsafe extern "win64" fn(*const u8, u32, u8, u64, u64, *const c_void, *mut c_void);

fn register(id: u8, callback: Option<Callback>, context: *mut c_void) -> u64 {
    let register =
        import!("EtwRegister", (*const [u8; 16], Option<Callback>, *mut c_void, *mut u64) -> i32);
    let (id, mut handle) = ([id; 16], 0);
    assert_eq!(register((&raw const id, callback, context, &raw mut handle)), 0);
    handle
}

fn unregister(handle: u64) -> i32 {
    import!("EtwUnregister", (u64) -> i32)((handle,))
}

#[test]
fn a_provider_that_is_registered_twice_is_told() {
    let kernel = machine();
    let first = register(7, None, null_mut());
    register(8, None, null_mut());
    assert!(kernel.take_violations().is_empty());
    register(7, None, null_mut());
    told(kernel, "registered already");
    unregister(first);
    assert_eq!(kernel.leftovers(), ["2 event providers are registered"]);
}

unsafe extern "win64" fn unregisters(
    _: *const u8,
    _: u32,
    _: u8,
    _: u64,
    _: u64,
    _: *const c_void,
    context: *mut c_void,
) {
    // SAFETY: the test passes a cell, which outlives the registration.
    let handle = unsafe { &*context.cast::<Cell<u64>>() };
    unregister(handle.take());
}

#[test]
fn a_provider_that_unregisters_in_its_own_callback_is_told() {
    let kernel = machine();
    let handle = Cell::new(0);
    handle.set(register(7, Some(unregisters), (&raw const handle).cast_mut().cast()));
    kernel.etw.enable(0, 0);
    told(kernel, "for which it waits");
}

#[test]
fn a_keyword_of_microsofts_and_an_event_after_the_end_are_told() {
    #[repr(C)]
    struct Descriptor([u16; 4], u64);
    let kernel = machine();
    kernel.etw.enable(0, 0);
    let handle = register(7, None, null_mut());
    let write = import!(
        "EtwWriteTransfer",
        (u64, *const Descriptor, *const c_void, *const c_void, u32, *const c_void) -> i32
    );
    let event = |keyword| Descriptor([1, 0, 4, 0], keyword);
    let (plain, reserved) = (event(1), event(1 | 1 << 63));
    assert_eq!(write((handle, &raw const plain, null(), null(), 0, null())), 0);
    write((handle, &raw const reserved, null(), null(), 0, null()));
    told(kernel, "a keyword that is Microsoft's");
    unregister(handle);
    write((handle, &raw const plain, null(), null(), 0, null()));
    told(kernel, "which is not registered");
    unregister(handle);
    told(kernel, "EtwUnregister of");
}
