//! Reasons that codes of three families tell, calls that fail with them, and when all that was.

use super::made::{NET, api, causes, facts, message, on, returned};
use weir_stages::checks::facts::FailedCall::{Attach, Load, Open};
use weir_stages::checks::facts::KnownFailure::{FileNotFound, Policy, Verification};

const HANDLER: &str = r#"\"ebpf_core_invoke_protocol_handler\""#;

/// A request that fails, in the layers of the call: status, Windows' error, eBPF's result.
fn layers(status: &str, windows: u32, function: &str, result: i64) -> [String; 3] {
    [
        api(0, HANDLER, &format!("\"status\":\"{status}(NT=x)\"")),
        api(10, "DeviceIoControl", &format!("\"last_error\":\"{windows}(WIN=x)\"")),
        returned(20, function, result),
    ]
}

#[test]
fn a_policy_is_the_cause_in_each_layer_alone_and_in_all() {
    let layers = layers("0xC0000804", 1296, "ebpf_object_load", 21);
    for layer in &layers {
        assert_eq!(causes(layer), [(Policy, 1)], "{layer}");
    }
    let found = facts(&layers.concat()).incidents;
    let [incident] = &found[..] else { panic!("{found:?}") };
    assert_eq!((incident.cause, incident.calls.as_slice()), (Policy, &[Load][..]));
    assert_eq!(incident.code.as_deref(), Some("21 (EBPF_BLOCKED_BY_POLICY)"));
    for words in [
        "code_type == EBPF_CODE_JIT blocked by Hyper-V Code Integrity policy",
        "Operation id %d not permitted due to system configuration",
    ] {
        assert_eq!(causes(&message(0, 2, words, "")), [(Policy, 1)], "{words}");
    }
}

#[test]
fn a_pinned_path_that_is_not_there_is_one_cause_in_each_layer_and_in_all() {
    let layers = layers("0xC000003A", 3, "ebpf_object_get", 7);
    for layer in &layers {
        assert_eq!(causes(layer), [(FileNotFound, 1)], "{layer}");
    }
    let found = facts(&layers.concat()).incidents;
    let [incident] = &found[..] else { panic!("{found:?}") };
    assert_eq!((incident.cause, incident.calls.as_slice()), (FileNotFound, &[][..]));
    assert_eq!(incident.code.as_deref(), Some("7 (EBPF_OBJECT_NOT_FOUND)"));
}

#[test]
fn an_incident_names_the_outermost_call_and_like_ones_each_call_once() {
    let of = |parts: &[String]| facts(&parts.concat()).incidents;
    let within = [returned(0, "load_byte_code", 1), returned(10, "ebpf_object_open", 1)];
    assert_eq!(of(&within)[0].calls, [Open]);
    assert_eq!(of(&within[..1])[0].calls, [Open], "without the outermost one");
    let program = [
        returned(0, "ebpf_verify_and_load_program", 1),
        returned(10, "ebpf_object_load", 1),
        returned(2_000_000, "ebpf_program_attach", 1),
        returned(4_000_000, "ebpf_object_load", 1),
    ];
    let found = of(&program);
    let [incident] = &found[..] else { panic!("{found:?}") };
    assert_eq!((incident.cause, incident.count), (Verification, 3));
    assert_eq!(incident.calls, [Load, Attach]);
    let other = on(7, 0, NET, "NetEbpfExtGenericError", 2, "\"Error\":1");
    assert_eq!(of(&[other])[0].calls, []);
}

#[test]
fn a_trace_says_from_when_to_when_it_is_whatever_the_order_of_its_events() {
    let at = |micros| message(micros, 4, "x", "");
    let facts = facts(&[at(2_000_000), at(9_000_000), at(1_000_000)].concat());
    assert_eq!(facts.first_time.as_deref(), Some("2026-11-21T14:00:01.0000000Z"));
    assert_eq!(facts.last_time.as_deref(), Some("2026-11-21T14:00:09.0000000Z"));
}
