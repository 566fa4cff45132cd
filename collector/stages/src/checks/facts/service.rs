//! A service, as `sc.exe queryex` tells of it.

use super::Place;

/// What was found of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceFinding {
    /// It is there.
    Installed(Service),
    /// There is none of this name: `sc.exe` said 1060.
    NotInstalled {
        /// Its name, in lower case.
        name: String,
        /// Where that is said.
        place: Place,
    },
    /// `sc.exe` failed otherwise.
    Refused {
        /// Its name, in lower case.
        name: String,
        /// Windows' error number, as 5 for access denied.
        code: u32,
        /// Where that is said.
        place: Place,
    },
}

impl ServiceFinding {
    /// The service's name, in lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Installed(service) => &service.name,
            Self::NotInstalled { name, .. } | Self::Refused { name, .. } => name,
        }
    }
}

/// A service that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name, in lower case.
    pub name: String,
    /// `TYPE`, as Windows numbers it: 1 is a kernel driver, 0x10 a process of its own.
    pub kind: u32,
    /// `STATE`.
    pub state: ServiceState,
    /// `WIN32_EXIT_CODE`.
    pub exit_code: u32,
    /// `SERVICE_EXIT_CODE`; it counts where the other is 1066.
    pub service_exit_code: u32,
    /// `PID`; 0 for drivers. Missing where `sc.exe query` was asked instead of `queryex`.
    pub pid: Option<u32>,
    /// Where the state is said.
    pub place: Place,
}

/// A service's state.
///
/// Source: learn.microsoft.com/windows/win32/api/winsvc/ns-winsvc-service_status_process
/// (read 2026-11)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// 1
    Stopped,
    /// 2
    StartPending,
    /// 3
    StopPending,
    /// 4
    Running,
    /// 5
    ContinuePending,
    /// 6
    PausePending,
    /// 7
    Paused,
}

impl ServiceState {
    /// The state of this number.
    #[must_use]
    pub const fn of(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Stopped,
            2 => Self::StartPending,
            3 => Self::StopPending,
            4 => Self::Running,
            5 => Self::ContinuePending,
            6 => Self::PausePending,
            7 => Self::Paused,
            _ => return None,
        })
    }

    /// As Windows writes it in English.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "STOPPED",
            Self::StartPending => "START_PENDING",
            Self::StopPending => "STOP_PENDING",
            Self::Running => "RUNNING",
            Self::ContinuePending => "CONTINUE_PENDING",
            Self::PausePending => "PAUSE_PENDING",
            Self::Paused => "PAUSED",
        }
    }
}
