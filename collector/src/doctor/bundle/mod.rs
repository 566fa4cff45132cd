//! A bundle: what is known of a machine, as a folder or a zip that somebody can send.
//!
//! * [`manifest`]: what it says of itself; bundles that were put together by hand have none.
//! * [`Writer`]: to a folder or a zip. * [`Bundle`]: from either, of strangers.
//! * `path`: names of files in it. * `limits`: how much of it is read. * `digest`: hashes.
//! * `folder`, `archive`: where a reader's files come from.

mod archive;
mod digest;
mod folder;
mod item;
mod limits;
pub mod manifest;
mod path;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use item::{About, Content, Item, Memory, Note, Sink};
pub use read::Bundle;
pub use write::{Head, Writer};
