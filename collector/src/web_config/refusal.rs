//! Why a web configuration is refused: which key, what is wrong, what to do.

use crate::failure::{ExitCode, Failure, one_line};
use core::fmt;
use std::path::Path;

/// A refused web configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    what: String,
    hint: &'static str,
}

impl Refusal {
    pub(super) fn new(what: impl Into<String>, hint: &'static str) -> Self {
        Self { what: one_line(&what.into()), hint }
    }

    /// As the end of a command.
    #[must_use]
    pub fn into_failure(self, path: &Path) -> Failure {
        let message = format!("use web configuration {}: {}", path.display(), self.what);
        Failure::new(ExitCode::WebConfigRefused, message, self.hint)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl core::error::Error for Refusal {}
