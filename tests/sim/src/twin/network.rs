//! The twin as a network: connections, bytes and ends that both sides see.

use super::{Order, Twin};
use crate::machine::{Data, Network};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_usermode::hook::FlowInfo;

/// What the hook is told of a connection.
fn info_of(flow_id: u64, spec: &FlowSpec) -> FlowInfo {
    FlowInfo {
        flow_id,
        local: spec.local,
        remote: spec.remote,
        direction: spec.direction,
        compartment_id: spec.compartment_id,
        interface_luid: spec.interface_luid.unwrap_or(0),
        process_id: spec.process_id.and_then(|it| u32::try_from(it).ok()).unwrap_or(0),
        is_loopback: spec.is_loopback,
    }
}

impl Network for Twin {
    type Error = String;

    fn reach(&mut self, at_ns: u64) -> Result<(), String> {
        // Each set of counters apart: they tell what was when they were written.
        while self.hook.next_tick_ns() <= at_ns {
            let due_ns = self.hook.next_tick_ns();
            self.machine.reach(due_ns)?;
            self.hook.tick(due_ns);
            self.compare(Order::Same)?;
        }
        self.machine.reach(at_ns)?;
        self.compare(Order::Same)
    }

    fn connect(&mut self, spec: &FlowSpec) -> Result<Option<u64>, String> {
        let connection = self.machine.net.connect(spec);
        let opened = self.hook.established(&info_of(connection.flow, spec), self.machine.now_ns());
        self.compared.flows += 1;
        // A block at NEW takes effect at the data, unless no context is kept.
        let is_refused = opened.is_blocked && opened.handle.is_none();
        if (connection.is_refused(), connection.has_context())
            != (is_refused, opened.handle.is_some())
        {
            return Err(format!("{connection:?}: the hook has {opened:?}"));
        }
        self.connections.insert(connection.flow, (connection, opened.handle));
        self.compare(Order::Same)?;
        if is_refused {
            // It never was: nothing of it comes any more.
            self.connections.remove(&connection.flow);
            return Ok(None);
        }
        Ok(Some(connection.flow))
    }

    fn data(&mut self, flow: u64, data: &Data<'_>) -> Result<bool, String> {
        self.indicated(flow, data).map_err(|told| format!("{data:?}\n{told}"))
    }

    fn close(&mut self, flow: u64) -> Result<(), String> {
        let (_, handle) = self.known(flow)?;
        self.machine.close(flow)?;
        if let Some(handle) = handle {
            self.hook.deleted(handle, self.machine.now_ns());
        }
        self.connections.remove(&flow);
        self.compare(Order::Same)
    }
}
