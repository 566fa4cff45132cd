//! The I/O manager: driver object, devices, work items.

use crate::calls::enter_import;
use crate::kernel::{APC_LEVEL, DISPATCH_LEVEL, Import, Kernel, PASSIVE_LEVEL};
use crate::loader::Image;
use crate::memory::store;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr::{null_mut, with_exposed_provenance_mut};
use std::collections::{BTreeMap, VecDeque};

/// The key that Windows hands to `DriverEntry`.
pub const REGISTRY_PATH: &str = r"\Registry\Machine\System\CurrentControlSet\Services\weir";

/// `UNICODE_STRING`.
///
/// Source: learn.microsoft.com/windows/win32/api/ntdef/ns-ntdef-_unicode_string (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct UnicodeString {
    /// Bytes of the text.
    pub length: u16,
    /// Bytes of the buffer.
    pub maximum_length: u16,
    /// The text.
    pub buffer: *const u16,
}

/// What a driver stores as its unload routine.
pub(crate) type Unload = unsafe extern "win64" fn(*mut c_void);

/// What a work item runs.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-io_workitem_routine (read
/// 2026-11)
type WorkRoutine = unsafe extern "win64" fn(*mut c_void, *mut c_void);

/// Words of a `DRIVER_OBJECT` (336 bytes) and where its fields stand, in words.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_driver_object; field order
/// of `Wdk_Foundation::DRIVER_OBJECT` in microsoft/windows-rs (read 2026-11)
const DRIVER_WORDS: usize = 42;
const DRIVER_DEVICE: usize = 1;
const DRIVER_START: usize = 3;
const DRIVER_SIZE: usize = 4;
const DRIVER_INIT: usize = 11;
const DRIVER_UNLOAD: usize = 13;

/// Words of a `DEVICE_OBJECT`, 336 bytes.
const DEVICE_WORDS: usize = 42;

/// Work items are known by numbers that no pointer can be.
const WORK_ITEM_FIRST: usize = 0xFFFF_A000_0000_0000;
const WORK_ITEM_STEP: usize = 0x10;

/// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const INVALID_PARAMETER: i32 = 0xC000_000D_u32.cast_signed();

/// The I/O manager of a machine.
#[derive(Debug)]
pub struct Io {
    driver: Box<[Cell<usize>; DRIVER_WORDS]>,
    /// Read by the driver only.
    _registry_text: Vec<u16>,
    registry_path: Box<UnicodeString>,
    /// Devices by address.
    devices: RefCell<BTreeMap<usize, Box<[Cell<usize>]>>>,
    /// Work items by number.
    items: RefCell<BTreeMap<usize, Item>>,
    next_item: Cell<usize>,
    queue: RefCell<VecDeque<usize>>,
    /// Whether the item that was queued last runs first.
    is_reversed: Cell<bool>,
    /// Those whose routine is on a stack: more than one where a routine waits.
    running: RefCell<Vec<usize>>,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    device: usize,
    work: Option<Work>,
}

#[derive(Clone, Copy, Debug)]
struct Work {
    routine: WorkRoutine,
    context: *mut c_void,
}

impl Io {
    pub(crate) fn new(image: Option<&Image>) -> Self {
        let driver = Box::new([const { Cell::new(0) }; DRIVER_WORDS]);
        // Type 4 is a driver; the size follows it.
        driver[0].set(4 | (DRIVER_WORDS * 8) << 16);
        if let Some(image) = image {
            driver[DRIVER_START].set(image.base());
            driver[DRIVER_SIZE].set(image.bytes());
            driver[DRIVER_INIT].set(image.entry() as *const () as usize);
        }
        let text: Vec<u16> = REGISTRY_PATH.encode_utf16().collect();
        let bytes = u16::try_from(text.len() * 2).unwrap_or(0);
        let path = UnicodeString { length: bytes, maximum_length: bytes, buffer: text.as_ptr() };
        Self {
            driver,
            _registry_text: text,
            registry_path: Box::new(path),
            devices: RefCell::default(),
            items: RefCell::default(),
            next_item: Cell::new(WORK_ITEM_FIRST),
            queue: RefCell::default(),
            is_reversed: Cell::new(false),
            running: RefCell::default(),
        }
    }

    /// What `DriverEntry` gets first.
    #[must_use]
    pub fn driver_object(&self) -> *mut c_void {
        self.driver.as_ptr().cast_mut().cast()
    }

    /// What `DriverEntry` gets second.
    pub(crate) fn registry_path(&self) -> *const c_void {
        (&raw const *self.registry_path).cast()
    }

    /// What the driver stored as its unload routine.
    pub(crate) fn unload_routine(&self) -> Option<Unload> {
        let routine = with_exposed_provenance_mut::<c_void>(self.driver[DRIVER_UNLOAD].get());
        // SAFETY: the field is zero or what the driver stored, a function of this type; an option
        // of a function is as large as a pointer, and zero is none.
        unsafe { core::mem::transmute::<*mut c_void, Option<Unload>>(routine) }
    }

    /// Devices that exist.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.devices.borrow().len()
    }

    /// Whether an address is a device, for functions that take one.
    #[must_use]
    pub fn is_device(&self, address: *const c_void) -> bool {
        self.devices.borrow().contains_key(&address.addr())
    }

    /// Work items that are allocated.
    #[must_use]
    pub fn work_items(&self) -> usize {
        self.items.borrow().len()
    }

    /// Work items that wait to run.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.borrow().len()
    }

    /// Runs what was queued last first: many threads run work items, in no order that anybody
    /// promises.
    pub fn reverse_queue(&self) {
        self.is_reversed.set(true);
    }

    pub(crate) fn leftovers(&self) -> Vec<String> {
        let told = [
            (self.devices(), "devices exist"),
            (self.work_items(), "work items are allocated"),
            (self.queued(), "work items are queued"),
        ];
        let left = told.into_iter().filter(|(count, _)| *count > 0);
        left.map(|(count, what)| format!("{count} {what}")).collect()
    }

    /// Runs the first work item in the queue that is not running already: one that queued itself
    /// and waits would run on top of itself.
    pub(crate) fn run_work_item(&self, kernel: &Kernel) -> bool {
        let Some((number, device, work)) = self.next_work() else { return false };
        self.running.borrow_mut().push(number);
        // A worker thread runs at PASSIVE_LEVEL, whatever the thread that waits was raised to.
        let before = kernel.irql();
        kernel.processors.set_irql(PASSIVE_LEVEL);
        let device = with_exposed_provenance_mut(device);
        kernel.enter("work item", || {
            // SAFETY: the driver queued this routine with this context; the device is the one that
            // the item was allocated for.
            unsafe { (work.routine)(device, work.context) }
        });
        kernel.processors.set_irql(before);
        self.running.borrow_mut().retain(|running| *running != number);
        true
    }

    /// Whether the routine of one has not returned.
    pub(crate) fn is_working(&self) -> bool {
        !self.running.borrow().is_empty()
    }

    /// Whether one is queued that is not running already.
    pub(crate) fn has_work(&self) -> bool {
        let running = self.running.borrow();
        self.queue.borrow().iter().any(|number| !running.contains(number))
    }

    fn next_work(&self) -> Option<(usize, usize, Work)> {
        let running = self.running.borrow();
        let mut queue = self.queue.borrow_mut();
        let is_free = |number: &usize| !running.contains(number);
        let place = if self.is_reversed.get() {
            queue.iter().rposition(is_free)?
        } else {
            queue.iter().position(is_free)?
        };
        let number = queue.remove(place)?;
        let mut items = self.items.borrow_mut();
        let item = items.get_mut(&number)?;
        Some((number, item.device, item.work.take()?))
    }
}

pub(crate) fn imports() -> Vec<Import> {
    let module = "ntoskrnl.exe";
    let import = |name, address| Import { module, name, address };
    vec![
        import("IoCreateDevice", create_device as *const () as usize),
        import("IoDeleteDevice", delete_device as *const () as usize),
        import("IoAllocateWorkItem", allocate_item as *const () as usize),
        import("IoFreeWorkItem", free_item as *const () as usize),
        import("IoQueueWorkItem", queue_item as *const () as usize),
    ]
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocreatedevice (read
/// 2026-11)
extern "win64" fn create_device(
    driver: *mut c_void,
    extension_bytes: u32,
    name: *const UnicodeString,
    _kind: u32,
    characteristics: u32,
    _is_exclusive: u8,
    device: *mut *mut c_void,
) -> i32 {
    // Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocreatedevice and
    // learn.microsoft.com/windows-hardware/drivers/kernel/controlling-device-namespace-access
    // (read 2026-11)
    const SECURE_OPEN: u32 = 0x100;
    let kernel = enter_import("IoCreateDevice", PASSIVE_LEVEL);
    let io = &kernel.io;
    if !name.is_null() {
        kernel.violation("IoCreateDevice with a name: it needs a security descriptor".to_owned());
    }
    if characteristics & SECURE_OPEN == 0 && kernel.image().is_some() {
        kernel.violation("IoCreateDevice without FILE_DEVICE_SECURE_OPEN".to_owned());
    }
    if driver != io.driver_object() || device.is_null() {
        kernel.violation("IoCreateDevice for another driver, or without a place".to_owned());
        return INVALID_PARAMETER;
    }
    if let Some(status) = kernel.faults.take("IoCreateDevice") {
        return status;
    }
    let extension = usize::try_from(extension_bytes).unwrap_or(0).div_ceil(8);
    let words = vec![Cell::new(0); DEVICE_WORDS + extension].into_boxed_slice();
    let address = words.as_ptr().expose_provenance();
    // Type 3 is a device; the driver it belongs to stands in the second word.
    words[0].set(3 | (DEVICE_WORDS * 8) << 16);
    words[1].set(driver.addr());
    io.driver[DRIVER_DEVICE].set(address);
    io.devices.borrow_mut().insert(address, words);
    store(device, with_exposed_provenance_mut(address));
    0
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iodeletedevice (read
/// 2026-11)
extern "win64" fn delete_device(device: *mut c_void) {
    let kernel = enter_import("IoDeleteDevice", APC_LEVEL);
    let io = &kernel.io;
    if io.items.borrow().values().any(|item| item.device == device.addr()) {
        kernel.violation("IoDeleteDevice of a device that has work items".to_owned());
    }
    if io.devices.borrow_mut().remove(&device.addr()).is_none() {
        kernel.violation(format!("IoDeleteDevice of {device:p}, which is no device"));
    }
    io.driver[DRIVER_DEVICE].set(0);
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocateworkitem (read
/// 2026-11)
extern "win64" fn allocate_item(device: *mut c_void) -> *mut c_void {
    let kernel = enter_import("IoAllocateWorkItem", DISPATCH_LEVEL);
    let io = &kernel.io;
    if !io.is_device(device) {
        kernel.violation(format!("IoAllocateWorkItem for {device:p}, which is no device"));
        return null_mut();
    }
    if kernel.faults.take("IoAllocateWorkItem").is_some() {
        return null_mut();
    }
    let number = io.next_item.get();
    io.next_item.set(number + WORK_ITEM_STEP);
    io.items.borrow_mut().insert(number, Item { device: device.addr(), work: None });
    with_exposed_provenance_mut(number)
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iofreeworkitem (read
/// 2026-11)
extern "win64" fn free_item(item: *mut c_void) {
    let kernel = enter_import("IoFreeWorkItem", DISPATCH_LEVEL);
    let known = kernel.io.items.borrow_mut().remove(&item.addr());
    match known {
        None => kernel.violation(format!("IoFreeWorkItem of {item:p}, which is no work item")),
        Some(Item { work: Some(_), .. }) => {
            kernel.io.queue.borrow_mut().retain(|queued| *queued != item.addr());
            kernel.violation("IoFreeWorkItem of a work item that is queued".to_owned());
        }
        Some(Item { work: None, .. }) => {}
    }
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioqueueworkitem (read
/// 2026-11)
extern "win64" fn queue_item(
    item: *mut c_void,
    routine: WorkRoutine,
    _queue: i32,
    context: *mut c_void,
) {
    let kernel = enter_import("IoQueueWorkItem", DISPATCH_LEVEL);
    let mut items = kernel.io.items.borrow_mut();
    let Some(known) = items.get_mut(&item.addr()) else {
        return kernel.violation(format!("IoQueueWorkItem of {item:p}, which is no work item"));
    };
    if known.work.replace(Work { routine, context }).is_some() {
        return kernel.violation("IoQueueWorkItem of a work item that is queued".to_owned());
    }
    kernel.io.queue.borrow_mut().push_back(item.addr());
}
