//! Connections, each decision about them held against what programs were shown and answered.
//!
//! Whatever fails, a program's BLOCK holds (S09, S17). Under `open` nothing but a program's BLOCK
//! blocks. Under `closed` nothing passes that an attached program has not allowed, or has not been
//! shown and let pass (S32).

use crate::world::{Phase, World};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::{Indication, StreamOutcome};
use weir_sim_kernel::net::Connection;

const ALLOW: u32 = 0;
const BLOCK: u32 = 1;

/// One invocation.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) program: usize,
    pub(crate) flow: u64,
    pub(crate) state: u32,
    pub(crate) data: Option<Vec<u8>>,
    /// `None` for an invocation that failed.
    pub(crate) answer: Option<u32>,
}

/// A connection.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) connection: Connection,
    /// Programs that were attached for it when it was established.
    wanted: Vec<usize>,
    /// Bytes may have passed that nobody saw: the engine was down.
    pub(crate) is_unseen: bool,
    is_closed: bool,
}

impl World {
    fn is_enforced(&self) -> bool {
        self.kernel.fwp.filter_count() == 4
    }

    /// A connection is established; returns its number.
    pub(crate) fn connect(&self, spec: &FlowSpec) -> usize {
        let is_enforced = self.is_enforced();
        let programs = self.programs.borrow();
        let wants = |number: &usize| {
            let it = programs[*number];
            // A reauthorization is of a flow that was established before (S11).
            let is_new = !spec.is_reauthorize;
            is_new
                && it.attached.is_attached()
                && [0, spec.compartment_id].contains(&it.compartment)
        };
        let wanted: Vec<usize> = (0..programs.len()).filter(wants).collect();
        drop(programs);
        let connection = self.during(Phase::Established, || self.net.connect(spec));
        let watched = Watched { connection, wanted, is_unseen: !is_enforced, is_closed: false };
        // It may be gone already, and its context with it.
        if is_enforced && (connection.is_open() || connection.is_refused()) {
            self.check_established(&watched);
        }
        self.flows.borrow_mut().push(watched);
        self.flows.borrow().len() - 1
    }

    /// An IPv4 connection.
    pub(crate) fn connect_v4(&self) -> usize {
        self.connect(&FlowSpec::default())
    }

    fn answers(&self, flow: u64) -> Vec<Asked> {
        self.asked.borrow().iter().filter(|it| it.flow == flow && it.state != 2).cloned().collect()
    }

    fn check_established(&self, watched: &Watched) {
        let Watched { connection, wanted, .. } = watched;
        let (flow, is_refused) = (connection.flow, connection.is_refused());
        let answers = self.answers(flow);
        let is_blocked = answers.iter().any(|it| it.answer == Some(BLOCK));
        let is_kept = connection.has_context();
        let is_allowed = |program: &usize| {
            answers.iter().any(|it| it.program == *program && it.answer == Some(ALLOW))
        };
        let tell = |what: &str| self.tell(format!("flow {flow:#x} established: {what}"));
        if is_blocked && !is_refused && !is_kept {
            tell("a program's block is lost");
        }
        if is_refused && !is_blocked && (!self.setup.is_closed || wanted.is_empty()) {
            tell("blocked, though no program said so");
        }
        if self.setup.is_closed && !is_refused && !is_kept && !wanted.iter().all(is_allowed) {
            tell("passes, though not every program allowed it");
        }
        if wanted.is_empty() && is_kept {
            tell("has a context that nobody wants");
        }
    }

    /// Data of a connection.
    pub(crate) fn indicate(&self, number: usize, indication: &Indication) -> StreamOutcome {
        let watched = self.flows.borrow()[number].clone();
        if watched.is_closed || !self.kernel.fwp.is_open(watched.connection.flow) {
            return StreamOutcome::default();
        }
        let before = self.asked.borrow().len();
        let outcome = self.during(Phase::Data, || watched.connection.indicate(indication));
        if self.is_enforced() && !indication.bytes.is_empty() {
            self.check_data(&watched, &indication.bytes, before, outcome.is_permitted);
        }
        outcome
    }

    fn check_data(&self, watched: &Watched, bytes: &[u8], before: usize, is_permitted: bool) {
        let flow = watched.connection.flow;
        let tell = |what: &str| self.tell(format!("data of flow {flow:#x}: {what}"));
        let answers = self.answers(flow);
        let is_blocked = answers.iter().any(|it| it.answer == Some(BLOCK));
        if is_blocked && is_permitted && !watched.is_unseen {
            tell("passes, though a program blocked it");
        }
        if !is_permitted && !is_blocked && !self.setup.is_closed {
            tell("blocked, though no program said so");
        }
        if !self.setup.is_closed || !is_permitted || watched.is_unseen {
            return;
        }
        let asked = self.asked.borrow();
        let now = asked.iter().skip(before).filter(|it| it.flow == flow && it.state == 1);
        let now: Vec<&Asked> = now.collect();
        for program in &watched.wanted {
            let of = |it: &&Asked| it.program == *program;
            let is_allowed = answers.iter().filter(of).any(|it| it.answer == Some(ALLOW));
            let shown = now.iter().filter(|it| it.program == *program && it.answer.is_some());
            let shown: Vec<u8> = shown.flat_map(|it| it.data.clone().unwrap_or_default()).collect();
            let is_there = self.programs.borrow()[*program].attached.is_attached();
            if is_there && !is_allowed && shown != bytes {
                tell(&format!("passes, and program {program} has not seen it"));
            }
        }
    }

    /// Bytes to the peer.
    pub(crate) fn send(&self, number: usize, bytes: &[u8]) -> StreamOutcome {
        self.indicate(number, &Indication::sent(bytes))
    }

    /// Bytes from the peer.
    pub(crate) fn receive(&self, number: usize, bytes: &[u8]) -> StreamOutcome {
        self.indicate(number, &Indication::received(bytes))
    }

    /// Flow established once more.
    pub(crate) fn authorize_again(&self, number: usize) {
        let connection = self.flows.borrow()[number].connection;
        if self.kernel.fwp.is_open(connection.flow) {
            self.reauthorized.set(self.reauthorized.get() + 1);
            self.during(Phase::Established, || connection.authorize_again());
        }
    }

    /// The connection ends.
    pub(crate) fn close(&self, number: usize) {
        self.flows.borrow_mut()[number].is_closed = true;
        let connection = self.flows.borrow()[number].connection;
        self.during(Phase::Deletion, || connection.close());
    }

    /// Deletions that were kept back come.
    pub(crate) fn deliver(&self) {
        self.during(Phase::Deletion, || self.net.deliver_deletes());
    }
}
