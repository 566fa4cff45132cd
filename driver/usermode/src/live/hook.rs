//! The hook with a lock and a clock, for callers on several threads.

use crate::hook::{EventSink, FlowHandle, FlowInfo, Hook, HookOptions};
use core::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use weir_abi::Direction;

/// The compartment of live flows: the default one of Windows.
const COMPARTMENT: u32 = 1;

/// A hook that several tasks share; clones are the same hook.
#[derive(Clone)]
pub struct LiveHook(Arc<Shared>);

struct Shared {
    hook: Mutex<Numbered>,
    clock: Clock,
}

struct Numbered {
    hook: Hook,
    flows: u64,
}

/// Nanoseconds since 1970 that never go back: the system's time is read once.
struct Clock {
    started: Instant,
    started_ns: u64,
}

impl Clock {
    fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_ns: whole_ns(since.as_nanos()) }
    }

    fn now_ns(&self) -> u64 {
        self.started_ns.saturating_add(whole_ns(self.started.elapsed().as_nanos()))
    }
}

fn whole_ns(nanos: u128) -> u64 {
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

impl LiveHook {
    /// Starts a hook whose events go to `sink`.
    #[must_use]
    pub fn start(options: HookOptions, sink: EventSink) -> Self {
        let clock = Clock::start();
        let hook = Hook::start(options, sink, clock.now_ns());
        Self(Arc::new(Shared { hook: Mutex::new(Numbered { hook, flows: 0 }), clock }))
    }

    /// The time on the hook's clock, in nanoseconds since 1970.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.0.clock.now_ns()
    }

    /// Calls the hook under its lock, with the time of the call.
    pub fn with<R>(&self, call: impl FnOnce(&mut Hook, u64) -> R) -> R {
        self.locked(|numbered, now_ns| call(&mut numbered.hook, now_ns))
    }

    fn locked<R>(&self, call: impl FnOnce(&mut Numbered, u64) -> R) -> R {
        // A panic within a call is a defect of the engine or the VM; one flow may be off then.
        let mut hook = self.0.hook.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that events are written in the order of their times.
        let now_ns = self.0.clock.now_ns();
        call(&mut hook, now_ns)
    }

    /// A connection is established, seen from the client's end: its handle, or `Err` where it may
    /// not pass and no context is kept that could absorb it.
    pub(super) fn established(
        &self,
        client: SocketAddr,
        server: SocketAddr,
    ) -> Result<Option<FlowHandle>, Refused> {
        let opened = self.locked(|numbered, now_ns| {
            numbered.flows += 1;
            let info = FlowInfo {
                flow_id: numbered.flows,
                local: client,
                remote: server,
                direction: Direction::Outbound,
                compartment_id: COMPARTMENT,
                interface_luid: 0,
                process_id: std::process::id(),
                is_loopback: true,
            };
            numbered.hook.established(&info, now_ns)
        });
        match opened.handle {
            None if opened.is_blocked => Err(Refused),
            handle => Ok(handle),
        }
    }
}

/// The hook let no connection come about.
pub(super) struct Refused;
