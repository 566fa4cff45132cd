//! The layer at which connections are established: rules S10 and S11.

use crate::scene::{ALLOW, Answers, BLOCK, FAIL, MORE, Scene, Setup};
use weir_abi::Direction;
use weir_abi::event::{ErrorApi, ErrorEvent, FlowEstablished, Invocation};
use weir_abi::identifiers::{CALLOUTS, FILTERS};
use weir_sim_kernel::ebpf::{Params, Reply};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layers::Layer;
use weir_sim_kernel::fwp::layout::{RIGHT_ACTION_WRITE, action, kind, metadata};
use weir_sim_kernel::fwp::{ShownCondition, ShownFilter, status};

/// `FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED`.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpmtypes/ns-fwpmtypes-fwpm_filter0 (read 2026-11)
const PERMIT_IF_CALLOUT_UNREGISTERED: u32 = 0x10;

/// `FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_PROTOCOL`, the same for V6.
///
/// Source: `fwpsk.h`, `FWPS_FIELDS_ALE_FLOW_ESTABLISHED_V4_` (read 2026-11)
const PROTOCOL_FIELD: usize = 5;

/// The filters at flow established.
fn filters(scene: &Scene) -> Vec<ShownFilter> {
    let layers = [Layer::EstablishedV4, Layer::EstablishedV6];
    scene.kernel.fwp.filters().into_iter().filter(|it| layers.contains(&it.layer)).collect()
}

#[test]
fn s10_the_filters_may_answer_anything_and_permit_without_their_callout() {
    let Some(scene) = Scene::open() else { return };
    let filters = filters(&scene);
    let named: Vec<_> = filters.iter().map(|it| (it.layer, it.key, it.callout)).collect();
    let wanted = [
        (Layer::EstablishedV4, FILTERS[0], CALLOUTS[0]),
        (Layer::EstablishedV6, FILTERS[1], CALLOUTS[1]),
    ];
    assert_eq!(named, wanted);
    for filter in filters {
        assert_eq!(filter.action, action::CALLOUT_UNKNOWN);
        assert_eq!(filter.flags, PERMIT_IF_CALLOUT_UNREGISTERED);
    }
    scene.attach(&[MORE]);
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        assert!(!scene.net.connect(&spec).is_refused());
    }
    assert_eq!(scene.log(), "new0 new0");
}

/// A way through flow established.
struct Path {
    name: &'static str,
    setup: Setup,
    answers: &'static [Reply],
    spec: FlowSpec,
    /// The import that fails, and how.
    fault: Option<(&'static str, i32)>,
}

impl Path {
    fn of(name: &'static str, answers: &'static [Reply]) -> Self {
        let (setup, spec) = (Setup::default(), FlowSpec::default());
        Self { name, setup, answers, spec, fault: None }
    }

    fn closed(self) -> Self {
        Self { setup: Setup { is_closed: true, ..self.setup }, ..self }
    }

    fn failing(self, import: &'static str) -> Self {
        Self { fault: Some((import, status::INVALID_PARAMETER)), ..self }
    }

    /// `actionType` as the callout left it, for both families.
    fn actions(&self) -> Option<[u32; 2]> {
        let v6 = FlowSpec::v6();
        let v6 = FlowSpec { local: v6.local, remote: v6.remote, ..self.spec.clone() };
        let mut actions = [0; 2];
        for (spec, action) in [self.spec.clone(), v6].iter().zip(&mut actions) {
            let scene = Scene::boot(&self.setup)?;
            for answer in self.answers {
                scene.attach(&[*answer]);
            }
            if self.setup.max_flows == Some(1) {
                assert!(scene.connect().has_context());
            }
            if let Some((import, status)) = self.fault {
                scene.kernel.faults.fail_always(import, status);
            }
            let outcome = scene.net.connect(spec).established;
            scene.kernel.faults.clear();
            assert!(outcome.is_called, "{}", self.name);
            let rest = (outcome.flags, outcome.rights);
            assert_eq!(rest, (0, RIGHT_ACTION_WRITE), "{}", self.name);
            *action = outcome.action;
        }
        Some(actions)
    }
}

fn no_handle() -> FlowSpec {
    FlowSpec { metadata_absent: metadata::FLOW_HANDLE, ..FlowSpec::default() }
}

#[test]
fn s10_the_callout_continues_on_every_other_path() {
    let again = FlowSpec { is_reauthorize: true, ..FlowSpec::default() };
    let foreign = FlowSpec { compartment_id: 0, ..FlowSpec::default() };
    let full = Setup { max_flows: Some(1), ..Setup::default() };
    let pool = "ExAllocatePool2";
    let stack = "KeExpandKernelStackAndCalloutEx";
    let paths = [
        Path::of("nobody", &[]),
        Path::of("nobody, closed", &[]).closed(),
        Path::of("allow", &[ALLOW, ALLOW]),
        Path::of("allow, closed", &[ALLOW]).closed(),
        Path::of("more", &[MORE]),
        Path::of("block", &[BLOCK]),
        Path::of("block, closed", &[MORE, BLOCK]).closed(),
        Path::of("failed", &[FAIL]),
        Path::of("failed, closed, blocked and kept", &[FAIL]).closed(),
        Path::of("invalid", &[Reply::Answer(3)]),
        Path::of("invalid, closed, blocked and kept", &[Reply::Answer(u32::MAX)]).closed(),
        Path { spec: again.clone(), ..Path::of("reauthorized", &[BLOCK]) },
        Path { spec: again, ..Path::of("reauthorized, closed", &[BLOCK]).closed() },
        Path { spec: foreign, ..Path::of("no compartment", &[ALLOW]) },
        Path { spec: no_handle(), ..Path::of("no handle", &[MORE]) },
        Path { spec: no_handle(), ..Path::of("no handle, nobody", &[]).closed() },
        Path::of("no pool", &[MORE]).failing(pool),
        Path::of("no association", &[MORE]).failing("FwpsFlowAssociateContext0"),
        Path::of("no stack", &[MORE]).failing(stack),
        Path { setup: full, ..Path::of("full", &[MORE]) },
    ];
    for path in paths {
        let Some(actions) = path.actions() else { return };
        assert_eq!(actions, [action::CONTINUE; 2], "{}", path.name);
    }
}

#[test]
fn s10_the_callout_blocks_only_where_continuing_would_let_pass_what_must_not() {
    let full = Setup { max_flows: Some(1), ..Setup::default() };
    let (pool, associate) = ("ExAllocatePool2", "FwpsFlowAssociateContext0");
    let paths = [
        Path::of("block, no pool", &[MORE, BLOCK]).failing(pool),
        Path::of("block, no association", &[BLOCK]).failing(associate),
        Path::of("closed, no pool", &[MORE]).closed().failing(pool),
        Path::of("closed, no association", &[MORE]).closed().failing(associate),
        Path { setup: full, ..Path::of("closed, full", &[MORE]) }.closed(),
        Path { spec: no_handle(), ..Path::of("closed, no handle", &[ALLOW]) }.closed(),
    ];
    for path in paths {
        let Some(actions) = path.actions() else { return };
        assert_eq!(actions, [action::BLOCK; 2], "{}", path.name);
    }
}

#[test]
fn s11_the_filters_ask_for_tcp_only() {
    let Some(scene) = Scene::open() else { return };
    let tcp = ShownCondition { index: PROTOCOL_FIELD, kind: kind::UINT8, data: 6 };
    for filter in filters(&scene) {
        assert_eq!(filter.conditions, [tcp]);
    }
    scene.attach(&[BLOCK]);
    for protocol in [1, 17, 58, 132] {
        let connection = scene.net.connect(&FlowSpec { protocol, ..FlowSpec::default() });
        assert!(!connection.established.is_called, "protocol {protocol}");
    }
    assert_eq!(scene.log(), "");
    assert!(!scene.connect().is_refused());
    assert_eq!(scene.log(), "new0");
}

#[test]
fn s11_that_it_is_tcp_is_checked_again() {
    // Closed, so that taking it for an error would show.
    let Some(scene) = Scene::closed() else { return };
    scene.attach(&[BLOCK]);
    for (protocol, established_values) in [(17, 24), (0, 24), (6, PROTOCOL_FIELD), (6, 0)] {
        let spec = FlowSpec {
            protocol,
            established_values,
            ignores_conditions: true,
            ..FlowSpec::default()
        };
        let connection = scene.net.connect(&spec);
        assert!(connection.established.is_called);
        assert_eq!(connection.established.action, action::CONTINUE);
        assert!(!connection.has_context());
    }
    assert_eq!((scene.log().as_str(), scene.events::<ErrorEvent>()), ("", vec![]));
    let tcp = FlowSpec { ignores_conditions: true, ..FlowSpec::default() };
    assert!(scene.net.connect(&tcp).has_context());
    assert_eq!(scene.log(), "new0");
}

#[test]
fn s11_a_reauthorized_connection_is_ignored() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[BLOCK]);
    let spec = FlowSpec { is_reauthorize: true, ..FlowSpec::default() };
    let connection = scene.net.connect(&spec);
    for _ in 0..2 {
        let again = connection.authorize_again();
        assert!(again.is_called && again.action == action::CONTINUE);
    }
    assert!(!connection.has_context() && !connection.send(b"x").is_called);
    assert_eq!(scene.log(), "");
    assert_eq!((scene.events::<Invocation>(), scene.events::<ErrorEvent>()), (vec![], vec![]));
    assert!(scene.connect().has_context());
}

#[test]
fn s11_fields_are_read_only_where_there_are_so_many_values() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    let luid = 0x0006_0000_0100_0000;
    // Loopback, accepted, in compartment 1: everything differs from what is taken for granted.
    for count in [8, 11, 12, 13, 15, 16, 19, 20, 24, 25, 70] {
        for spec in [FlowSpec::default(), FlowSpec::v6()] {
            let spec = FlowSpec {
                direction: Direction::Inbound,
                is_loopback: true,
                interface_luid: Some(luid),
                established_values: count,
                ..spec
            };
            scene.forget_events();
            let connection = scene.net.connect(&spec);
            assert!(connection.has_context(), "{count} values");
            let events = scene.events::<FlowEstablished>();
            let [event] = &events[..] else { panic!("{events:?}") };
            // Indices of interface, direction, flags, compartment: 11, 12, 15, 19.
            assert_eq!(event.interface_luid, if count > 11 { luid } else { 0 }, "{count} values");
            assert_eq!(event.direction == Direction::Inbound, count > 12, "{count} values");
            assert_eq!(event.loopback, count > 15, "{count} values");
            assert_eq!(event.compartment_id, u32::from(count > 19), "{count} values");
            assert_eq!((event.local_port.0, event.remote_port.0), (50_000, 443));
        }
    }
}

#[test]
fn s11_a_flag_that_is_not_there_is_not_read_and_a_compartment_binds_by_what_is_known() {
    let Some(scene) = Scene::open() else { return };
    scene.attach_with(&Params::compartment(1), Answers::of(&[MORE]));
    scene.attach(&[MORE]);
    let spec = |count| FlowSpec { established_values: count, ..FlowSpec::default() };
    assert!(scene.net.connect(&spec(19)).has_context());
    assert_eq!(scene.log(), "new1", "compartment 1 without anybody saying so");
    assert!(scene.net.connect(&spec(20)).has_context());
    assert_eq!(scene.log(), "new0 new1");
}

#[test]
fn s11_without_both_ends_nobody_is_asked() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[BLOCK]);
    for count in [PROTOCOL_FIELD + 1, PROTOCOL_FIELD + 2] {
        let spec = FlowSpec { established_values: count, ..FlowSpec::default() };
        let connection = scene.net.connect(&spec);
        assert!(connection.established.is_called && !connection.has_context());
        assert_eq!(connection.established.action, action::CONTINUE);
    }
    assert_eq!(scene.log(), "");
    assert!(scene.connect().has_context());
}

#[test]
fn s11_a_missing_flow_handle_is_an_error() {
    for is_closed in [false, true] {
        let setup = Setup { is_closed, ..Setup::default() };
        let Some(scene) = Scene::boot(&setup) else { return };
        scene.attach(&[BLOCK]);
        let connection = scene.net.connect(&no_handle());
        assert_eq!(connection.is_refused(), is_closed);
        assert!(!connection.has_context() && scene.kernel.fwp.context_count() == 0);
        assert_eq!(scene.log(), "");
        let errors = scene.events::<ErrorEvent>();
        let [error] = &errors[..] else { panic!("{errors:?}") };
        // Not what the field holds that nobody announced.
        assert_eq!((error.api, error.flow_id), (ErrorApi::FlowHandle, 0));
    }
}
