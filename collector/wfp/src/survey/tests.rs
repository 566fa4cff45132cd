//! Each wrong thing alone is seen, and at its object alone.

use super::{ActionKind, CALLOUT_REGISTERED, Call, Callout, FILTER_DISABLED, Filter, Survey};
use crate::layer::LAYERS;
use weir_abi::identifiers::{CALLOUTS, Guid, SUBLAYER};

/// Somebody else's key.
const fn other(number: u8) -> Guid {
    Guid::new(number as u32, 0x1234, 0x5678, 0x9abc, [0; 6])
}

/// `FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED` and `FWPM_FILTER_FLAG_INDEXED`: what a filter
/// of the driver may have.
const USUAL_FLAGS: u32 = 0x10 | 0x40;

/// As the driver makes it.
fn whole() -> Survey {
    let call = |at: usize| Call { kind: LAYERS[at].action, callout: LAYERS[at].callout };
    let filter = |at: usize| Filter {
        layer: LAYERS[at].key,
        sublayer: SUBLAYER,
        flags: USUAL_FLAGS,
        call: Some(call(at)),
    };
    let callout = |at: usize| Callout { layer: LAYERS[at].key, flags: CALLOUT_REGISTERED };
    let places = [0, 1, 2, 3];
    Survey {
        has_provider: true,
        has_sublayer: true,
        callouts: places.map(|at| Some(callout(at))),
        filters: places.map(|at| Some(filter(at))),
        calls: places.map(|at| vec![call(at)]),
    }
}

/// Objects that are not as the driver made them.
fn wrong(survey: &Survey) -> Vec<String> {
    let objects = survey.judge().objects;
    assert_eq!(objects.len(), 10);
    let wrong = objects.into_iter().filter(|it| !it.is_present);
    wrong.map(|it| format!("{} {}", it.kind, it.layer)).collect()
}

/// Callouts of others, where there are any.
fn foreign(survey: &Survey) -> Vec<String> {
    let foreign = survey.judge().foreign;
    assert_eq!(foreign.len(), 12, "every layer and kind, from 0");
    let some = foreign.into_iter().filter(|it| it.callouts > 0);
    some.map(|it| format!("{} {} {}", it.callouts, it.kind, it.layer)).collect()
}

/// Each filter, and each callout, changed alone.
fn each_filter(change: impl Fn(&mut Option<Filter>)) {
    for (at, layer) in LAYERS.iter().enumerate() {
        let mut survey = whole();
        change(&mut survey.filters[at]);
        assert_eq!(wrong(&survey), [format!("filter {}", layer.label)]);
    }
}

fn each_callout(change: impl Fn(&mut Option<Callout>)) {
    for (at, layer) in LAYERS.iter().enumerate() {
        let mut survey = whole();
        change(&mut survey.callouts[at]);
        assert_eq!(wrong(&survey), [format!("callout {}", layer.label)]);
    }
}

#[test]
fn what_the_driver_makes_is_present_and_not_foreign() {
    assert_eq!(wrong(&whole()), [""; 0]);
    assert_eq!(foreign(&whole()), [""; 0]);
}

#[test]
fn nothing_is_present_in_an_empty_engine() {
    assert_eq!(wrong(&Survey::default()).len(), 10);
    assert_eq!(foreign(&Survey::default()), [""; 0]);
}

#[test]
fn a_provider_or_a_sublayer_that_is_missing_is_told() {
    let survey = Survey { has_provider: false, ..whole() };
    assert_eq!(wrong(&survey), ["provider any"]);
    let survey = Survey { has_sublayer: false, ..whole() };
    assert_eq!(wrong(&survey), ["sublayer any"]);
}

#[test]
fn a_callout_that_is_missing_is_told() {
    each_callout(|it| *it = None);
}

#[test]
fn a_callout_that_no_driver_has_registered_is_not_present() {
    each_callout(|it| it.as_mut().unwrap().flags = !CALLOUT_REGISTERED);
}

#[test]
fn a_callout_of_another_layer_is_not_present() {
    each_callout(|it| it.as_mut().unwrap().layer = other(1));
}

#[test]
fn a_filter_that_is_missing_is_told() {
    each_filter(|it| *it = None);
}

#[test]
fn a_filter_at_another_layer_is_not_present() {
    each_filter(|it| it.as_mut().unwrap().layer = other(1));
}

#[test]
fn a_filter_in_another_sublayer_is_not_present() {
    each_filter(|it| it.as_mut().unwrap().sublayer = other(1));
}

#[test]
fn a_filter_that_calls_another_callout_is_not_present() {
    each_filter(|it| it.as_mut().unwrap().call.as_mut().unwrap().callout = other(1));
}

#[test]
fn a_filter_with_a_callout_of_the_drivers_for_another_layer_is_not_present() {
    for at in 0..LAYERS.len() {
        let mut survey = whole();
        let next = CALLOUTS[(at + 1) % CALLOUTS.len()];
        survey.filters[at].as_mut().unwrap().call.as_mut().unwrap().callout = next;
        assert_eq!(wrong(&survey), [format!("filter {}", LAYERS[at].label)]);
    }
}

#[test]
fn a_filter_that_calls_nothing_or_may_not_decide_is_not_present() {
    each_filter(|it| it.as_mut().unwrap().call = None);
    each_filter(|it| {
        it.as_mut().unwrap().call.as_mut().unwrap().kind = ActionKind::Inspection;
    });
}

#[test]
fn a_filter_that_is_disabled_is_not_present() {
    each_filter(|it| it.as_mut().unwrap().flags |= FILTER_DISABLED);
}

#[test]
fn callouts_of_others_are_counted_once_at_each_layer_and_kind() {
    let mut survey = whole();
    let call = |kind, number| Call { kind, callout: other(number) };
    survey.calls[0].extend([
        call(ActionKind::Inspection, 1),
        call(ActionKind::Inspection, 1),
        call(ActionKind::Inspection, 2),
    ]);
    survey.calls[3].extend([
        call(ActionKind::Terminating, 1),
        call(ActionKind::Unknown, 1),
        call(ActionKind::Unknown, 3),
    ]);
    let expected =
        ["2 inspection ale_flow_established_v4", "1 terminating stream_v6", "2 unknown stream_v6"];
    assert_eq!(foreign(&survey), expected);
    assert_eq!(wrong(&survey), [""; 0], "they do not change what the driver has");
}

#[test]
fn a_callout_of_the_drivers_is_not_foreign_whoever_calls_it() {
    let mut survey = whole();
    survey.calls[2].push(Call { kind: ActionKind::Inspection, callout: CALLOUTS[0] });
    assert_eq!(foreign(&survey), [""; 0]);
}

#[test]
fn an_action_that_nobody_has_heard_of_may_do_either() {
    let kinds = [0x5003, 0x6004, 0x4005, 0x4006, 0x1001, 0x1002, 0x2006, 7, 8, 9];
    let some = |kind| Some(kind);
    let expected = [
        some(ActionKind::Terminating),
        some(ActionKind::Inspection),
        some(ActionKind::Unknown),
        some(ActionKind::Unknown),
    ];
    let expected = expected.into_iter().chain(core::iter::repeat_n(None, 6));
    assert!(kinds.map(ActionKind::of).into_iter().eq(expected));
}

#[test]
fn layers_and_kinds_are_those_of_the_catalogue() {
    use weir_stages::catalogue::{METRICS, Values};
    let found = whole().judge();
    let pairs = |name: &str| {
        let metric = METRICS.iter().find(|it| it.name == name).unwrap();
        let values = |at: usize| match metric.labels[at].values {
            Values::Fixed(values) => values,
            _ => panic!("{name} has other labels"),
        };
        (values(0), values(1))
    };
    let (layers, kinds) = pairs("weir_wfp_object_present");
    assert!(found.objects.iter().all(|it| layers.contains(&it.layer) && kinds.contains(&it.kind)));
    let (layers, kinds) = pairs("weir_wfp_foreign_callouts");
    assert!(found.foreign.iter().all(|it| layers.contains(&it.layer) && kinds.contains(&it.kind)));
}
