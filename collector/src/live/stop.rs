//! Ctrl-C, and what a service manager sends.

use std::io;
use tokio::signal;

/// The signals, listened for from its making on.
pub(crate) struct Stop {
    #[cfg(unix)]
    interrupt: signal::unix::Signal,
    #[cfg(unix)]
    terminate: signal::unix::Signal,
    #[cfg(windows)]
    interrupt: signal::windows::CtrlC,
    #[cfg(windows)]
    terminate: signal::windows::CtrlBreak,
    /// The window is closed.
    #[cfg(windows)]
    close: signal::windows::CtrlClose,
    /// The user logs off.
    #[cfg(windows)]
    logoff: signal::windows::CtrlLogoff,
    /// The machine shuts down.
    #[cfg(windows)]
    shutdown: signal::windows::CtrlShutdown,
}

impl Stop {
    /// Listens.
    ///
    /// # Errors
    /// The system has no more signals to give.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Listens.
    ///
    /// # Errors
    /// The system has no more signals to give.
    #[cfg(windows)]
    pub(crate) fn listen() -> io::Result<Self> {
        use signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
        Ok(Self {
            interrupt: ctrl_c()?,
            terminate: ctrl_break()?,
            close: ctrl_close()?,
            logoff: ctrl_logoff()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// Returns when one came.
    #[cfg(windows)]
    pub(crate) async fn asked(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.close.recv() => {}
            _ = self.logoff.recv() => {}
            _ = self.shutdown.recv() => {}
        }
    }

    /// Returns when one came.
    #[cfg(unix)]
    pub(crate) async fn asked(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
