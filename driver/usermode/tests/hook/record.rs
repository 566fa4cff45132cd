//! What the tests share: a hook whose events are kept, and programs that follow a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use weir_abi::event::{Counters, Prefix};
use weir_abi::wire::Text;
use weir_abi::{Direction, EventHead, Record};
use weir_usermode::hook::{FlowInfo, Hook, HookOptions};

/// One event as bytes.
pub(crate) type Bytes = (EventHead, Vec<u8>);

/// Events in the order in which they were written.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Bytes>>>);

impl Recorder {
    pub(crate) fn start(&self, options: HookOptions) -> Hook {
        let kept = self.0.clone();
        let sink = Box::new(move |head: &EventHead, payload: &[u8]| {
            kept.lock().unwrap().push((*head, payload.to_vec()));
        });
        Hook::start(options, sink, 0)
    }

    pub(crate) fn bytes(&self) -> Vec<Bytes> {
        self.0.lock().unwrap().clone()
    }

    /// Decodes every event and hands it over with its prefix; none may fail.
    pub(crate) fn each(&self, mut take: impl FnMut(Prefix, Record<'_>)) {
        for (head, payload) in self.bytes() {
            let (prefix, record) = Record::decode(head.id, &payload).unwrap();
            take(prefix, record);
        }
    }

    /// The events that `pick` wants.
    pub(crate) fn all<T>(&self, mut pick: impl FnMut(Record<'_>) -> Option<T>) -> Vec<T> {
        let mut found = Vec::new();
        self.each(|_, record| found.extend(pick(record)));
        found
    }

    /// The one event that `pick` wants.
    pub(crate) fn one<T>(&self, pick: impl FnMut(Record<'_>) -> Option<T>) -> T {
        let mut found = self.all(pick);
        assert_eq!(found.len(), 1, "exactly one such event");
        found.remove(0)
    }

    /// Entries of the last whole set of counters.
    pub(crate) fn counters(&self) -> Vec<weir_abi::counters::Entry> {
        let parts = self.all(|record| match record {
            Record::Counters(counters) => {
                Some((counters.header, Counters::entries(&counters).collect::<Vec<_>>()))
            }
            _ => None,
        });
        let last = parts.last().expect("a set of counters").0.number;
        parts.into_iter().filter(|(it, _)| it.number == last).flat_map(|(_, it)| it).collect()
    }
}

/// What a scripted program was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) context: [u8; 104],
    pub(crate) data: Option<Vec<u8>>,
}

impl Shown {
    pub(crate) fn state(&self) -> u8 {
        self.context[80]
    }
}

/// A program that gives these answers in turn, then NEED_MORE_DATA, and remembers what it saw.
pub(crate) struct Script {
    seen: Arc<Mutex<Vec<Shown>>>,
}

impl Script {
    pub(crate) fn attach(hook: &mut Hook, label: &str, answers: &[Result<u32, u32>]) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut answers) = (seen.clone(), VecDeque::from(answers.to_vec()));
        let program = move |context: &[u8; 104], data: Option<&[u8]>| {
            let data = data.map(<[u8]>::to_vec);
            kept.lock().unwrap().push(Shown { context: *context, data });
            answers.pop_front().unwrap_or(Ok(2))
        };
        hook.attach(Text::new(label).unwrap(), 0, Box::new(program), 0).unwrap();
        Self { seen }
    }

    pub(crate) fn seen(&self) -> Vec<Shown> {
        self.seen.lock().unwrap().clone()
    }

    /// States of its invocations: 0 NEW, 1 ESTABLISHED, 2 DELETED.
    pub(crate) fn states(&self) -> Vec<u8> {
        self.seen().iter().map(Shown::state).collect()
    }
}

/// An outbound connection from 10.0.0.1:50000 to 192.0.2.7:443.
pub(crate) fn outbound(flow_id: u64) -> FlowInfo {
    FlowInfo {
        flow_id,
        local: "10.0.0.1:50000".parse().unwrap(),
        remote: "192.0.2.7:443".parse().unwrap(),
        direction: Direction::Outbound,
        compartment_id: 1,
        interface_luid: 6,
        process_id: 4_242,
        is_loopback: false,
    }
}

pub(crate) const SECOND: u64 = 1_000_000_000;
