//! A flow from its establishment to its deletion.

use super::machine::{ALLOW, CONTROL, Costs, Machine, Plan};
use super::noise::{Ordered, disordered, left, spread};
use super::{float, row, table};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use weir_sim_kernel::calls::Snapshot;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::measure::Spent;

/// Times that all rows are measured, one after the other.
const PASSES: usize = 8;
/// Rounds of a pass.
const ROUNDS: u32 = 5;
/// Flows of a round, all of them open at the end of it.
const FLOWS: u32 = 2_000;

const ESTABLISHED: &str = "flow established";
const DELETED: &str = "flowDeleteFn";

/// What costs more than what.
const ORDERED: [Ordered; 7] = [
    ("0 attachments", "1 allows at NEW"),
    ("1 allows at NEW", "4 allow at NEW"),
    ("1 allows at NEW", "1 wants more: kept"),
    ("4 allow at NEW", "4 want more: kept"),
    ("1 wants more: kept", "4 want more: kept"),
    ("1 wants more: kept", "1 kept, weir-control listens"),
    ("4 want more: kept", "4 kept, weir-control listens"),
];

/// What a flow took at one entry point.
#[derive(Clone, Debug)]
struct Call {
    /// Infinite where the driver was not called.
    nanos: f64,
    imports: BTreeMap<&'static str, f64>,
    events: f64,
    /// The best of each pass.
    passes: Vec<f64>,
}

/// What a flow took, and with what.
struct Flow {
    name: &'static str,
    plan: Plan,
    calls: [Call; 2],
}

/// Prints what flows take.
pub(super) fn print(image: &Path, costs: &Costs) -> Result<(), String> {
    let (allow, more) = (|count| Plan::new(count).answering(ALLOW), Plan::new);
    let plans = [
        ("0 attachments", Plan::new(0)),
        ("1 allows at NEW", allow(1)),
        ("4 allow at NEW", allow(4)),
        ("1 wants more: kept", more(1)),
        ("4 want more: kept", more(4)),
        ("1 kept, weir-control listens", more(1).listening(CONTROL)),
        ("4 kept, weir-control listens", more(4).listening(CONTROL)),
    ];
    let measured = |(name, plan)| Ok(Flow { name, plan, calls: measure(image, &plan)? });
    let mut flows = plans.into_iter().map(measured).collect::<Result<Vec<_>, String>>()?;
    for _ in 1..PASSES {
        for flow in &mut flows {
            let again = measure(image, &flow.plan)?;
            flow.calls.iter_mut().zip(again).for_each(|(best, again)| best.take(again));
        }
    }
    println!(
        "\n{PASSES} passes of {ROUNDS} rounds of {FLOWS} flows. `calls` of functions; `known` is the time of those in \
         the table above: allocation, association and system time are in `rest`."
    );
    for (which, title) in ["ns a flow established", "ns a flow deleted"].into_iter().enumerate() {
        print_one(title, which, &flows, costs);
    }
    print_calls(&flows);
    Ok(())
}

fn print_one(title: &str, which: usize, flows: &[Flow], costs: &Costs) {
    let header = [
        title,
        "all",
        "spread",
        "ratio",
        "calls",
        "known",
        "programs",
        "rest",
        "events",
        "ns an event",
    ];
    let mut table = table("", header);
    let calls = |name: &str| flows.iter().find(|it| it.name == name).map(|it| &it.calls[which]);
    let finite = |name: &str| calls(name).map(|it| it.nanos).filter(|it| it.is_finite());
    let noisy = disordered(&ORDERED, finite);
    let base = flows.iter().map(|it| it.calls[which].nanos).find(|it| it.is_finite());
    for flow in flows {
        let call = &flow.calls[which];
        if call.nanos.is_infinite() {
            row(&mut table, flow.name, ["not called".to_owned()]);
            continue;
        }
        let cost = |name: &str| costs.calls.imports.get(name).copied().unwrap_or(0.0);
        let known: f64 = call.imports.iter().map(|(name, count)| count * cost(name)).sum();
        let known = known + call.events * costs.calls.events[1];
        let programs = super::bytes(flow.plan.attachments) * costs.program;
        let rest = call.nanos - known - programs;
        let count: f64 = call.imports.values().sum();
        let ratio = format!("{:.2}", call.nanos / base.unwrap_or(call.nanos));
        let silent = ["1 wants more: kept", "4 want more: kept"];
        let silent = silent[usize::from(flow.plan.attachments == 4)];
        let silent = calls(silent).map_or(call.nanos, |it| it.nanos);
        let an_event = if call.events > 0.0 {
            left((call.nanos - silent) / call.events, noisy.contains(flow.name))
        } else {
            String::new()
        };
        let rest = left(rest, noisy.contains(flow.name));
        let [all, count, known, programs, events] =
            [call.nanos, count, known, programs, call.events].map(|number| format!("{number:.1}"));
        let spread = spread(&call.passes);
        row(
            &mut table,
            flow.name,
            [all, spread, ratio, count, known, programs, rest, events, an_event],
        );
    }
    println!("{table}");
}

/// Which functions a flow calls, where one is kept for one attachment.
fn print_calls(flows: &[Flow]) {
    let Some(flow) = flows.iter().find(|it| it.name == "1 wants more: kept") else { return };
    let mut table =
        table("Calls a flow, 1 attachment that keeps it", ["function", "established", "deleted"]);
    let names: BTreeSet<&str> =
        flow.calls.iter().flat_map(|call| call.imports.keys().copied()).collect();
    for name in names {
        let counts = flow.calls.iter().map(|call| call.imports.get(name).copied().unwrap_or(0.0));
        row(&mut table, name, counts.map(|count| format!("{count:.2}")));
    }
    println!("{table}");
}

fn measure(image: &Path, plan: &Plan) -> Result<[Call; 2], String> {
    let machine = Machine::boot(image, plan)?;
    let kernel = machine.kernel;
    let mut calls = [const { None }; 2];
    for _ in 0..ROUNDS {
        let mut connections = Vec::new();
        let (snapshot, written) = (kernel.calls.snapshot(), kernel.etw.written());
        kernel.stopwatch.start();
        connections.extend((0..FLOWS).map(|_| machine.net.connect(&FlowSpec::default())));
        let spent = kernel.stopwatch.stop();
        let since = (kernel.calls.snapshot().since(&snapshot), kernel.etw.written() - written);
        better(&mut calls[0], &spent, ESTABLISHED, since);
        let (snapshot, written) = (kernel.calls.snapshot(), kernel.etw.written());
        kernel.stopwatch.start();
        connections.iter().for_each(|connection| connection.close());
        let spent = kernel.stopwatch.stop();
        let since = (kernel.calls.snapshot().since(&snapshot), kernel.etw.written() - written);
        better(&mut calls[1], &spent, DELETED, since);
    }
    machine.end()?;
    Ok(calls.map(|call| {
        let mut call = call.unwrap_or_else(Call::none);
        call.passes.push(call.nanos);
        call
    }))
}

impl Call {
    /// The driver was not called.
    const fn none() -> Self {
        Self { nanos: f64::INFINITY, imports: BTreeMap::new(), events: 0.0, passes: Vec::new() }
    }

    /// Takes in another pass.
    fn take(&mut self, again: Self) {
        let mut passes = core::mem::take(&mut self.passes);
        passes.extend(&again.passes);
        if again.nanos < self.nanos {
            *self = again;
        }
        self.passes = passes;
    }
}

/// Keeps the better of two rounds.
fn better(
    best: &mut Option<Call>,
    spent: &BTreeMap<&'static str, Spent>,
    entry: &str,
    (calls, events): (Snapshot, u64),
) {
    let Some(spent) = spent.get(entry) else { return };
    if best.as_ref().is_none_or(|best| spent.each() < best.nanos) {
        let each = |count| float(count) / f64::from(FLOWS);
        let imports = calls.iter().map(|(name, count)| (name, each(count))).collect();
        *best = Some(Call { nanos: spent.each(), imports, events: each(events), ..Call::none() });
    }
}
