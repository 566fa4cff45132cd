//! A segment through the stream callout, and what its time is made of.

use super::machine::{
    ALL, ALL_PLAIN, ALLOW, BLOCK, CONTROL, Costs, Machine, Plan, SEGMENT_BYTES, segment,
};
use super::noise::{Ordered, disordered, left, spread};
use super::{float, row, table};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use weir_abi::event::ClockKind;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::ndis::Shape;

/// Times that all rows are measured, one after the other.
const PASSES: usize = 12;
/// Rounds of a pass.
const ROUNDS: u32 = 10;
/// Segments of a round.
const SEGMENTS: u32 = 20_000;

const WRITE: &str = "EtwWriteTransfer";
const COUNTER: &str = "KeQueryPerformanceCounter";

/// What costs more than what.
const ORDERED: [Ordered; 14] = [
    ("blocked: absorbed", "1 attachment"),
    ("1 attachment", "4 attachments"),
    ("1 attachment", "1, weir-control listens"),
    ("4 attachments", "4, weir-control listens"),
    ("1, weir-control listens", "1, all events"),
    ("4, weir-control listens", "4, all events"),
    ("1, all events", "4, all events"),
    ("1, all events", "1, all self-describing"),
    ("4, all events", "4, all self-describing"),
    ("1, all self-describing", "4, all self-describing"),
    ("1 attachment", "1, three MDLs: copied"),
    ("4 attachments", "4, three MDLs: copied"),
    ("1, three MDLs: copied", "4, three MDLs: copied"),
    ("1, three MDLs: copied", "1, copied, all events"),
];

/// What a segment took.
#[derive(Clone, Debug)]
struct Segment {
    name: &'static str,
    plan: Plan,
    shape: Shape,
    nanos: f64,
    /// The best of each pass.
    passes: Vec<f64>,
    /// Calls of imports, by name.
    calls: BTreeMap<&'static str, f64>,
    clock: ClockKind,
    resolution_ps: u64,
}

/// The parts of that.
struct Parts {
    programs: f64,
    clock: f64,
    imports: f64,
    rest: f64,
}

fn plans() -> Vec<(&'static str, Plan, Shape)> {
    let (one, four, whole) = (Plan::new(1), Plan::new(4), Shape::Contiguous);
    vec![
        ("blocked: absorbed", one.answering(BLOCK), whole),
        ("1 attachment", one, whole),
        ("4 attachments", four, whole),
        ("1, weir-control listens", one.listening(CONTROL), whole),
        ("4, weir-control listens", four.listening(CONTROL), whole),
        ("1, all events", one.listening(ALL_PLAIN), whole),
        ("4, all events", four.listening(ALL_PLAIN), whole),
        ("1, all self-describing", one.listening(ALL), whole),
        ("4, all self-describing", four.listening(ALL), whole),
        ("1, three MDLs: copied", one, Shape::SplitMdls),
        ("4, three MDLs: copied", four, Shape::SplitMdls),
        ("1, copied, all events", one.listening(ALL_PLAIN), Shape::SplitMdls),
    ]
}

/// Prints what segments take, and returns the costs of calls under real clocks.
pub(super) fn print(image: &Path) -> Result<Costs, String> {
    println!(
        "\n{PASSES} passes of {ROUNDS} rounds of {SEGMENTS} segments of {SEGMENT_BYTES} bytes."
    );
    is_not_called(image)?;
    let (mut real, mut simulated) =
        (costs(image, &Plan::new(1))?, costs(image, &Plan::new(1).virtual_time())?);
    real.calls.agree(&mut simulated.calls);
    let segments = measure_all(image, &plans())?;
    // The same without a time stamp counter: how often it is read can be counted there.
    let counted = plans().into_iter().map(|(name, plan, shape)| (name, plan.virtual_time(), shape));
    let counted = measure_all(image, &counted.collect::<Vec<_>>())?;
    let reads = |name| {
        let of = counted.iter().find(|it| it.name == name);
        of.and_then(|it| it.calls.get(COUNTER)).copied().unwrap_or(0.0)
    };
    print_times("Durations by the time stamp counter", &segments, &real, reads);
    print_times("Durations by the performance counter", &counted, &simulated, reads);
    print_calls(&counted, &real, &simulated);
    print_events(&segments, &real);
    Ok(real)
}

fn costs(image: &Path, plan: &Plan) -> Result<Costs, String> {
    let machine = Machine::boot(image, plan)?;
    let costs = machine.costs();
    machine.end()?;
    Ok(costs)
}

/// A flow that nobody inspects has no context, so no callout is called.
fn is_not_called(image: &Path) -> Result<(), String> {
    for plan in [Plan::new(0), Plan::new(4).answering(ALLOW)] {
        let machine = Machine::boot(image, &plan)?;
        let connection = machine.net.connect(&FlowSpec::default());
        let outcome = connection.indicate_prepared(&segment(Shape::Contiguous));
        machine.end()?;
        if outcome.is_called {
            return Err("the callout was called for a flow that nobody inspects".to_owned());
        }
    }
    println!("0 attachments, or all allowed at NEW: the callout is not called, 0 ns.");
    Ok(())
}

/// Measures everything several times over: whatever else this machine does may last longer than the
/// rounds of one row, and is to meet all of them.
fn measure_all(
    image: &Path,
    plans: &[(&'static str, Plan, Shape)],
) -> Result<Vec<Segment>, String> {
    let pass = || plans.iter().map(|(name, plan, shape)| measure(image, name, *plan, *shape));
    let mut segments = pass().collect::<Result<Vec<_>, _>>()?;
    for _ in 1..PASSES {
        for (best, again) in segments.iter_mut().zip(pass()) {
            let nanos = again?.nanos;
            best.nanos = best.nanos.min(nanos);
            best.passes.push(nanos);
        }
    }
    Ok(segments)
}

fn measure(image: &Path, name: &'static str, plan: Plan, shape: Shape) -> Result<Segment, String> {
    let machine = Machine::boot(image, &plan)?;
    let Machine { kernel, clock, resolution_ps, .. } = machine;
    let connection = machine.net.connect(&FlowSpec::default());
    let prepared = segment(shape);
    kernel.stopwatch.repeat_segments(SEGMENTS);
    let before = kernel.calls.snapshot();
    if !connection.indicate_prepared(&prepared).is_called {
        return Err(format!("{name}: the callout was not called"));
    }
    let calls = kernel.calls.snapshot().since(&before);
    let calls = calls.iter().map(|(name, count)| (name, float(count) / f64::from(SEGMENTS)));
    let calls = calls.collect();
    let mut nanos = f64::INFINITY;
    for _ in 0..ROUNDS {
        kernel.stopwatch.start();
        connection.indicate_prepared(&prepared);
        let spent = kernel.stopwatch.stop();
        let spent = spent.get("stream").map_or(f64::INFINITY, |it| it.nanos);
        nanos = nanos.min(spent / f64::from(SEGMENTS));
    }
    kernel.stopwatch.repeat_segments(1);
    machine.end()?;
    Ok(Segment { name, plan, shape, nanos, passes: vec![nanos], calls, clock, resolution_ps })
}

impl Segment {
    fn parts(&self, costs: &Costs, reads: f64) -> Parts {
        let invoked = if self.plan.answer == BLOCK { 0 } else { self.plan.attachments };
        let programs = super::bytes(invoked) * costs.program;
        let counter = costs.calls.imports.get(COUNTER).copied().unwrap_or(0.0);
        let is_tsc = self.clock == ClockKind::Tsc;
        let clock = reads * if is_tsc { costs.calls.time_stamp_ns } else { counter };
        let known = self.calls.iter().filter(|(name, _)| ![COUNTER, WRITE].contains(name));
        let cost = |name| costs.calls.imports.get(name).copied().unwrap_or(0.0);
        let imports: f64 = known.map(|(name, count)| count * cost(*name)).sum();
        let imports = imports + self.events(costs);
        let rest = self.nanos - programs - clock - imports;
        Parts { programs, clock, imports, rest }
    }

    /// The simulator's part in writing this segment's events.
    fn events(&self, costs: &Costs) -> f64 {
        let [plain, described] = costs.calls.events;
        let written = self.calls.get(WRITE).copied().unwrap_or(0.0);
        let are_invocations_plain = self.plan.keywords == Some(ALL_PLAIN);
        let copies = if self.shape.is_contiguous() { 0.0 } else { written.min(1.0) };
        let invocation = if are_invocations_plain { plain } else { described };
        (written - copies) * invocation + copies * described
    }
}

fn print_times(
    title: &str,
    segments: &[Segment],
    costs: &Costs,
    reads: impl Fn(&'static str) -> f64,
) {
    let header =
        ["ns a segment", "all", "spread", "ratio", "programs", "clock", "imports", "driver"];
    let (clock, resolution) =
        segments.first().map(|it| (it.clock.name(), it.resolution_ps)).unwrap_or_default();
    let title = format!("{title} (the driver says: {clock}, {resolution} ps a count)");
    let mut table = table(&title, header);
    let base = segments.iter().find(|it| it.name == "1 attachment").map_or(1.0, |it| it.nanos);
    let noisy = disordered(&ORDERED, |name| nanos(segments, name));
    for it in segments {
        let Parts { programs, clock, imports, rest } = it.parts(costs, reads(it.name));
        let ratio = format!("{:.2}", it.nanos / base);
        let [all, programs, clock, imports] =
            [it.nanos, programs, clock, imports].map(|nanos| format!("{nanos:.1}"));
        let rest = left(rest, noisy.contains(it.name));
        let numbers = [all, spread(&it.passes), ratio, programs, clock, imports, rest];
        row(&mut table, it.name, numbers);
    }
    println!("{table}");
}

fn nanos(segments: &[Segment], name: &str) -> Option<f64> {
    segments.iter().find(|it| it.name == name).map(|it| it.nanos)
}

/// How often imports are called, and what one call costs in the simulator.
fn print_calls(segments: &[Segment], real: &Costs, simulated: &Costs) {
    let shown = ["blocked: absorbed", "1 attachment", "4 attachments", "1, three MDLs: copied"];
    let shown: Vec<&Segment> =
        shown.iter().filter_map(|name| segments.iter().find(|it| it.name == *name)).collect();
    let mut table = table(
        "Calls a segment (the performance counter stands for reads of any clock)",
        ["function", "ns", "absorbed", "1", "4", "1, copied"],
    );
    let names: BTreeSet<&str> = shown.iter().flat_map(|it| it.calls.keys().copied()).collect();
    for name in names {
        let costs = if name == COUNTER { simulated } else { real };
        let cost = costs.calls.imports.get(name);
        let cost = cost.map_or_else(|| "?".to_owned(), |cost| format!("{cost:.1}"));
        let counts = shown.iter().map(|it| it.calls.get(name).copied().unwrap_or(0.0));
        let counts = counts.map(|count| format!("{count:.0}"));
        row(&mut table, name, [cost].into_iter().chain(counts));
    }
    let other = |cost: f64| [format!("{cost:.1}")];
    row(&mut table, "(time stamp counter)", other(real.calls.time_stamp_ns));
    row(&mut table, "(program that answers a constant)", other(real.program));
    println!("{table}");
}

/// What an event costs: the difference that a session makes.
fn print_events(segments: &[Segment], costs: &Costs) {
    let mut table = table(
        "Events: ns more with a session, for each event",
        ["event", "all", "write", "driver"],
    );
    let noisy = disordered(&ORDERED, |name| nanos(segments, name));
    let nanos = |name| nanos(segments, name).unwrap_or(0.0);
    let mut add = |name, each: f64, write: f64, rows: &[&str]| {
        let is_noisy = each < 0.0 || rows.iter().any(|it| noisy.contains(it));
        let numbers = [left(each, is_noisy), format!("{write:.1}"), left(each - write, is_noisy)];
        row(&mut table, name, numbers);
    };
    let [plain, described] = costs.calls.events;
    for (name, with, without, count, write) in [
        ("Invocation", "4, all events", "4 attachments", 4.0, plain),
        ("Invocation, self-describing", "4, all self-describing", "4 attachments", 4.0, described),
    ] {
        let each = (nanos(with) - nanos(without)) / count;
        add(name, each, write, &[with, without]);
    }
    let rows = ["1, copied, all events", "1, three MDLs: copied", "1, all events", "1 attachment"];
    let [both, copied, invoked, none] = rows.map(nanos);
    add("CopyFallback", (both - copied) - (invoked - none), described, &rows);
    println!("{table}");
}
