//! What one call of an import costs, and of a program that does nothing.

use super::{CALLS, LOOPS};
use crate::ebpf::Attached;
use crate::fwp::stream::Prepared;
use crate::kernel::{DISPATCH_LEVEL, Kernel};
use core::ffi::c_void;
use core::hint::black_box;
use core::ptr::{null, null_mut};
use std::collections::BTreeMap;
use std::time::Instant;
use weir_etl::Guid;

/// Bytes of stack that a walk asks for.
const WALK_STACK_BYTES: usize = 16 << 10;

/// Keyword of the events that are written for measuring; the driver has none of it.
const KEYWORD: u64 = 1 << 47;

/// Nanoseconds that one call costs here.
#[derive(Clone, Debug, Default)]
pub struct CallCosts {
    /// Of an import, by its name.
    pub imports: BTreeMap<&'static str, f64>,
    /// Of writing an event without a description, and of one with it, to a session that discards.
    pub events: [f64; 2],
    /// Of reading the time stamp counter.
    pub time_stamp_ns: f64,
}

/// `EVENT_DATA_DESCRIPTOR`: address, length, kind.
type Piece = (u64, u32, u32);

type Acquire = unsafe extern "win64" fn(*mut usize) -> u8;
type Etw = unsafe extern "win64" fn(
    u64,
    *const u64,
    *const c_void,
    *const c_void,
    u32,
    *const Piece,
) -> i32;
type Register = unsafe extern "win64" fn(*const Guid, *const c_void, *mut c_void, *mut u64) -> i32;
type Callout = unsafe extern "win64" fn(*mut c_void);
type Expand = unsafe extern "win64" fn(Callout, *mut c_void, usize, u8, *mut c_void) -> i32;
type Copies = unsafe extern "win64" fn(*const c_void, *mut u8, usize, *mut usize) -> i32;

unsafe extern "win64" fn nothing(_: *mut c_void) {}

/// An import as the driver's import table has it, for a call on a kernel stack.
macro_rules! import {
    ($kernel:expr, $name:literal, $kind:ty) => {{
        let address: *const () = core::ptr::with_exposed_provenance(address($kernel, $name));
        // SAFETY: the import of this name is such a function.
        unsafe { core::mem::transmute::<*const (), $kind>(address) }
    }};
}

fn address(kernel: &Kernel, name: &str) -> usize {
    let found = kernel.image().and_then(|image| image.import_address(name));
    found.unwrap_or_else(|| panic!("the driver does not import {name}"))
}

impl CallCosts {
    /// Measures; `fragmented` is what a stream copy is measured with, into as many `bytes`.
    ///
    /// # Panics
    /// If the machine has no driver, or that does not import what is measured.
    #[must_use]
    pub fn of(kernel: &Kernel, fragmented: &Prepared, bytes: usize) -> Self {
        let time_stamp_ns = best(kernel, || {
            // SAFETY: every x64 processor has the instruction.
            let _now = black_box(unsafe { core::arch::x86_64::_rdtsc() });
        });
        let mut costs = Self { time_stamp_ns, ..Self::default() };
        costs.locks(kernel);
        costs.clocks(kernel);
        let copy = import!(kernel, "FwpsCopyStreamDataToBuffer0", Copies);
        let (data, mut buffer, mut copied) = (fragmented.stream_data(), vec![0; bytes], 0);
        let (data, buffer) = ((&raw const data).cast(), buffer.as_mut_ptr());
        let cost = best(kernel, || {
            // SAFETY: the data is a valid indication, and the buffer has so many bytes.
            let _ignored = unsafe { copy(data, buffer, bytes, &raw mut copied) };
        });
        costs.imports.insert("FwpsCopyStreamDataToBuffer0", cost);
        costs.events = [false, true].map(|is_described| write(kernel, is_described));
        costs
    }

    /// Where two machines differ in nothing but their clocks: the lower, for functions that do not
    /// look at a clock, and for events, which nobody keeps.
    pub fn agree(&mut self, other: &mut Self) {
        const COUNTER: &str = "KeQueryPerformanceCounter";
        for (name, cost) in self.imports.iter_mut().filter(|(name, _)| **name != COUNTER) {
            if let Some(of_other) = other.imports.get_mut(name) {
                *cost = cost.min(*of_other);
                *of_other = *cost;
            }
        }
        for (cost, of_other) in self.events.iter_mut().zip(&mut other.events) {
            *cost = cost.min(*of_other);
            *of_other = *cost;
        }
        self.time_stamp_ns = self.time_stamp_ns.min(other.time_stamp_ns);
        other.time_stamp_ns = self.time_stamp_ns;
    }

    fn locks(&mut self, kernel: &Kernel) {
        let lock = import!(kernel, "KeAcquireSpinLockRaiseToDpc", Acquire);
        let unlock = import!(kernel, "KeReleaseSpinLock", unsafe extern "win64" fn(*mut usize, u8));
        let mut word = 0;
        let pair = best(kernel, || {
            // SAFETY: the word is a free spin lock.
            let irql = unsafe { lock(&raw mut word) };
            // SAFETY: it was just taken.
            unsafe { unlock(&raw mut word, irql) };
        });
        let mut note = |name, pair: f64| {
            self.imports.insert(name, pair / 2.0);
        };
        note("KeAcquireSpinLockRaiseToDpc", pair);
        note("KeReleaseSpinLock", pair);
        let enter = import!(kernel, "ExAcquireRundownProtection", Acquire);
        let leave =
            import!(kernel, "ExReleaseRundownProtection", unsafe extern "win64" fn(*mut usize));
        let mut word = 0;
        let pair = best(kernel, || {
            // SAFETY: the word is a rundown block that nobody waits for.
            let _entered = unsafe { enter(&raw mut word) };
            // SAFETY: it was just entered.
            unsafe { leave(&raw mut word) };
        });
        note("ExAcquireRundownProtection", pair);
        note("ExReleaseRundownProtection", pair);
        let expand = import!(kernel, "KeExpandKernelStackAndCalloutEx", Expand);
        let cost = best(kernel, || {
            // SAFETY: the function takes any parameter.
            let _ignored = unsafe { expand(nothing, null_mut(), WALK_STACK_BYTES, 0, null_mut()) };
        });
        self.imports.insert("KeExpandKernelStackAndCalloutEx", cost);
    }

    /// Nanoseconds of one invocation of an attachment that answers a constant.
    #[must_use]
    pub fn of_program(kernel: &Kernel, attached: &Attached) -> f64 {
        let (table, link) = attached.link();
        let mut answer = 0;
        best(kernel, || {
            let _result = (black_box(table.invoke))(link, null_mut(), &raw mut answer);
        })
    }

    fn clocks(&mut self, kernel: &Kernel) {
        type Look = unsafe extern "win64" fn(*mut i64) -> i64;
        let processor = import!(kernel, "KeGetCurrentProcessorNumberEx", Look);
        let cost = best(kernel, || {
            // SAFETY: null is allowed.
            let _ignored = unsafe { processor(null_mut()) };
        });
        self.imports.insert("KeGetCurrentProcessorNumberEx", cost);
        let counter = import!(kernel, "KeQueryPerformanceCounter", Look);
        let cost = best(kernel, || {
            // SAFETY: null is allowed.
            let _ignored = unsafe { counter(null_mut()) };
        });
        self.imports.insert("KeQueryPerformanceCounter", cost);
    }
}

/// Nanoseconds of one call on a kernel stack at `DISPATCH_LEVEL`.
fn best(kernel: &Kernel, mut call: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..LOOPS {
        let began = kernel.at_irql(DISPATCH_LEVEL, || {
            kernel.enter("measuring", || {
                let began = Instant::now();
                (0..CALLS).for_each(|_| call());
                began.elapsed()
            })
        });
        best = best.min(began.as_secs_f64() * 1e9 / f64::from(CALLS));
    }
    best
}

/// Nanoseconds of writing an event that a session wants and nobody keeps.
fn write(kernel: &Kernel, is_described: bool) -> f64 {
    let (mut handle, id) = (0, Guid([0x5a; 16]));
    let register = import!(kernel, "EtwRegister", Register);
    let unregister = import!(kernel, "EtwUnregister", unsafe extern "win64" fn(u64) -> i32);
    let write = import!(kernel, "EtwWriteTransfer", Etw);
    kernel.enter("measuring", || {
        // SAFETY: no callback is allowed, and the handle is room for one.
        let _ignored = unsafe { register(&raw const id, null(), null_mut(), &raw mut handle) };
    });
    kernel.etw.discard(true);
    kernel.etw.enable_session("measuring", KEYWORD, 0);
    // Id 1, version 1, channel, level 4.
    let channel: u64 = if is_described { 11 } else { 0 };
    let descriptor = [1 | 1 << 16 | channel << 24 | 4 << 32, KEYWORD];
    let payload = [0_u8; 70];
    let at = u64::try_from(payload.as_ptr().expose_provenance()).unwrap_or(0);
    let all: [Piece; 3] = [(at, 40, 2), (at, 60, 1), (at, 70, 0)];
    let pieces = if is_described { &all[..] } else { &all[2..] };
    let count = u32::try_from(pieces.len()).unwrap_or(0);
    let cost = best(kernel, || {
        // SAFETY: descriptor and pieces are as long as said.
        let _ignored =
            unsafe { write(handle, descriptor.as_ptr(), null(), null(), count, pieces.as_ptr()) };
    });
    kernel.etw.disable_session("measuring");
    kernel.enter("measuring", || {
        // SAFETY: the handle is registered.
        let _ignored = unsafe { unregister(handle) };
    });
    cost
}
