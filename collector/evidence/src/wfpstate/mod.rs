//! `wfpstate.xml`, what `netsh wfp show state` writes; also what `netsh wfp show filters` writes,
//! and items copied out of either.
//!
//! The file is read as a stream. What is kept of it is what the facts keep, within named bounds;
//! beyond a bound is an error, so that nothing is missing unnoticed.
//!
//! What the file looks like is no documented contract. Beside the guide, public code that reads it
//! was looked at: two roots in one file and keys that are names instead of GUIDs are from there.
//!
//! * `encoding`: bytes to UTF-8, strictly.
//! * `source`: counts lines, and stops before one tag or text fills the memory.
//! * `fault`: why reading stopped.
//! * `tag`: the elements that mean something.
//! * `walk`: which element stands in which.
//! * `draft`: what an item says, until its end shows what it is.
//! * `keep`: what is kept of objects, and how much.
//! * `text`: bounded text, and quotes.

mod draft;
mod encoding;
mod fault;
mod keep;
mod source;
mod tag;
mod text;
mod walk;

use crate::ReadError;
use encoding::Transcoder;
use fault::Fault;
use quick_xml::Reader;
use quick_xml::events::Event;
use source::Source;
use std::io::Read;
use walk::Walk;
use weir_stages::checks::facts::WfpState;

pub use keep::{KEPT_BYTES_MAX, KEPT_OBJECTS_MAX};
pub use source::{EVENT_BYTES_MAX, FILE_BYTES_MAX};
pub use text::NAME_BYTES_MAX;
pub use walk::{DEPTH_MAX, FLAGS_MAX};

/// Reads a `wfpstate.xml`, or a part of one; `file` is what places call it.
///
/// # Errors
///
/// Any [`ReadError`]; the line is that of the tag or text that is wrong.
pub fn read<R: Read>(file: &str, source: R) -> Result<WfpState, ReadError> {
    let mut reader = Reader::from_reader(Source::new(Transcoder::new(source)));
    // The guide's items end with a stray `</filters>`; the walk says which ones are taken.
    reader.config_mut().allow_unmatched_ends = true;
    let mut walk = Walk::new(file);
    let mut buffer = Vec::new();
    loop {
        let line = reader.get_mut().begin();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(error) => return Err(Fault::of(error).at(file, line, reader.get_ref().line())),
        };
        let is_last = matches!(event, Event::Eof);
        walk.take(&event, line)?;
        if is_last {
            return walk.finish(line);
        }
        drop(event);
        buffer.clear();
    }
}
