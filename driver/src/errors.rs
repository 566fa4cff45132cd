//! Error events: at most ten a second of one API and status, with the number left out (S31).

use crate::driver::Driver;
use weir_abi::event::{ERRORS_PER_SECOND, ErrorApi, ErrorEvent};
use weir_nt::NtStatus;
use weir_nt::lock::AtDispatch;
use weir_nt::pool::PoolSlice;
use weir_nt::time::system_100ns;

/// Kinds of errors whose rate is known at once; beyond it the oldest is forgotten, which can only
/// let an event more through.
const KINDS_MAX: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Rate {
    kind: (ErrorApi, u32),
    second: u64,
    written: u32,
    suppressed: u32,
}

/// How often each kind of error came.
#[derive(Debug)]
pub(crate) struct ErrorRates {
    /// Newest first.
    rates: PoolSlice<Option<Rate>>,
    /// Parameters that were wrong, to be told once somebody can listen.
    wrong_parameters: u32,
}

/// The flow and the attachment that an error is about; 0 where it is about none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About {
    pub(crate) flow_serial: u64,
    pub(crate) flow_id: u64,
    pub(crate) attach_id: u32,
}

impl ErrorRates {
    pub(crate) fn new(wrong_parameters: u32) -> Result<Self, NtStatus> {
        let rates = PoolSlice::from_fn(KINDS_MAX, |_| None)?;
        Ok(Self { rates, wrong_parameters })
    }

    /// Parameters that were wrong; told once.
    pub(crate) const fn take_wrong_parameters(&mut self) -> u32 {
        core::mem::replace(&mut self.wrong_parameters, 0)
    }

    /// How many were suppressed before this one, or `None` where it is suppressed itself.
    fn admit(&mut self, kind: (ErrorApi, u32), second: u64) -> Option<u32> {
        let is_it = |rate: &Option<Rate>| rate.is_some_and(|rate| rate.kind == kind);
        if !self.rates.iter().any(is_it) {
            if let all @ [_, ..] = &mut *self.rates {
                all.rotate_right(1);
            }
            if let Some(place) = self.rates.first_mut() {
                *place = Some(Rate { kind, second, written: 0, suppressed: 0 });
            }
        }
        let rate = self.rates.iter_mut().flatten().find(|rate| rate.kind == kind)?;
        if rate.second != second {
            rate.second = second;
            rate.written = 0;
        }
        if rate.written == ERRORS_PER_SECOND {
            rate.suppressed = rate.suppressed.saturating_add(1);
            return None;
        }
        rate.written = rate.written.saturating_add(1);
        Some(core::mem::take(&mut rate.suppressed))
    }
}

impl Driver {
    /// Tells that an API failed.
    pub(crate) fn error(&self, level: &AtDispatch, api: ErrorApi, status: u32, about: About) {
        if !self.events.wants::<ErrorEvent>() {
            return;
        }
        let second = system_100ns().wrapping_div(10_000_000);
        let admitted = self.errors.lock().admit((api, status), second);
        let Some(suppressed) = admitted else { return };
        let About { flow_serial, flow_id, attach_id } = about;
        let event = ErrorEvent { api, status, flow_serial, flow_id, attach_id, suppressed };
        self.events.write(level, &event);
    }

    /// The same, about nobody and from anywhere.
    pub(crate) fn error_status(&self, api: ErrorApi, status: NtStatus) {
        weir_nt::lock::at_dispatch(|level| {
            self.error(level, api, status.number(), About::default());
        });
    }
}
