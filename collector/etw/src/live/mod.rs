//! The sessions of Windows: ferrisetw for starting, delivery and its dispatch by provider, and
//! beside it what it lacks.
//!
//! * [`trace`]: one session from start to end, and the callback.
//! * [`control`]: losses, flush, capture state and stop, by the session's name.
//! * [`record`]: an event's head and payload, from its raw record. Schemas are never looked up.
//! * [`claim`]: that no second collector takes a session that is being read.
//! * [`machine`]: processors and memory.
//!
//! The crate's only `unsafe`.
#![expect(unsafe_code, reason = "calls of Windows, and the record that it hands to the callback")]

mod claim;
mod control;
mod machine;
mod record;
mod trace;

use crate::error::{EtwError, StartError, Step, code};
use crate::rule::{Machine, Sizes};
use crate::session::{SessionName, Sessions};
use claim::Claim;
use ferrisetw::native::EvntraceNativeError;
use ferrisetw::trace::TraceError;
pub use trace::Trace;

/// Starts of one session before giving up: the first, one after a left-over was stopped, and two
/// for [`Ballast`].
const STARTS_MAX: usize = 4;

/// Takes the place in memory of what a failed start freed.
///
/// ferrisetw notes where a session's callback data lies before it opens the session, and forgets
/// to take the note back if that fails. New data at the same place (a box of one pointer) is then
/// refused as already open. A box of the same size that is alive meanwhile moves it elsewhere.
///
/// Source: github.com/n4r1b/ferrisetw, `src/native/evntrace.rs`, `open_trace` (1.2.0, read 2026-11)
type Ballast = Vec<Box<usize>>;

/// How sessions are started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Only those may write into the sessions whom Windows permits it (`EVENT_TRACE_SECURE_MODE`):
    /// without it, any process that registers the driver's provider can forge events. Off until it
    /// was tried with a kernel driver.
    pub is_secure: bool,
    /// Looks at the id of each event on the session's thread, before it is copied. A panic in it is
    /// caught as one in the copying is: that is what it is for.
    pub on_event: Option<fn(u16)>,
}

/// The sessions of this machine.
pub struct LiveSessions {
    options: Options,
    machine: Machine,
}

impl LiveSessions {
    /// With sizes for this machine.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, machine: machine::this() }
    }

    /// The sizes that a session gets.
    #[must_use]
    pub fn sizes(&self, name: SessionName) -> Sizes {
        Sizes::of(name, self.machine)
    }
}

impl Sessions for LiveSessions {
    type Session = Trace;

    fn start(&mut self, name: SessionName) -> Result<Trace, StartError> {
        let claim = Claim::take(name)?;
        let sizes = self.sizes(name);
        let mut ballast = Ballast::new();
        let mut last = EtwError { session: name, step: Step::Start, code: code::ALREADY_EXISTS };
        for _ in 0..STARTS_MAX {
            let error = match trace::open(name, sizes, self.options) {
                Ok(opened) => return Trace::begin(name, opened, claim),
                Err(error) => error,
            };
            last = EtwError { session: name, step: Step::Start, code: number(&error) };
            // Whatever failed: no session is left. The claim says that none of this name is in use.
            let stopped = control::stop(name);
            if !is_taken(&error) {
                return Err(last.into());
            }
            if let Err(refused) = stopped
                && refused.code != code::NO_SUCH_SESSION
            {
                return Err(EtwError { step: Step::StopStale, ..refused }.into());
            }
            ballast.push(Box::new(ballast.len()));
        }
        Err(last.into())
    }
}

/// A session of this name is there already.
fn is_taken(error: &TraceError) -> bool {
    matches!(error, TraceError::EtwNativeError(EvntraceNativeError::AlreadyExist))
}

/// Windows' number; 0 where ferrisetw has none.
fn number(error: &TraceError) -> u32 {
    match error {
        TraceError::EtwNativeError(EvntraceNativeError::IoError(error)) => {
            error.raw_os_error().map_or(0, code::of_os)
        }
        TraceError::EtwNativeError(EvntraceNativeError::AlreadyExist) => code::ALREADY_EXISTS,
        TraceError::EtwNativeError(EvntraceNativeError::InvalidHandle)
        | TraceError::InvalidTraceName => 0,
    }
}
