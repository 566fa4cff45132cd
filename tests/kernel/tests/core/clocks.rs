//! Clocks, waits, timers and deferred procedure calls.

use crate::call::{last_words, machine, told};
use core::cell::RefCell;
use core::ffi::c_void;
use weir_sim_kernel::time::Time;
use weir_sim_kernel::{Kernel, Options, current};

/// `KTIMER`, and `KDPC`.
type Object = [u64; 8];
type Log = RefCell<Vec<(u64, u32, u8)>>;

/// Notes time, processor and level.
unsafe extern "win64" fn note(_: *mut Object, log: *mut c_void, _: *mut c_void, _: *mut c_void) {
    // SAFETY: the tests below pass their log, which outlives the timers.
    let log = unsafe { &*log.cast::<Log>() };
    let kernel = current();
    let time = kernel.time.now_ns();
    log.borrow_mut().push((time, kernel.processors.current(), kernel.irql()));
}

type Routine = unsafe extern "win64" fn(*mut Object, *mut c_void, *mut c_void, *mut c_void);

fn initialize(timer: &mut Object, dpc: &mut Object, log: &Log) {
    import!("KeInitializeTimerEx", (*mut Object, i32))((timer, 1));
    let log = (&raw const *log).cast_mut().cast();
    import!("KeInitializeDpc", (*mut Object, Routine, *mut c_void))((dpc, note, log));
}

fn set(timer: &mut Object, due: i64, period_ms: i32, dpc: &mut Object) -> u8 {
    import!("KeSetTimerEx", (*mut Object, i64, i32, *mut Object) -> u8)((
        timer, due, period_ms, dpc,
    ))
}

fn cancel(timer: &mut Object) -> u8 {
    import!("KeCancelTimer", (*mut Object) -> u8)((timer,))
}

#[test]
fn virtual_time_stands_until_it_is_moved() {
    let kernel = machine();
    let counter = import!("KeQueryPerformanceCounter", (*mut i64) -> i64);
    let system = import!("KeQuerySystemTimePrecise", (*mut i64));
    let (mut frequency, mut before, mut after) = (0, 0, 0);
    system((&raw mut before,));
    assert_eq!(counter((&raw mut frequency,)), 0);
    assert_eq!(frequency, 1_000_000_000);
    kernel.advance(1_234_500);
    assert_eq!(counter((core::ptr::null_mut(),)), 1_234_500);
    system((&raw mut after,));
    assert_eq!(after - before, 12_345);
    kernel.time.set_step(7);
    assert_eq!(counter((core::ptr::null_mut(),)), 1_234_507);
    kernel.finish();
}

#[test]
fn a_counter_of_ten_megahertz_and_the_real_clock() {
    let start_unix_ns = 1_700_000_000_000_000_000;
    let time = Time::Virtual { start_unix_ns, frequency: 10_000_000 };
    let kernel = Kernel::boot(Options { time, ..Options::default() });
    kernel.advance(1_250);
    assert_eq!(kernel.time.counter(), 12);
    assert_eq!(kernel.time.unix_ns(), start_unix_ns + 1_250);
    let time = Time::Real { frequency: 10_000_000 };
    let kernel = Kernel::boot(Options { time, ..Options::default() });
    let before = kernel.time.counter();
    kernel.advance(2_000_000);
    assert!(kernel.time.counter() >= before + 20_000);
}

#[test]
fn timers_expire_in_order_on_their_processor() {
    let kernel = machine();
    let log = Log::default();
    let (mut once, mut often) = (([0; 8], [0; 8]), ([0; 8], [0; 8]));
    initialize(&mut once.0, &mut once.1, &log);
    initialize(&mut often.0, &mut often.1, &log);
    kernel.on_processor(3, || set(&mut once.0, -15_000, 0, &mut once.1));
    assert_eq!(set(&mut often.0, -10_000, 1, &mut often.1), 0);
    assert_eq!((kernel.timers.set(), kernel.timers.queued()), (2, 0));
    kernel.advance(2_000_000);
    assert_eq!(log.take(), [(1_000_000, 0, 2), (1_500_000, 3, 2), (2_000_000, 0, 2)]);
    assert_eq!((cancel(&mut once.0), cancel(&mut often.0), cancel(&mut often.0)), (0, 1, 0));
    kernel.advance(9_000_000);
    assert_eq!(log.take(), []);
    let due = i64::try_from(kernel.time.system_100ns()).unwrap() + 50;
    set(&mut once.0, due, 0, &mut once.1);
    assert_eq!(set(&mut once.0, due, 0, &mut once.1), 1, "it was set already");
    kernel.advance(5_000);
    assert_eq!(log.take().len(), 1);
    import!("KeFlushQueuedDpcs", ())(());
    kernel.finish();
}

#[test]
fn a_wait_lets_timers_expire() {
    let kernel = machine();
    let log = Log::default();
    let (mut timer, mut dpc) = ([0; 8], [0; 8]);
    initialize(&mut timer, &mut dpc, &log);
    set(&mut timer, -100, 0, &mut dpc);
    let interval = -300_i64;
    let delay = import!("KeDelayExecutionThread", (i8, u8, *const i64) -> i32);
    assert_eq!(delay((0, 0, &raw const interval)), 0);
    assert_eq!((log.take(), kernel.time.now_ns()), (vec![(10_000, 0, 2)], 30_000));
    kernel.finish();
}

#[test]
fn a_loop_of_waits_without_end_is_told() {
    if let Some(words) = last_words("clocks::a_loop_of_waits_without_end_is_told") {
        assert!(words.contains("the driver waits for ever"), "{words}");
        return;
    }
    let interval = -1_i64;
    let delay = import!("KeDelayExecutionThread", (i8, u8, *const i64) -> i32);
    machine().enter("an unload", || {
        loop {
            delay((0, 0, &raw const interval));
        }
    })
}

#[test]
fn misuse_of_timers_is_told() {
    let kernel = machine();
    let log = Log::default();
    let (mut timer, mut dpc) = ([0; 8], [0; 8]);
    set(&mut timer, -1, 0, &mut dpc);
    told(kernel, "a DPC that was not initialized");
    cancel(&mut timer);
    told(kernel, "a timer that was not initialized");
    initialize(&mut timer, &mut dpc, &log);
    set(&mut timer, -1, 0, &mut dpc);
    assert_eq!(kernel.leftovers(), ["1 timers are set and 0 DPCs queued"]);
    kernel.at_irql(2, || import!("KeFlushQueuedDpcs", ())(()));
    told(kernel, "KeFlushQueuedDpcs at IRQL 2");
    initialize(&mut timer, &mut dpc, &log);
    told(kernel, "a timer that is set");
}
