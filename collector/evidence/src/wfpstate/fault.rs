//! Why reading stopped, before it has a place.

use super::source::{EVENT_BYTES_MAX, FILE_BYTES_MAX};
use super::text::quoted;
use crate::ReadError;
use quick_xml::Error;
use quick_xml::errors::IllFormedError;
use std::io;
use std::sync::Arc;

/// What the layers below the XML reader refuse; they hand it through as an I/O error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// Bytes that mean nothing.
    #[error("{0}")]
    Encoding(&'static str),
    /// No XML has one, and mis-encoded files have many.
    #[error("a character is NUL")]
    Nul,
    /// The bound of one tag or text.
    #[error("a tag or text has more than {EVENT_BYTES_MAX} bytes")]
    LongEvent,
    /// The bound of the file.
    #[error("the file is too long")]
    LongFile,
}

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum Stop {
    Fault(Fault),
    Io(Arc<io::Error>),
    Xml(String),
}

impl Fault {
    /// What the XML reader's error is.
    pub(super) fn of(error: Error) -> Stop {
        match error {
            Error::Io(error) => {
                let fault = error.get_ref().and_then(|it| it.downcast_ref::<Self>()).copied();
                fault.map_or(Stop::Io(error), Stop::Fault)
            }
            // Names in here are the input's, of any length and content.
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                Stop::Xml(format!("</{}> ends what <{}> began", quoted(&found), quoted(&expected)))
            }
            Error::Syntax(error) => Stop::Xml(format!("it is cut off or no XML: {error}")),
            other @ (Error::IllFormed(_)
            | Error::InvalidAttr(_)
            | Error::Encoding(_)
            | Error::Escape(_)
            | Error::Namespace(_)) => Stop::Xml(quoted(&other.to_string())),
        }
    }
}

impl Stop {
    /// The error, with the line where the tag or text began and the line that was read last.
    pub(super) fn at(self, file: &str, began: u64, line: u64) -> ReadError {
        match self {
            Self::Fault(Fault::LongFile) => {
                ReadError::TooLarge { file: file.to_owned(), bytes_max: FILE_BYTES_MAX }
            }
            Self::Fault(Fault::LongEvent) => {
                ReadError::damaged(file, began, Fault::LongEvent.to_string())
            }
            Self::Fault(fault) => ReadError::damaged(file, line, fault.to_string()),
            Self::Xml(what) => ReadError::damaged(file, began, what),
            Self::Io(error) => {
                let error = Arc::try_unwrap(error)
                    .unwrap_or_else(|shared| io::Error::new(shared.kind(), shared.to_string()));
                ReadError::Io { file: file.to_owned(), error }
            }
        }
    }
}
