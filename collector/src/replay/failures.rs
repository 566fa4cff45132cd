//! Why invocations failed, in the VM's own words: what an author needs to mend a program.

use crate::programs::Loaded;
use serde::Serialize;
use weir_usermode::program::Shared;

/// The failures of one program.
#[derive(Debug, Serialize)]
pub(crate) struct ProgramFailures {
    /// Label of the program.
    pub(crate) program: String,
    /// The first different messages.
    pub(crate) messages: Vec<Message>,
    /// Failures with yet other messages.
    pub(crate) others: u64,
}

/// One message; it fits after "failed to".
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    /// How often it came.
    pub(crate) times: u64,
    /// What the program failed to do, and where.
    pub(crate) message: String,
}

impl ProgramFailures {
    /// The programs to ask when the replay is over.
    pub(crate) fn watch(loaded: &[Loaded]) -> Vec<(String, Shared)> {
        loaded.iter().map(|it| (it.label.as_str().to_owned(), it.program.clone())).collect()
    }

    /// The failures of those that had any.
    pub(crate) fn read(watched: Vec<(String, Shared)>) -> Vec<Self> {
        let read = |(program, shared): (String, Shared)| {
            let failures = shared.failures();
            let message = |(message, times)| Message { times, message };
            let messages = failures.told.into_iter().map(message).collect();
            Self { program, messages, others: failures.others }
        };
        watched.into_iter().map(read).filter(|it| !it.messages.is_empty()).collect()
    }
}
