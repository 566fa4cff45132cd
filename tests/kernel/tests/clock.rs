//! The driver's clock: which one it chooses, what it says of it, and that durations are neither
//! cut short nor padded, however coarse the counter is.
//!
//! A program lets virtual time pass while it runs, so the truth is known to the nanosecond. The
//! machine's own clocks are looked at in one test only, which holds them against each other.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use core::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use weir_abi::Event as _;
use weir_abi::counters::Series;
use weir_abi::event::{ClockKind, Counters, DriverState, Invocation, Record, StateKind};
use weir_sim_kernel::ebpf::{Params, Reply};
use weir_sim_kernel::etw::Written;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::{Indication, Prepared};
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::net::{Connection, Net};
use weir_sim_kernel::time::Time;
use weir_sim_kernel::{Kernel, Options};

const NEED_MORE_DATA: u32 = 2;

/// `FLOW_STATE` ESTABLISHED, and its index in [`Series::RunTime`].
const ESTABLISHED: u16 = 1;

/// Index of the stream callouts in [`Series::CalloutTime`].
const STREAM: u16 = 1;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// The counter of Windows where the time stamp counter is what is behind it.
///
/// Source: learn.microsoft.com/windows/win32/sysinfo/acquiring-high-resolution-time-stamps (read
/// 2026-11)
const TEN_MEGAHERTZ: u64 = 10_000_000;

/// Boots until the driver's clock is of a kind. Under virtual time that is the performance counter,
/// unless Linux took the processor away for a millisecond while the driver compared its clocks: the
/// time stamp counter is the machine's own, and cannot be simulated.
fn loaded(time: Time, kind: ClockKind) -> Option<(&'static Kernel, Net)> {
    let image = image_or_skip()?;
    for _ in 0..5 {
        let options = Options {
            image: Some(image.clone()),
            time,
            measures_stacks: false,
            processors: 1,
            breakpoints: None,
        };
        let kernel = Kernel::boot(options);
        // Counters are told on capture state and at the end only.
        kernel.registry.set_dword("Parameters", "CountersIntervalMs", 3_600_000);
        kernel.etw.enable(0, 0);
        assert_eq!(kernel.load_driver(), 0);
        kernel.run_work();
        if states(&kernel.etw.events()).iter().all(|state| state.clock == kind) {
            return Some((kernel, Net::new(kernel)));
        }
        unload(kernel);
    }
    panic!("the driver never chose {kind:?}");
}

fn ticking(frequency: u64) -> Time {
    Time::Virtual { start_unix_ns: 1_793_491_200_000_000_000, frequency }
}

fn unload(kernel: &Kernel) {
    kernel.unload_driver();
    kernel.finish();
}

fn states(events: &[Written]) -> Vec<DriverState> {
    let records = events.iter().filter_map(|event| Record::decode(event.id, &event.payload).ok());
    records
        .filter_map(
            |(_, record)| {
                if let Record::DriverState(state) = record { Some(state) } else { None }
            },
        )
        .collect()
}

/// The durations that Invocation events tell of segments, in order.
fn durations(events: &[Written]) -> Vec<u64> {
    let told = events.iter().filter(|event| event.id == Invocation::ID);
    told.filter_map(|event| match Record::decode(event.id, &event.payload).unwrap() {
        (_, Record::Invocation(it)) if it.state == weir_abi::FlowState::Established => {
            Some(it.duration.0)
        }
        _ => None,
    })
    .collect()
}

/// The last set of counters, by series and index; of several scopes, the sum.
fn counters(kernel: &Kernel) -> BTreeMap<(u16, u16), u64> {
    drop(kernel.etw.take_events());
    kernel.etw.capture_state();
    kernel.run_work();
    let mut sums = BTreeMap::new();
    for event in kernel.etw.take_events().iter().filter(|event| event.id == Counters::ID) {
        for entry in Counters::decode(&event.payload).unwrap().1.entries() {
            *sums.entry((entry.series, entry.index)).or_insert(0) += entry.value;
        }
    }
    sums
}

/// 2^-32 s in nanoseconds, rounded down as the driver does.
fn ticks(nanos: u64) -> u64 {
    u64::try_from((u128::from(nanos) << 32) / u128::from(NANOS_PER_SECOND)).unwrap()
}

fn nanos(ticks: u64) -> u64 {
    u64::try_from((u128::from(ticks) * u128::from(NANOS_PER_SECOND)) >> 32).unwrap()
}

/// A connection inspected by a program that takes as long as the cell says.
fn timed(kernel: &'static Kernel, net: &Net) -> (Connection, Rc<Cell<u64>>) {
    let takes = Rc::new(Cell::new(0));
    let taken = Rc::clone(&takes);
    let script = move |_: &_| {
        kernel.advance(taken.get());
        Reply::Answer(NEED_MORE_DATA)
    };
    net.core().attach_scripted(&Params::default(), script).unwrap();
    (net.connect(&FlowSpec::default()), takes)
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn within(&mut self, range: core::ops::RangeInclusive<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        range.start() + (mixed ^ (mixed >> 31)) % (range.end() - range.start() + 1)
    }
}

#[test]
fn the_mean_of_run_times_by_a_ten_megahertz_counter_is_not_biased() {
    const INVOCATIONS: u64 = 100_000;
    const COUNT_NS: u64 = NANOS_PER_SECOND / TEN_MEGAHERTZ;
    let clock = ticking(TEN_MEGAHERTZ);
    let Some((kernel, net)) = loaded(clock, ClockKind::PerformanceCounter) else { return };
    kernel.etw.discard(true);
    let (connection, takes) = timed(kernel, &net);
    let segment = Prepared::new(&Indication::received(b"x"));
    let mut numbers = Numbers(1);
    let (mut truth, mut cut_short) = (0, 0);
    for _ in 0..INVOCATIONS {
        // Without gaps one duration would begin where the last one ended, and errors cancel.
        kernel.advance(numbers.within(1..=1_000));
        takes.set(numbers.within(50..=500));
        truth += takes.get();
        cut_short += takes.get() / COUNT_NS * COUNT_NS;
        assert!(connection.indicate_prepared(&segment).is_permitted);
    }
    kernel.etw.discard(false);
    let told = counters(kernel);
    let [run_time, callout_time] = [
        told[&(Series::RunTime.number(), ESTABLISHED)],
        told[&(Series::CalloutTime.number(), STREAM)],
    ]
    .map(nanos);
    // One error lies within a count either way and has at most half a count of deviation; that of
    // the sum grows with the root of the number. Six of these, and the part of a tick that is cut
    // off each time.
    let bound = 6 * COUNT_NS / 2 * INVOCATIONS.isqrt() + INVOCATIONS / 4;
    assert!(truth / bound > 200, "the bound is below half a percent of {truth}");
    for sum in [run_time, callout_time] {
        assert!(sum.abs_diff(truth) <= bound, "{sum} ns told, {truth} ns true, ± {bound}");
    }
    // Each of these would be seen: whole counts of the duration, and a count more each time.
    assert!(cut_short.abs_diff(truth) > 10 * bound);
    assert!(INVOCATIONS * COUNT_NS / 2 > 10 * bound);
    unload(kernel);
}

#[test]
fn durations_by_a_counter_of_nanoseconds_are_exact() {
    let clock = ticking(NANOS_PER_SECOND);
    let Some((kernel, net)) = loaded(clock, ClockKind::PerformanceCounter) else { return };
    let (connection, takes) = timed(kernel, &net);
    drop(kernel.etw.take_events());
    let mut numbers = Numbers(2);
    let mut truth = vec![0, 1, 2, 999_999_999, 1_000_000_000, 1_000_000_001, 90_000_000_007];
    truth.extend((0..200).map(|_| numbers.within(50..=500)));
    for nanos in &truth {
        takes.set(*nanos);
        kernel.advance(17);
        assert!(connection.receive(b"x").is_permitted);
    }
    let truth: Vec<u64> = truth.into_iter().map(ticks).collect();
    assert_eq!(durations(&kernel.etw.events()), truth);
    let told = counters(kernel);
    let sum: u64 = truth.iter().sum();
    assert_eq!(told[&(Series::RunTime.number(), ESTABLISHED)], sum);
    assert_eq!(told[&(Series::CalloutTime.number(), STREAM)], sum);
    // NEW took no time, and was timed.
    assert_eq!(told.get(&(Series::RunTime.number(), 0)), None);
    assert_eq!(told[&(Series::RunTimeNew.number(), 0)], 1);
    unload(kernel);
}

#[test]
fn every_attachment_is_timed_by_itself_and_the_callout_as_a_whole() {
    let clock = ticking(NANOS_PER_SECOND);
    let Some((kernel, net)) = loaded(clock, ClockKind::PerformanceCounter) else { return };
    for nanos in [1_000, 20_000, 300_000] {
        let script = move |_: &_| {
            kernel.advance(nanos);
            Reply::Answer(NEED_MORE_DATA)
        };
        net.core().attach_scripted(&Params::default(), script).unwrap();
    }
    let connection = net.connect(&FlowSpec::default());
    kernel.advance(7);
    drop(kernel.etw.take_events());
    connection.receive(b"x");
    assert_eq!(durations(&kernel.etw.events()), [1_000, 20_000, 300_000].map(ticks));
    let told = counters(kernel);
    for callouts in [0, STREAM] {
        assert_eq!(told[&(Series::CalloutTime.number(), callouts)], ticks(321_000));
    }
    unload(kernel);
}

#[test]
fn at_any_frequency_a_duration_is_told_within_a_count() {
    // Those of the PM timer, the HPET, a tick of 64 Hz, and one that no machine has.
    for frequency in [3_579_545, 14_318_180, 64, 3_333_333_333] {
        let time = ticking(frequency);
        let Some((kernel, net)) = loaded(time, ClockKind::PerformanceCounter) else { return };
        let (connection, takes) = timed(kernel, &net);
        drop(kernel.etw.take_events());
        let mut numbers = Numbers(frequency);
        let truth: Vec<u64> = (0..200).map(|_| numbers.within(1..=5_000_000_000)).collect();
        for nanos in &truth {
            takes.set(*nanos);
            kernel.advance(numbers.within(1..=1_000));
            connection.receive(b"x");
        }
        let told = durations(&kernel.etw.events());
        assert_eq!(told.len(), truth.len());
        let count_ns = NANOS_PER_SECOND / frequency + 1;
        for (told, truth) in told.into_iter().zip(truth) {
            let told = nanos(told);
            assert!(told.abs_diff(truth) <= count_ns + 1, "{frequency} Hz: {told}, not {truth}");
        }
        unload(kernel);
    }
}

#[test]
fn the_driver_says_which_clock_it_has_and_how_fine() {
    for (frequency, resolution_ps) in [(TEN_MEGAHERTZ, 100_000), (NANOS_PER_SECOND, 1_000)] {
        let time = ticking(frequency);
        let Some((kernel, _)) = loaded(time, ClockKind::PerformanceCounter) else { return };
        kernel.etw.capture_state();
        kernel.unload_driver();
        let events = kernel.etw.events();
        let states = states(&events);
        for kind in [StateKind::Start, StateKind::Parameters, StateKind::Stop] {
            let state = states.iter().find(|state| state.kind == kind).unwrap();
            assert_eq!(state.clock, ClockKind::PerformanceCounter, "{kind:?}");
            assert_eq!(state.clock_resolution_ps, resolution_ps, "{kind:?}");
        }
        kernel.finish();
    }
}

/// Whether this machine's time stamp counter counts at one rate.
///
/// Source: AMD APM volume 3, `CPUID` Fn8000_0007_EDX bit 8 (read 2026-11)
fn has_invariant_tsc() -> bool {
    let leaf = |leaf| core::arch::x86_64::__cpuid(leaf);
    leaf(0x8000_0000).eax >= 0x8000_0007 && leaf(0x8000_0007).edx & (1 << 8) != 0
}

/// A program that runs for a while by the performance counter: what passed inside, what the driver
/// tells of it, and what passed around the call.
fn spells(kernel: &'static Kernel, net: &Net) -> Vec<[u64; 3]> {
    const WHILE_NS: u64 = 3_000_000;
    const SPELLS: usize = 10;
    let inside = Rc::new(Cell::new(0));
    let noted = Rc::clone(&inside);
    let script = move |_: &_| {
        let from = kernel.time.now_ns();
        while kernel.time.now_ns() < from + WHILE_NS {
            core::hint::spin_loop();
        }
        noted.set(kernel.time.now_ns() - from);
        Reply::Answer(NEED_MORE_DATA)
    };
    net.core().attach_scripted(&Params::default(), script).unwrap();
    let connection = net.connect(&FlowSpec::default());
    let segment = Prepared::new(&Indication::received(b"x"));
    drop(kernel.etw.take_events());
    let measured = (0..SPELLS).map(|_| {
        let from = kernel.time.now_ns();
        connection.indicate_prepared(&segment);
        (inside.get(), kernel.time.now_ns() - from)
    });
    let measured: Vec<_> = measured.collect();
    let told = durations(&kernel.etw.events());
    assert_eq!(told.len(), SPELLS);
    measured
        .into_iter()
        .zip(told)
        .map(|((inside, around), told)| [inside, nanos(told), around])
        .collect()
}

#[test]
fn an_invariant_time_stamp_counter_is_chosen_and_told_in_seconds() {
    let time = Time::Real { frequency: TEN_MEGAHERTZ };
    let kind = if has_invariant_tsc() { ClockKind::Tsc } else { ClockKind::PerformanceCounter };
    let mut seen = Vec::new();
    // Where Linux takes the processor away while the driver compares its clocks, the comparison is
    // off, so one of some machines has to hold.
    for _ in 0..5 {
        let Some((kernel, net)) = loaded(time, kind) else { return };
        let resolution_ps = states(&kernel.etw.events())[0].clock_resolution_ps;
        if kind == ClockKind::Tsc {
            // 0.1 to 20 GHz.
            assert!((50..=10_000).contains(&resolution_ps), "{resolution_ps} ps");
        }
        let spells = spells(kernel, &net);
        unload(kernel);
        // The one that Linux disturbed least: of that the driver can be off by half a percent.
        let [inside, told, around] =
            spells.into_iter().min_by_key(|[inside, _, around]| around - inside).unwrap();
        let slack = inside / 200;
        let is_close = around - inside < 4 * slack;
        if is_close && (inside - slack..=around + slack).contains(&told) {
            return;
        }
        seen.push([inside, told, around]);
    }
    panic!("inside, told, around: {seen:?}");
}
