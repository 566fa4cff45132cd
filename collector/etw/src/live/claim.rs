//! A mark that a session is being read: a kernel object with a name, alive as long as the process
//! that made it.
//!
//! A session outlives its process. One that a dead collector left is to be replaced, one that a
//! living collector reads is not; the mark tells them apart, since Windows removes it with the
//! process. Only that it exists counts: nobody owns or waits for the mutex, so no thread is tied.

use crate::error::{EtwError, StartError, Step, code};
use crate::session::SessionName;
use windows::Win32::Foundation::{CloseHandle, ERROR_ALREADY_EXISTS, GetLastError, HANDLE};
use windows::Win32::System::Threading::CreateMutexW;
use windows::core::HSTRING;

/// The mark, until dropped.
pub(super) struct Claim(HANDLE);

// SAFETY: a handle of a mutex is a number that any thread of the process may close.
unsafe impl Send for Claim {}

impl Claim {
    /// Marks the session.
    pub(super) fn take(session: SessionName) -> Result<Self, StartError> {
        // Global: a service and a console run in different sessions of the desktop's kind.
        let name = HSTRING::from(format!("Global\\{}-reader", session.text()));
        // SAFETY: the name is a wide string with an end that outlives the call, no attributes.
        let made = unsafe { CreateMutexW(None, false, &name) };
        // SAFETY: reads a number of this thread. Nothing stands between it and the call.
        let last = unsafe { GetLastError() };
        match made {
            Ok(handle) => {
                let claim = Self(handle);
                if last == ERROR_ALREADY_EXISTS {
                    return Err(StartError::AlreadyRunning { session });
                }
                Ok(claim)
            }
            Err(error) => match code::of_os(error.code().0) {
                // Another account's: it exists.
                code::ACCESS_DENIED => Err(StartError::AlreadyRunning { session }),
                code => Err(EtwError { session, step: Step::Claim, code }.into()),
            },
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // SAFETY: this is the only copy of a handle that CreateMutexW gave.
        let closed = unsafe { CloseHandle(self.0) };
        debug_assert!(closed.is_ok());
    }
}
