//! A driver in Rust: it finds imports by their names, as a loader does, and its callouts run what
//! the test stored on its thread.

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr;
use std::rc::Rc;
use weir_abi::identifiers::Guid;
use weir_sim_kernel::fwp::layers::{CONDITION_IP_PROTOCOL, Layer};
use weir_sim_kernel::fwp::layout::{self, Value, action};
use weir_sim_kernel::fwp::objects;
use weir_sim_kernel::kernel::imports;
use weir_sim_kernel::net::Net;
use weir_sim_kernel::{Kernel, Options};

/// Address of an import.
pub(crate) fn address(name: &str) -> *const c_void {
    let import = imports().into_iter().find(|import| import.name == name);
    ptr::with_exposed_provenance(import.unwrap().address)
}

/// Calls an import: its name, the types of its arguments, the arguments.
macro_rules! call {
    ($name:literal ($($kind:ty = $value:expr),* $(,)?) -> $result:ty) => {{
        type Import = unsafe extern "win64" fn($($kind),*) -> $result;
        let address = $crate::standin::address($name);
        // SAFETY: the kernel says that this import is a function of this type.
        let import = unsafe { ::core::mem::transmute::<*const ::core::ffi::c_void, Import>(address) };
        // SAFETY: the arguments are what the function's documentation asks for, or what the test
        // wants to see refused.
        unsafe { import($($value),*) }
    }};
}
pub(crate) use call;

/// What a callout was called with.
pub(crate) struct Call {
    pub(crate) values: layout::IncomingValues,
    pub(crate) metadata: layout::IncomingMetadata,
    pub(crate) packet: *mut layout::StreamPacket,
    pub(crate) filter: layout::Filter,
    pub(crate) context: u64,
    pub(crate) out: *mut layout::ClassifyOut,
}

impl Call {
    pub(crate) fn value(&self, index: usize) -> Value {
        assert!(index < usize::try_from(self.values.count).unwrap());
        // SAFETY: the index is one of those that the array has.
        unsafe { self.values.values.wrapping_add(index).read() }
    }

    pub(crate) fn decide(&self, action: u32, flags: u32) {
        // SAFETY: the structure is the callout's to write during the call.
        let out = unsafe { &mut *self.out };
        (out.action, out.flags) = (action, flags);
    }

    pub(crate) fn packet(&self) -> layout::StreamPacket {
        // SAFETY: at a stream layer the layer data is a packet.
        unsafe { self.packet.read() }
    }

    pub(crate) fn data(&self) -> layout::StreamData {
        // SAFETY: the packet points to data as long as the call lasts.
        unsafe { self.packet().data.read() }
    }
}

type OnClassify = Rc<dyn Fn(&Call)>;
type OnDelete = Rc<dyn Fn(u64)>;

thread_local! {
    static ON_CLASSIFY: RefCell<Option<OnClassify>> = const { RefCell::new(None) };
    static ON_DELETE: RefCell<Option<OnDelete>> = const { RefCell::new(None) };
    pub(crate) static DELETED: RefCell<Vec<(u16, u64, u8)>> = const { RefCell::new(Vec::new()) };
    pub(crate) static NOTIFIED: RefCell<Vec<(i32, u64, bool)>> = const { RefCell::new(Vec::new()) };
    pub(crate) static NOTIFY_STATUS: Cell<i32> = const { Cell::new(0) };
}

pub(crate) fn on_classify(f: impl Fn(&Call) + 'static) {
    ON_CLASSIFY.set(Some(Rc::new(f)));
}

pub(crate) fn on_delete(f: impl Fn(u64) + 'static) {
    ON_DELETE.set(Some(Rc::new(f)));
}

unsafe extern "win64" fn classify(
    values: *const layout::IncomingValues,
    metadata: *const layout::IncomingMetadata,
    packet: *mut c_void,
    _: *const c_void,
    filter: *const layout::Filter,
    context: u64,
    out: *mut layout::ClassifyOut,
) {
    // SAFETY: the platform passes valid values for the length of the call.
    let values = unsafe { values.read() };
    // SAFETY: and metadata.
    let metadata = unsafe { metadata.read() };
    // SAFETY: and the filter.
    let filter = unsafe { filter.read() };
    let call = Call { values, metadata, packet: packet.cast(), filter, context, out };
    let run = ON_CLASSIFY.with_borrow(Clone::clone);
    run.unwrap()(&call);
}

unsafe extern "win64" fn notify(what: i32, key: *const Guid, filter: *mut layout::Filter) -> i32 {
    // SAFETY: the platform passes a filter that the callout may change.
    let filter = unsafe { &mut *filter };
    NOTIFIED.with_borrow_mut(|all| all.push((what, filter.context, key.is_null())));
    if what == 0 {
        filter.context += 1000;
    }
    NOTIFY_STATUS.get()
}

unsafe extern "win64" fn flow_delete(layer: u16, _callout: u32, context: u64) {
    let irql = weir_sim_kernel::current().irql();
    DELETED.with_borrow_mut(|all| all.push((layer, context, irql)));
    if let Some(run) = ON_DELETE.with_borrow(Clone::clone) {
        run(context);
    }
}

/// A machine without an image, with a device.
pub(crate) struct Machine {
    pub(crate) kernel: &'static Kernel,
    pub(crate) net: Net,
    pub(crate) device: *mut c_void,
    pub(crate) session: u64,
}

pub(crate) fn key(number: u32) -> Guid {
    Guid::new(number, 1, 2, 3, [4, 5, 6, 7, 8, 9])
}

pub(crate) const PROVIDER: u32 = 100;
pub(crate) const SUBLAYER: u32 = 101;
const NAME: [u16; 2] = [0x57, 0];

pub(crate) fn display() -> objects::DisplayData {
    objects::DisplayData { name: NAME.as_ptr(), description: ptr::null() }
}

const NO_BLOB: objects::Blob = objects::Blob { size: 0, data: ptr::null() };

impl Machine {
    pub(crate) fn new() -> Self {
        Self::of(Options::default())
    }

    /// A machine that is like this, with a device.
    pub(crate) fn of(options: Options) -> Self {
        let kernel = Kernel::boot(options);
        let mut device: *mut c_void = ptr::null_mut();
        let status = call!("IoCreateDevice"(
            *mut c_void = kernel.io.driver_object(),
            u32 = 0,
            *const c_void = ptr::null(),
            u32 = 0x12,
            u32 = 0x100,
            u8 = 0,
            *mut *mut c_void = &raw mut device,
        ) -> i32);
        assert_eq!(status, 0);
        Self { kernel, net: Net::new(kernel), device, session: 0 }
    }

    /// With a dynamic session, provider and sublayer.
    pub(crate) fn with_session() -> Self {
        Self::new().in_session()
    }

    /// The same of a machine that is there.
    pub(crate) fn in_session(mut self) -> Self {
        self.session = self.open(1).unwrap();
        assert_eq!((self.add_provider(PROVIDER), self.add_sublayer(SUBLAYER)), (0, 0));
        self
    }

    pub(crate) fn open(&self, flags: u32) -> Result<u64, i32> {
        let session = objects::Session {
            key: Guid([0; 16]),
            display: objects::DisplayData { name: ptr::null(), description: ptr::null() },
            flags,
            wait_timeout_ms: 0,
            filled_in: [0; 3],
            kernel_mode: 0,
        };
        let mut handle = 0;
        let status = call!("FwpmEngineOpen0"(
            *const u16 = ptr::null(),
            u32 = 10,
            *const c_void = ptr::null(),
            *const objects::Session = &raw const session,
            *mut u64 = &raw mut handle,
        ) -> i32);
        if status == 0 { Ok(handle) } else { Err(status) }
    }

    pub(crate) fn close(&self) -> i32 {
        call!("FwpmEngineClose0"(u64 = self.session) -> i32)
    }

    pub(crate) fn register(&self, number: u32, flags: u32, deletes: bool) -> Result<u32, i32> {
        let callout = layout::Callout {
            key: key(number),
            flags,
            classify: Some(classify),
            notify: Some(notify),
            flow_delete: if deletes { Some(flow_delete) } else { None },
        };
        let mut id = 0;
        let status = call!("FwpsCalloutRegister1"(
            *mut c_void = self.device,
            *const layout::Callout = &raw const callout,
            *mut u32 = &raw mut id,
        ) -> i32);
        if status == 0 { Ok(id) } else { Err(status) }
    }

    pub(crate) fn unregister(&self, id: u32) -> i32 {
        call!("FwpsCalloutUnregisterById0"(u32 = id) -> i32)
    }

    pub(crate) fn add_provider(&self, number: u32) -> i32 {
        let provider = objects::Provider {
            key: key(number),
            display: display(),
            flags: 0,
            data: NO_BLOB,
            service: ptr::null(),
        };
        call!("FwpmProviderAdd0"(
            u64 = self.session,
            *const objects::Provider = &raw const provider,
            *const c_void = ptr::null(),
        ) -> i32)
    }

    pub(crate) fn add_sublayer(&self, number: u32) -> i32 {
        let provider = key(PROVIDER);
        let sublayer = objects::SubLayer {
            key: key(number),
            display: display(),
            flags: 0,
            provider: &raw const provider,
            data: NO_BLOB,
            weight: 0x100,
        };
        call!("FwpmSubLayerAdd0"(
            u64 = self.session,
            *const objects::SubLayer = &raw const sublayer,
            *const c_void = ptr::null(),
        ) -> i32)
    }

    pub(crate) fn add_callout(&self, number: u32, layer: Layer) -> i32 {
        let callout = objects::Callout {
            key: key(number),
            display: display(),
            flags: 0,
            provider: ptr::null(),
            data: NO_BLOB,
            layer: layer.key(),
            id: 0,
        };
        call!("FwpmCalloutAdd0"(
            u64 = self.session,
            *const objects::Callout = &raw const callout,
            *const c_void = ptr::null(),
            *mut u32 = ptr::null_mut(),
        ) -> i32)
    }

    /// A filter as this driver adds it; a test changes what it wants.
    pub(crate) fn filter(&self, callout: u32, layer: Layer, action: u32) -> objects::Filter {
        objects::Filter {
            key: Guid([0; 16]),
            display: display(),
            flags: 0x10,
            provider: ptr::null(),
            data: NO_BLOB,
            layer: layer.key(),
            sublayer: key(SUBLAYER),
            weight: Value::default(),
            condition_count: 0,
            conditions: ptr::null(),
            action,
            callout: key(callout),
            context: 7,
            context_rest: 0,
            reserved: ptr::null(),
            id: 0,
            effective_weight: Value::default(),
        }
    }

    pub(crate) fn add_filter(&self, filter: &objects::Filter) -> Result<u64, i32> {
        let mut id = 0;
        let status = call!("FwpmFilterAdd0"(
            u64 = self.session,
            *const objects::Filter = filter,
            *const c_void = ptr::null(),
            *mut u64 = &raw mut id,
        ) -> i32);
        if status == 0 { Ok(id) } else { Err(status) }
    }

    /// Registers a callout for TCP at a layer, with its object and a filter; returns its id.
    pub(crate) fn watch(&self, number: u32, layer: Layer, action: u32) -> u32 {
        let is_stream = matches!(layer, Layer::StreamV4 | Layer::StreamV6);
        let id = self.register(number, u32::from(is_stream), is_stream).unwrap();
        assert_eq!(self.add_callout(number, layer), 0);
        let tcp = objects::Condition {
            field: CONDITION_IP_PROTOCOL,
            matching: 0,
            value: Value { kind: layout::kind::UINT8, data: 6 },
        };
        let mut filter = self.filter(number, layer, action);
        if !is_stream {
            (filter.condition_count, filter.conditions) = (1, &raw const tcp);
        }
        self.add_filter(&filter).unwrap();
        id
    }

    /// Watches both IPv4 layers as the driver does; returns the id of the stream callout.
    pub(crate) fn watch_v4(&self) -> u32 {
        self.watch(1, Layer::EstablishedV4, action::CALLOUT_UNKNOWN);
        self.watch(2, Layer::StreamV4, action::CALLOUT_TERMINATING)
    }

    pub(crate) fn finish(&self) {
        self.kernel.finish();
    }
}

pub(crate) fn associate(flow: u64, layer: u16, callout: u32, context: u64) -> i32 {
    call!("FwpsFlowAssociateContext0"(
        u64 = flow, u16 = layer, u32 = callout, u64 = context
    ) -> i32)
}

pub(crate) fn remove(flow: u64, layer: u16, callout: u32) -> i32 {
    call!("FwpsFlowRemoveContext0"(u64 = flow, u16 = layer, u32 = callout) -> i32)
}

/// The bytes of an indication, through the stream copy.
pub(crate) fn copy(data: &layout::StreamData, room: usize) -> Vec<u8> {
    let (mut buffer, mut copied) = (vec![0_u8; room], 0);
    call!("FwpsCopyStreamDataToBuffer0"(
        *const layout::StreamData = data,
        *mut c_void = buffer.as_mut_ptr().cast(),
        usize = room,
        *mut usize = &raw mut copied,
    ) -> ());
    buffer.truncate(copied);
    buffer
}
