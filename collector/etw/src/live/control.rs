//! What is asked of a session that runs: always by its name.
//!
//! By handle would be shorter, but a session's handle is the number of its logger, which Windows
//! gives to another session as soon as ours has ended: somebody else could end it, and we would
//! then stop a stranger's.

use crate::error::{EtwError, Step};
use crate::losses::SessionLosses;
use crate::session::SessionName;
use weir_abi::identifiers::PROVIDER;
use windows::Win32::Foundation::ERROR_SUCCESS;
use windows::Win32::System::Diagnostics::Etw::{
    CONTROLTRACE_HANDLE, ControlTraceW, EVENT_CONTROL_CODE_CAPTURE_STATE, EVENT_TRACE_CONTROL,
    EVENT_TRACE_CONTROL_FLUSH, EVENT_TRACE_CONTROL_QUERY, EVENT_TRACE_CONTROL_STOP,
    EVENT_TRACE_PROPERTIES, EnableTraceEx2, WNODE_FLAG_TRACED_GUID,
};
use windows::core::{GUID, HSTRING};

/// Characters that Windows may write back for a name, its end included.
///
/// Source: learn.microsoft.com/windows/win32/api/evntrace/nf-evntrace-controltracew (read 2026-11)
const NAME_CHARACTERS: usize = 1_024;

/// Properties with room for the two names that Windows writes behind them.
#[repr(C)]
struct Properties {
    fixed: EVENT_TRACE_PROPERTIES,
    session: [u16; NAME_CHARACTERS],
    file: [u16; NAME_CHARACTERS],
}

/// The driver's provider, as Windows has it.
pub(super) const fn provider() -> GUID {
    let [a0, a1, a2, a3, b0, b1, c0, c1, data4 @ ..] = PROVIDER.0;
    GUID {
        data1: u32::from_le_bytes([a0, a1, a2, a3]),
        data2: u16::from_le_bytes([b0, b1]),
        data3: u16::from_le_bytes([c0, c1]),
        data4,
    }
}

/// What the session lost since it was started.
pub(super) fn query(session: SessionName) -> Result<SessionLosses, EtwError> {
    Ok(losses(&control(session, EVENT_TRACE_CONTROL_QUERY, Step::Query)?.fixed))
}

/// Hands on buffers that are not full.
pub(super) fn flush(session: SessionName) -> Result<(), EtwError> {
    control(session, EVENT_TRACE_CONTROL_FLUSH, Step::Flush).map(drop)
}

/// Ends the session; what it lost in all.
pub(super) fn stop(session: SessionName) -> Result<SessionLosses, EtwError> {
    Ok(losses(&control(session, EVENT_TRACE_CONTROL_STOP, Step::Stop)?.fixed))
}

/// Asks the provider to write its state, with the keywords and level that the session has.
pub(super) fn capture_state(session: SessionName) -> Result<(), EtwError> {
    let step = Step::CaptureState;
    let properties = control(session, EVENT_TRACE_CONTROL_QUERY, step)?;
    // SAFETY: both members of the union are 64 bits that the call above has written.
    let handle = unsafe { properties.fixed.Wnode.Anonymous1.HistoricalContext };
    let code = EVENT_CONTROL_CODE_CAPTURE_STATE.0;
    let handle = CONTROLTRACE_HANDLE { Value: handle };
    let (provider, keywords) = (provider(), session.keywords());
    // SAFETY: points to a GUID that outlives the call; no parameters, and a time limit of 0, which
    // is "do not wait".
    let answer = unsafe {
        EnableTraceEx2(handle, &raw const provider, code, super::trace::LEVEL, keywords, 0, 0, None)
    };
    if answer == ERROR_SUCCESS { Ok(()) } else { Err(EtwError { session, step, code: answer.0 }) }
}

fn control(
    session: SessionName,
    code: EVENT_TRACE_CONTROL,
    step: Step,
) -> Result<Box<Properties>, EtwError> {
    let mut properties = Box::new(Properties {
        fixed: EVENT_TRACE_PROPERTIES::default(),
        session: [0; NAME_CHARACTERS],
        file: [0; NAME_CHARACTERS],
    });
    let fixed = &mut properties.fixed;
    fixed.Wnode.BufferSize = bytes(size_of::<Properties>());
    fixed.Wnode.Flags = WNODE_FLAG_TRACED_GUID;
    fixed.LoggerNameOffset = bytes(core::mem::offset_of!(Properties, session));
    fixed.LogFileNameOffset = bytes(core::mem::offset_of!(Properties, file));
    let name = HSTRING::from(session.text());
    let all = (&raw mut *properties).cast::<EVENT_TRACE_PROPERTIES>();
    // SAFETY: the name is a wide string with an end; `all` points to BufferSize writable bytes, of
    // which the first are the fixed ones and the rest has room for both names.
    let answer = unsafe { ControlTraceW(CONTROLTRACE_HANDLE::default(), &name, all, code) };
    if answer == ERROR_SUCCESS {
        Ok(properties)
    } else {
        Err(EtwError { session, step, code: answer.0 })
    }
}

/// Sizes and offsets within [`Properties`]: 4,216 at most.
const fn bytes(size: usize) -> u32 {
    assert!(size <= size_of::<Properties>(), "an offset within the properties");
    #[expect(clippy::cast_possible_truncation, reason = "some thousands, see above")]
    {
        size as u32
    }
}

const fn losses(properties: &EVENT_TRACE_PROPERTIES) -> SessionLosses {
    SessionLosses {
        events: properties.EventsLost,
        realtime_buffers: properties.RealTimeBuffersLost,
        log_buffers: properties.LogBuffersLost,
    }
}
