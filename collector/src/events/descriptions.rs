//! The first of two passes over a file: what it says of its events.
//!
//! Tools that merge traces append the descriptions of manifest events, so they are known only once
//! the whole file was read.

use super::names::Names;
use crate::failure::Failure;
use crate::output;
use crate::trace_file::{self, OpenTrace};
use std::io;
use std::path::Path;
use weir_etl::tdh::Catalogue;
use weir_etl::{Body, Trace};

/// The descriptions and names that a trace carries, and the trace at its beginning again.
///
/// # Errors
/// It cannot be opened a second time.
pub(super) fn collect(
    path: &Path,
    mut trace: OpenTrace,
) -> Result<(Catalogue, Names, OpenTrace), Failure> {
    let (mut catalogue, mut names) = (Catalogue::default(), Names::default());
    // Whatever ends this pass early ends the next one too, which says so.
    while let Ok(Some(record)) = trace.next_record() {
        catalogue.learn(&record);
        if let Body::Event(event) = &record.body {
            names.learn(event);
        }
    }
    warn(path, catalogue.unreadable(), catalogue.left_out());
    let again = Trace::open(trace.into_reader());
    let again = again.map_err(|error| trace_file::unreadable(path, &io::Error::other(error)))?;
    Ok((catalogue, names, again))
}

/// Says which events will be shown as bytes although the file describes them.
pub(super) fn warn(path: &Path, unreadable: u64, left_out: u64) {
    let file = path.display();
    for (count, why) in
        [(unreadable, "could not be read"), (left_out, "are more than is kept of a file")]
    {
        if count > 0 {
            output::warn(&format!("{file}: {count} descriptions of events {why}"));
        }
    }
}
