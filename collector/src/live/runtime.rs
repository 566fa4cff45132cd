//! The runtime that traffic, scrapes and exports share, and its end.

use crate::failure::{ExitCode, Failure};
use core::time::Duration;
use std::io;
use tokio::runtime::{Builder, Runtime};

/// Threads: events have one of their own, and a collector is to leave the machine alone.
const THREADS: usize = 2;

/// How long tasks may take to end after everything was told to.
const FAREWELL: Duration = Duration::from_millis(300);

/// Runs a command on a runtime of its own.
///
/// # Errors
/// Its own; or there is no runtime to be had.
pub(crate) fn on_runtime<T>(
    command: impl FnOnce(&Runtime) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(THREADS).enable_all().build();
    let runtime = runtime.map_err(|error| unexpected("start the runtime", &error))?;
    let outcome = command(&runtime);
    runtime.shutdown_timeout(FAREWELL);
    outcome
}

/// The system would not do what it always does.
pub(crate) fn unexpected(what: &str, error: &io::Error) -> Failure {
    let message = format!("{what}: {error}");
    let hint = "free some ports, descriptors, threads or memory";
    Failure::new(ExitCode::Unexpected, message, hint)
}

/// Waits until the time that was given is over; for ever where none was.
pub(crate) async fn time_is_over(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => core::future::pending().await,
    }
}
