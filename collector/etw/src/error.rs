//! Why a session is not there, and what a user can do about it.

use crate::SessionName;

/// A step of a session's life, as a user reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Marking the session as this collector's.
    Claim,
    /// Starting, enabling the provider, opening: one call of the library, which does not say which.
    Start,
    /// Stopping a session that a collector left behind.
    StopStale,
    /// The thread that Windows calls back on.
    Thread,
    /// Asking what was lost.
    Query,
    /// Handing on buffers that are not full.
    Flush,
    /// Asking the driver to say what it knows.
    CaptureState,
    /// Ending the session.
    Stop,
}

impl Step {
    /// Fits after "failed to".
    const fn words(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Start => "start",
            Self::StopStale => "replace a left-over of",
            Self::Thread => "process",
            Self::Query => "query",
            Self::Flush => "flush",
            Self::CaptureState => "capture the driver's state through",
            Self::Stop => "stop",
        }
    }
}

/// Windows refused a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} session {session}: Windows error {code}", step.words())]
pub struct EtwError {
    /// Of which session.
    pub session: SessionName,
    /// Which step.
    pub step: Step,
    /// Windows' number; 0 where it gave none.
    pub code: u32,
}

/// Windows' error numbers that mean something here.
///
/// Source: learn.microsoft.com/windows/win32/debug/system-error-codes (read 2026-11)
pub mod code {
    /// `ERROR_ACCESS_DENIED`
    pub const ACCESS_DENIED: u32 = 5;
    /// `ERROR_INVALID_PARAMETER`
    pub const INVALID_PARAMETER: u32 = 87;
    /// `ERROR_ALREADY_EXISTS`
    pub const ALREADY_EXISTS: u32 = 183;
    /// `ERROR_NO_SYSTEM_RESOURCES`
    pub const NO_SYSTEM_RESOURCES: u32 = 1_450;
    /// `ERROR_WMI_INSTANCE_NOT_FOUND`: no session of this name.
    pub const NO_SUCH_SESSION: u32 = 4_201;

    /// The number within what an `io::Error` carries: some calls report a plain number, others the
    /// same wrapped as `HRESULT` of facility 7.
    ///
    /// Source: learn.microsoft.com/windows/win32/api/winerror/nf-winerror-hresult_from_win32
    /// (read 2026-11)
    #[must_use]
    pub const fn of_os(raw: i32) -> u32 {
        let raw = raw.cast_unsigned();
        if raw >> 16 == 0x8007 { raw & 0xffff } else { raw }
    }
}

/// Why a session could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Not an administrator.
    #[error("start session {session}: Windows denies access")]
    AccessDenied {
        /// Of which session.
        session: SessionName,
    },
    /// Another collector has the session.
    #[error("start session {session}: another collector on this machine reads it")]
    AlreadyRunning {
        /// Of which session.
        session: SessionName,
    },
    /// Windows has no session left, or no memory for its buffers.
    #[error("start session {session}: Windows has no trace session or no memory left")]
    NoResources {
        /// Of which session.
        session: SessionName,
    },
    /// Something else.
    #[error("{0}")]
    Other(EtwError),
}

impl From<EtwError> for StartError {
    fn from(error: EtwError) -> Self {
        let session = error.session;
        match error.code {
            code::ACCESS_DENIED => Self::AccessDenied { session },
            code::NO_SYSTEM_RESOURCES => Self::NoResources { session },
            _ => Self::Other(error),
        }
    }
}

impl StartError {
    /// What to do about it, in one line.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            // Who may: learn.microsoft.com/windows/win32/etw/configuring-and-starting-an-event-tracing-session
            // (read 2026-11)
            Self::AccessDenied { .. } => {
                "run elevated, or add the account to Performance Log Users and log on again"
            }
            Self::AlreadyRunning { .. } => "stop the other weir first: `sc query weir`, `tasklist`",
            // 64 unless EtwMaxLoggers says otherwise:
            // learn.microsoft.com/windows/win32/api/evntrace/nf-evntrace-starttracew (read 2026-11)
            Self::NoResources { .. } => {
                "Windows has 64 trace sessions: `logman query -ets` shows them, end one"
            }
            Self::Other(error) => match error.code {
                code::ALREADY_EXISTS => "end the session by hand: `logman stop NAME -ets`",
                _ => "`net helpmsg NUMBER` says what the number means",
            },
        }
    }

    /// A bounded name, for labels.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AccessDenied { .. } => "access_denied",
            Self::AlreadyRunning { .. } => "already_running",
            Self::NoResources { .. } => "no_resources",
            Self::Other(_) => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_denied_is_known_plain_and_wrapped() {
        for raw in [5, -2_147_024_891] {
            let error = EtwError {
                session: SessionName::Control,
                step: Step::Start,
                code: code::of_os(raw),
            };
            let error = StartError::from(error);
            assert_eq!(error, StartError::AccessDenied { session: SessionName::Control });
            assert!(error.hint().contains("Performance Log Users"));
        }
        assert_eq!(code::of_os(-2_147_023_446), code::NO_SYSTEM_RESOURCES);
        assert_eq!(code::of_os(-1), u32::MAX, "no HRESULT of Windows' numbers");
    }

    #[test]
    fn errors_are_fragments_that_fit_after_failed_to() {
        let error = EtwError { session: SessionName::Detail, step: Step::StopStale, code: 1 };
        assert_eq!(
            StartError::from(error).to_string(),
            "replace a left-over of session weir-detail: Windows error 1"
        );
    }
}
