//! The account itself: what it would not see is worth nothing.

use super::*;
use crate::sets::Sets;
use weir_abi::event::Event as _;
use weir_usermode::hook::{FlowInfo, Hook, HookOptions};

type Heard = std::sync::Arc<std::sync::Mutex<Vec<(EventHead, Vec<u8>)>>>;

/// What a hook tells of flows that are allowed, blocked and left undecided.
fn told() -> Vec<(EventHead, Vec<u8>)> {
    let heard = Heard::default();
    let kept = Heard::clone(&heard);
    let sink = Box::new(move |head: &EventHead, payload: &[u8]| {
        kept.lock().unwrap().push((*head, payload.to_vec()));
    });
    let mut hook = Hook::start(HookOptions::default(), sink, 0);
    let mut asked = 0;
    let program = move |_: &[u8; 104], _: Option<&[u8]>| {
        asked += 1;
        Ok([2, 2, 0, 2, 1, 2, 2][asked % 7])
    };
    hook.attach(weir_abi::wire::Text::default(), 0, Box::new(program), 0).unwrap();
    for flow_id in 0..20 {
        let info = FlowInfo {
            flow_id,
            local: "10.0.0.1:5".parse().unwrap(),
            remote: "10.0.0.2:6".parse().unwrap(),
            direction: Direction::Outbound,
            compartment_id: 1,
            interface_luid: 0,
            process_id: 0,
            is_loopback: false,
        };
        let Some(handle) = hook.established(&info, flow_id).handle else { continue };
        hook.segment(handle, Direction::Inbound, b"abc", flow_id);
        hook.deleted(handle, flow_id + 1_000);
    }
    hook.stop(5_000);
    heard.lock().unwrap().clone()
}

/// Everything that this account says against these events.
fn objections(events: &[(EventHead, Vec<u8>)]) -> Vec<String> {
    let (mut account, mut sets, mut told) = (Account::default(), Sets::default(), Vec::new());
    for (head, payload) in events {
        told.extend(account.event(head, payload).err());
        if let Ok((_, Record::Counters(part))) = Record::decode(head.id, payload)
            && let Some(mut set) = sets.part(&part).unwrap()
        {
            // This hook is not timed.
            account.values.retain(|(series, ..), _| !series.name().starts_with("RunTime"));
            set.retain(|(series, ..), _| !series.name().starts_with("RunTime"));
            told.extend(account.set(&set));
        }
    }
    told.extend(account.unloaded(5_000).err());
    told
}

#[test]
fn books_balance_and_every_event_that_is_missing_or_twice_is_found() {
    let events = told();
    assert_eq!(objections(&events), [""; 0]);
    let counted = |id: u16| id != weir_abi::event::Counters::ID;
    for at in (0..events.len()).filter(|at| counted(events[*at].0.id)) {
        let is_last_state = at + 1 == events.len() && events[at].0.id == 9;
        let mut missing = events.clone();
        missing.remove(at);
        assert!(is_last_state || !objections(&missing).is_empty(), "without event {at}");
        let mut twice = events.clone();
        twice.insert(at, events[at].clone());
        assert!(!objections(&twice).is_empty(), "event {at} twice");
    }
    assert!(events.iter().any(|(head, _)| head.id == Cleanup::ID));
}
