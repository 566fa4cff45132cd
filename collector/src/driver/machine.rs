//! A machine with Windows, as far as installing a driver touches it.
//!
//! `windows.rs` is the real one, `fake.rs` one for tests in which every operation can be made to
//! fail. What is done with a machine is the same for both.

use super::store::{Hive, Tree, Value};
use crate::failure::{ExitCode, Failure};
use core::time::Duration;
use std::collections::BTreeMap;

/// What went wrong, and the number that Windows gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Fits after "failed to".
    pub(crate) what: String,
    /// Windows' error number, where it gave one.
    pub(crate) code: Option<i32>,
    /// In words.
    pub(crate) why: String,
}

/// `ERROR_ACCESS_DENIED`.
pub(crate) const ACCESS_DENIED: i32 = 5;

impl Trouble {
    #[cfg(windows)]
    pub(crate) fn of(what: impl Into<String>, error: &std::io::Error) -> Self {
        Self { what: what.into(), code: error.raw_os_error(), why: error.to_string() }
    }

    pub(crate) fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), code: None, why: why.into() }
    }

    pub(crate) fn is_denied(&self) -> bool {
        self.code == Some(ACCESS_DENIED)
    }

    /// What to do about it.
    fn hint(&self) -> &'static str {
        // Source of the numbers: learn.microsoft.com/windows/win32/debug/system-error-codes
        match self.code {
            Some(2 | 3) => "a file is not where the service looks for it; install again",
            Some(ACCESS_DENIED) => "run the command in an elevated command prompt",
            Some(8 | 14 | 1450) => "memory is short: try a smaller MaxFlows, see driver/README.md",
            Some(32 | 33) => "another process has the file open; close it and try again",
            Some(127) => "this Windows does not export a function that the driver imports",
            Some(577) => {
                "the signature is not accepted: test signing, the certificate in Root and \
                 TrustedPublisher, see docs/windows-driver.md"
            }
            Some(1056) => "it runs already",
            Some(1058) => "the service is disabled: sc config weir start= demand",
            Some(1072) => "the service is being deleted: close tools that show it, or restart",
            Some(1275) => "Windows blocks the driver: memory integrity or an application policy",
            _ => "see docs/windows-driver.md, `weir driver status`, and Windows' event viewer",
        }
    }

    /// The failure of a command.
    pub(crate) fn into_failure(self) -> Failure {
        let code = if self.is_denied() { ExitCode::NotPermitted } else { ExitCode::DriverFailed };
        let hint = self.hint();
        Failure::new(code, self.to_string(), hint)
    }
}

impl core::fmt::Display for Trouble {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// What a service does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Stopped,
    Starting,
    Running,
    Stopping,
    /// Paused, or on its way there: drivers never are.
    Other,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Other => "neither running nor stopped",
        }
    }
}

/// A service as the service control manager has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) state: State,
    /// `SERVICE_…_START`.
    pub(crate) start: u32,
    /// The path of its image, as it was given.
    pub(crate) image: String,
}

/// What the commands need. `what` of a [`Trouble`] is theirs to say.
pub(crate) trait Machine {
    /// A key with all that is below it; none where there is no key.
    fn tree(&self, hive: Hive, path: &str) -> Result<Option<Tree>, Trouble>;
    /// The values of a key, without what is below it; none where there is no key.
    fn values(&self, hive: Hive, path: &str) -> Result<BTreeMap<String, Value>, Trouble>;
    /// Creates a key where it is not there, and those above it.
    fn create_key(&mut self, hive: Hive, path: &str) -> Result<(), Trouble>;
    /// Writes a value of a key that is there.
    fn set(&mut self, hive: Hive, path: &str, name: &str, value: &Value) -> Result<(), Trouble>;
    /// Deletes a value.
    fn unset(&mut self, hive: Hive, path: &str, name: &str) -> Result<(), Trouble>;
    /// Deletes a key with all that is below it.
    fn delete_tree(&mut self, hive: Hive, path: &str) -> Result<(), Trouble>;
    /// Deletes a key if nothing is in it.
    fn delete_empty(&mut self, hive: Hive, path: &str) -> Result<(), Trouble>;

    /// A service; none where there is none of that name.
    fn service(&self, name: &str) -> Result<Option<Service>, Trouble>;
    /// Creates Weir's service.
    fn create_service(&mut self) -> Result<(), Trouble>;
    /// Sets how Weir's service is started.
    fn set_start(&mut self, start: u32) -> Result<(), Trouble>;
    /// Asks for the start of Weir's service.
    fn start_service(&mut self) -> Result<(), Trouble>;
    /// Asks for its stop.
    fn stop_service(&mut self) -> Result<(), Trouble>;
    /// Deletes it.
    fn delete_service(&mut self) -> Result<(), Trouble>;

    /// The file of a service's image; none where there is none.
    fn image(&self, path: &str) -> Result<Option<Vec<u8>>, Trouble>;
    /// Writes Weir's image where its service has it.
    fn write_image(&mut self, bytes: &[u8]) -> Result<(), Trouble>;
    /// Deletes Weir's image.
    fn delete_image(&mut self) -> Result<(), Trouble>;

    /// Lets time pass.
    fn wait(&mut self, time: Duration);
}
