//! Devices, work items, registry keys.

use crate::call::{machine, told};
use crate::keys::{open_key, with_text};
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::null_mut;
use weir_sim_kernel::io::{REGISTRY_PATH, UnicodeString};
use weir_sim_kernel::{Kernel, current};

type Routine = unsafe extern "win64" fn(*mut c_void, *mut c_void);

const NOT_FOUND: i32 = 0xC000_0034_u32.cast_signed();

fn create_device(kernel: &Kernel) -> *mut c_void {
    let mut device = null_mut();
    let create = import!(
        "IoCreateDevice",
        (*mut c_void, u32, *const c_void, u32, u32, u8, *mut *mut c_void) -> i32
    );
    let driver = kernel.io.driver_object();
    assert_eq!(create((driver, 0, core::ptr::null(), 0x12, 0x100, 0, &raw mut device)), 0);
    device
}

fn delete_device(device: *mut c_void) {
    import!("IoDeleteDevice", (*mut c_void))((device,));
}

fn allocate(device: *mut c_void) -> *mut c_void {
    import!("IoAllocateWorkItem", (*mut c_void) -> *mut c_void)((device,))
}

fn queue(item: *mut c_void, routine: Routine, context: *mut c_void) {
    import!("IoQueueWorkItem", (*mut c_void, Routine, i32, *mut c_void))((
        item, routine, 1, context,
    ));
}

fn free(item: *mut c_void) {
    import!("IoFreeWorkItem", (*mut c_void))((item,));
}

/// What a routine below works with.
struct Work {
    item: *mut c_void,
    runs: Cell<u32>,
    depth: Cell<u32>,
}

/// Queues itself again and waits, three times.
unsafe extern "win64" fn again(_device: *mut c_void, context: *mut c_void) {
    // SAFETY: the test passes its work, which outlives the item.
    let work = unsafe { &*context.cast::<Work>() };
    assert_eq!((work.depth.replace(1), current().irql()), (0, 0));
    work.runs.set(work.runs.get() + 1);
    if work.runs.get() < 3 {
        queue(work.item, again, context);
        let interval = -10_i64;
        import!("KeDelayExecutionThread", (i8, u8, *const i64) -> i32)((0, 0, &raw const interval));
    }
    work.depth.set(0);
}

#[test]
fn a_work_item_runs_when_it_is_told_and_not_within_itself() {
    let kernel = machine();
    let device = create_device(kernel);
    assert!(kernel.io.is_device(device));
    let item = allocate(device);
    let work = Work { item, runs: Cell::new(0), depth: Cell::new(0) };
    let context = (&raw const work).cast_mut().cast();
    kernel.at_irql(2, || queue(item, again, context));
    assert_eq!((work.runs.get(), kernel.io.queued()), (0, 1));
    kernel.run_work();
    assert_eq!((work.runs.get(), kernel.io.queued()), (3, 0));
    assert!(kernel.stacks.mark("work item") > 0);
    free(item);
    delete_device(device);
    kernel.finish();
}

#[test]
fn misuse_of_devices_and_work_items_is_told() {
    let kernel = machine();
    let device = create_device(kernel);
    let item = allocate(device);
    let work = Work { item, runs: Cell::new(2), depth: Cell::new(0) };
    let context = (&raw const work).cast_mut().cast();
    queue(item, again, context);
    queue(item, again, context);
    told(kernel, "IoQueueWorkItem of a work item that is queued");
    delete_device(device);
    told(kernel, "that has work items");
    free(item);
    told(kernel, "IoFreeWorkItem of a work item that is queued");
    free(item);
    told(kernel, "no work item");
    delete_device(device);
    told(kernel, "no device");
    assert!(allocate(device).is_null());
    told(kernel, "no device");
    kernel.run_work();
    assert_eq!(work.runs.get(), 2);
}

#[test]
fn leaks_of_objects_are_told() {
    let kernel = machine();
    let device = create_device(kernel);
    allocate(device);
    assert_eq!(kernel.leftovers(), ["1 devices exist", "1 work items are allocated"]);
}

fn open(root: usize, path: &str) -> Result<usize, i32> {
    open_key(root, path, 0x2_0019, 0x240)
}

/// Status, bytes that were needed, and what was written.
fn query(handle: usize, name: &str, room: u32) -> (i32, u32, Vec<u8>) {
    let query = import!(
        "ZwQueryValueKey",
        (usize, *const UnicodeString, i32, *mut u8, u32, *mut u32) -> i32
    );
    let mut buffer = [0_u8; 64];
    let mut needed = 0;
    let status = with_text(name, |name| {
        query((handle, name, 2, buffer.as_mut_ptr(), room, &raw mut needed))
    });
    (status, needed, buffer.to_vec())
}

fn close(handle: usize) -> i32 {
    import!("ZwClose", (usize) -> i32)((handle,))
}

#[test]
fn the_registry_is_read_below_the_drivers_key() {
    let kernel = machine();
    kernel.registry.set_dword("Parameters", "MaxFlows", 77);
    kernel.registry.set_string("", "DisplayName", "Weir");
    let root = open(0, REGISTRY_PATH).unwrap();
    let parameters = open(root, "PARAMETERS").unwrap();
    assert_eq!(open(root, "Missing"), Err(NOT_FOUND));
    let (status, needed, data) = query(parameters, "maxflows", 64);
    assert_eq!((status, needed), (0, 16));
    assert_eq!(data[4..16], [4, 0, 0, 0, 4, 0, 0, 0, 77, 0, 0, 0]);
    assert_eq!(query(parameters, "Other", 64).0, NOT_FOUND);
    assert_eq!(query(parameters, "MaxFlows", 14).0, 0x8000_0005_u32.cast_signed());
    assert_eq!(query(parameters, "MaxFlows", 8).0, 0xC000_0023_u32.cast_signed());
    let (status, needed, data) = query(root, "displayname", 64);
    assert_eq!((status, needed, data[4], &data[12..14]), (0, 22, 1, &b"W\0"[..]));
    assert_eq!(kernel.leftovers(), ["2 registry keys are open"]);
    kernel.faults.fail("ZwOpenKey", 1, -5);
    assert_eq!(open(root, "Parameters"), Err(-5));
    assert_eq!((close(root), close(parameters)), (0, 0));
    kernel.registry.remove("Parameters", "MaxFlows");
    close(root);
    told(kernel, "not open");
    kernel.finish();
}

#[test]
fn the_registry_is_read_at_passive_level_only() {
    let kernel = machine();
    let _status = kernel.at_irql(2, || open(0, REGISTRY_PATH));
    told(kernel, "ZwOpenKey at IRQL 2");
}
