//! Why a look failed, and what a user can do about it.

/// A step of a look, as a user reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Opening a session.
    Open,
    /// Listing filters of a layer.
    List,
    /// Reading the driver's provider.
    Provider,
    /// Reading the driver's sublayer.
    Sublayer,
    /// Reading one of the driver's callouts.
    Callout,
    /// Reading one of the driver's filters.
    Filter,
}

impl Step {
    /// Fits after "failed to".
    const fn words(self) -> &'static str {
        match self {
            Self::Open => "open a session with the filtering engine",
            Self::List => "list filters of the filtering engine",
            Self::Provider => "read the driver's provider in the filtering engine",
            Self::Sublayer => "read the driver's sublayer in the filtering engine",
            Self::Callout => "read a callout of the driver in the filtering engine",
            Self::Filter => "read a filter of the driver in the filtering engine",
        }
    }
}

/// Why nothing is known of the filtering engine's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WfpError {
    /// The account may not.
    #[error("{}: Windows denies access", step.words())]
    AccessDenied {
        /// Which step.
        step: Step,
    },
    /// The service behind the engine does not run, or ended meanwhile.
    #[error("{}: its service does not answer (Windows error {code})", step.words())]
    EngineDown {
        /// Which step.
        step: Step,
        /// Windows' number.
        code: u32,
    },
    /// Windows refused otherwise.
    #[error("{}: Windows error {code:#x}", step.words())]
    Refused {
        /// Which step.
        step: Step,
        /// Windows' number.
        code: u32,
    },
    /// There are more filters at a layer than a look reads.
    #[error("list filters of the filtering engine: there are {max} or more at one layer")]
    TooMany {
        /// As many as a look reads.
        max: usize,
    },
    /// A look takes too long.
    #[error("look at the filtering engine: it did not answer within {seconds} s")]
    Stuck {
        /// As long as a look may take.
        seconds: u64,
    },
}

/// Windows' error numbers that mean something here.
///
/// Sources: learn.microsoft.com/windows/win32/debug/system-error-codes,
/// learn.microsoft.com/windows/win32/fwp/wfp-error-codes (read 2026-11)
pub mod code {
    /// `ERROR_ACCESS_DENIED`
    pub const ACCESS_DENIED: u32 = 5;
    /// `RPC_S_SERVER_UNAVAILABLE`
    pub const SERVER_UNAVAILABLE: u32 = 1_722;
    /// `RPC_S_CALL_FAILED`: the service ended during the call.
    pub const CALL_FAILED: u32 = 1_726;
    /// `EPT_S_NOT_REGISTERED`, which is what opening a session answers while the service is down.
    ///
    /// Source: github.com/basil00/WinDivert issue 367 (read 2026-11)
    pub const NOT_REGISTERED: u32 = 1_753;
    /// `FWP_E_SESSION_ABORTED`: the service ended, and may be back.
    pub const SESSION_ABORTED: u32 = 0x8032_0010;

    /// No such object: `FWP_E_CALLOUT_NOT_FOUND`, of a filter, a provider, a sublayer, in general.
    pub const NOT_FOUND: [u32; 5] =
        [0x8032_0001, 0x8032_0003, 0x8032_0005, 0x8032_0007, 0x8032_0008];

    /// Windows' number where it comes wrapped as `HRESULT` of facility 7.
    ///
    /// Source: learn.microsoft.com/windows/win32/api/winerror/nf-winerror-hresult_from_win32
    /// (read 2026-11)
    #[must_use]
    pub const fn plain(code: u32) -> u32 {
        if code >> 16 == 0x8007 { code & 0xffff } else { code }
    }
}

impl WfpError {
    /// What Windows' number means at a step.
    #[must_use]
    pub const fn of(step: Step, code: u32) -> Self {
        match code::plain(code) {
            code::ACCESS_DENIED => Self::AccessDenied { step },
            code @ (code::SERVER_UNAVAILABLE
            | code::CALL_FAILED
            | code::NOT_REGISTERED
            | code::SESSION_ABORTED) => Self::EngineDown { step, code },
            code => Self::Refused { step, code },
        }
    }

    /// What to do about it, in one line.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            // Everybody may open a session; the right to read and list comes with that to add and
            // delete: learn.microsoft.com/windows/win32/fwp/access-control and
            // access-right-identifiers (read 2026-11)
            Self::AccessDenied { .. } => {
                "run elevated; Network Configuration Operators may look too, and change filters"
            }
            Self::EngineDown { .. } => {
                "without it nothing is enforced: `sc query bfe`, `sc start bfe`"
            }
            Self::Refused { .. } => "`netsh wfp show state` says what Windows' own tool sees",
            Self::TooMany { .. } => "`netsh wfp show filters` says whose they are",
            Self::Stuck { .. } => "see whether its service hangs: `sc query bfe`",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_windows_says_of_rights_and_of_the_service_is_told_apart() {
        for code in [5, 0x8007_0005] {
            let denied = WfpError::of(Step::List, code);
            assert_eq!(denied, WfpError::AccessDenied { step: Step::List });
            assert!(denied.hint().contains("Network Configuration Operators"));
        }
        for code in [1_722, 1_726, 1_753, 0x8032_0010] {
            let down = WfpError::of(Step::Open, code);
            assert_eq!(down, WfpError::EngineDown { step: Step::Open, code });
            assert!(down.hint().contains("sc start bfe"));
        }
        let other = WfpError::of(Step::Filter, 0x8032_0012);
        assert_eq!(other, WfpError::Refused { step: Step::Filter, code: 0x8032_0012 });
    }

    #[test]
    fn errors_are_fragments_that_fit_after_failed_to() {
        let told = WfpError::of(Step::Open, 1_753).to_string();
        let expected = "open a session with the filtering engine: its service does not answer \
                        (Windows error 1753)";
        assert_eq!(told, expected);
        let told = WfpError::of(Step::Callout, 0x8032_0012).to_string();
        assert!(
            told.ends_with(
                "callout of the driver in the filtering engine: Windows error 0x80320012"
            )
        );
    }
}
