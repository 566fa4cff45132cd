//! The driver's parameters in the registry, and what is told of wrong ones.

use crate::counted::INTERVAL_NS;
use weir_abi::Event;
use weir_abi::event::{DriverState, ErrorApi, ErrorEvent, FailurePolicy, StateKind};
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::{Kernel, Options};

// Source: learn.microsoft.com/windows/win32/sysinfo/registry-value-types (read 2026-11)
const REG_SZ: u32 = 1;
const REG_EXPAND_SZ: u32 = 2;
const REG_BINARY: u32 = 3;
const REG_DWORD: u32 = 4;
const REG_QWORD: u32 = 11;

/// A value of the key `Parameters`: name, type, data.
type Value = (&'static str, u32, Vec<u8>);

fn decoded<E: Event>(kernel: &Kernel) -> Vec<E> {
    let events = kernel.etw.events();
    let of = events.iter().filter(|it| it.id == E::ID);
    of.map(|it| E::decode(&it.payload).unwrap().1).collect()
}

/// Starts the driver with these values: what it says of its parameters, and how many it refused.
fn started(values: &[Value]) -> Option<(DriverState, usize)> {
    let kernel = Kernel::boot(Options { image: Some(image_or_skip()?), ..Options::default() });
    kernel.etw.enable(0, 0);
    for (name, kind, data) in values {
        kernel.registry.set("Parameters", name, *kind, data.clone());
    }
    assert_eq!(kernel.load_driver(), 0);
    let states: Vec<DriverState> = decoded(kernel);
    let told = states.iter().filter(|it| it.kind == StateKind::Parameters).collect::<Vec<_>>();
    let [told] = told.as_slice() else { panic!("{states:?}") };
    let errors: Vec<ErrorEvent> = decoded(kernel);
    assert!(errors.iter().all(|it| it.api == ErrorApi::Parameter), "{errors:?}");
    let result = (**told, errors.len());
    kernel.unload_driver();
    kernel.finish();
    Some(result)
}

fn text(value: &str) -> Vec<u8> {
    value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn number(value: u32) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

/// Policy, action, interval, bound.
type Told = (FailurePolicy, u8, u32, u32);

const DEFAULTS: Told = (FailurePolicy::Open, 0, 1000, 1_048_576);

fn told(state: &DriverState) -> Told {
    (state.failure_policy, state.block_action, state.counters_interval_ms, state.flows_max)
}

#[test]
fn parameters_that_are_not_there_have_their_defaults() {
    let Some((state, errors)) = started(&[]) else { return };
    assert_eq!((told(&state), errors), (DEFAULTS, 0));
}

#[test]
fn each_good_value_holds() {
    let (open, interval, flows) = (FailurePolicy::Open, 1000, 1_048_576);
    let cases: [(Value, Told); 9] = [
        (("FailurePolicy", REG_SZ, text("open")), DEFAULTS),
        (("FailurePolicy", REG_SZ, text("closed")), (FailurePolicy::Closed, 0, interval, flows)),
        (("FailurePolicy", REG_SZ, text("Closed")), (FailurePolicy::Closed, 0, interval, flows)),
        (("BlockAction", REG_SZ, text("absorb")), DEFAULTS),
        (("BlockAction", REG_SZ, text("abort")), (open, 1, interval, flows)),
        (("CountersIntervalMs", REG_DWORD, number(100)), (open, 0, 100, flows)),
        (("CountersIntervalMs", REG_DWORD, number(3_600_000)), (open, 0, 3_600_000, flows)),
        (("MaxFlows", REG_DWORD, number(1)), (open, 0, interval, 1)),
        (("MaxFlows", REG_DWORD, number(16_777_216)), (open, 0, interval, 16_777_216)),
    ];
    for (value, expected) in cases {
        let Some((state, errors)) = started(core::slice::from_ref(&value)) else { return };
        assert_eq!((told(&state), errors), (expected, 0), "{value:?}");
    }
}

#[test]
fn each_wrong_value_is_told_and_has_its_default() {
    let words = ["FailurePolicy", "BlockAction"];
    let numbers = ["CountersIntervalMs", "MaxFlows"];
    let mut cases: Vec<Value> = Vec::new();
    for name in words {
        for word in ["", "ope", "opened", "closed ", "close", "abor", "1", "öpen"] {
            cases.push((name, REG_SZ, text(word)));
        }
        cases.push((name, REG_SZ, text(&"x".repeat(300))));
        cases.push((name, REG_SZ, Vec::new()));
        cases.push((name, REG_EXPAND_SZ, text("closed")));
        cases.push((name, REG_DWORD, number(1)));
        cases.push((name, REG_BINARY, vec![0xff; 64]));
    }
    for name in numbers {
        cases.push((name, REG_DWORD, number(0)));
        cases.push((name, REG_DWORD, number(u32::MAX)));
        cases.push((name, REG_DWORD, vec![1]));
        cases.push((name, REG_SZ, text("200")));
        cases.push((name, REG_QWORD, 200_u64.to_le_bytes().to_vec()));
        cases.push((name, REG_BINARY, number(200)));
    }
    cases.push(("CountersIntervalMs", REG_DWORD, number(99)));
    cases.push(("CountersIntervalMs", REG_DWORD, number(3_600_001)));
    cases.push(("MaxFlows", REG_DWORD, number(16_777_217)));
    for value in cases {
        let Some((state, errors)) = started(core::slice::from_ref(&value)) else { return };
        assert_eq!((told(&state), errors), (DEFAULTS, 1), "{value:?}");
    }
}

#[test]
fn each_of_several_wrong_values_is_told() {
    let values = [
        ("FailurePolicy", REG_SZ, text("shut")),
        ("BlockAction", REG_SZ, text("drop")),
        ("CountersIntervalMs", REG_DWORD, number(1)),
        ("MaxFlows", REG_DWORD, number(77)),
    ];
    let Some((state, errors)) = started(&values) else { return };
    assert_eq!((told(&state), errors), ((FailurePolicy::Open, 0, 1000, 77), 3));
}

#[test]
fn the_interval_is_that_of_the_counters() {
    let Some(image) = image_or_skip() else { return };
    let kernel = Kernel::boot(Options { image: Some(image), ..Options::default() });
    kernel.etw.enable(0, 0);
    kernel.registry.set_dword("Parameters", "CountersIntervalMs", 250);
    assert_eq!(kernel.load_driver(), 0);
    kernel.advance(2 * INTERVAL_NS);
    assert_eq!(crate::counted::sets(kernel).len(), 8);
    kernel.unload_driver();
    kernel.finish();
}
