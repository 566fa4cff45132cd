//! Event trace files (`.etl`), read and written on any operating system.
#![forbid(unsafe_code)]

mod file_time;

pub use file_time::FileTime;
pub use weir_abi::identifiers::Guid;
