//! TraceLogging: events that carry the description of their payload.
//!
//! Two extended items of an event hold it: item 11 the event's name and fields ([`parse_schema`]),
//! item 12 the provider's name and group ([`ProviderTraits`]). Both are written here too ([`Blob`],
//! [`provider_traits`]), for files this crate writes and for tests.
//!
//! ```text
//! event:  u16 size with itself | tags | name NUL | fields to the end
//! field:  name NUL | in | out, if in & 0x80 | tags, if out & 0x80
//!         | u16 length, if in & 0x60 is 0x20 | u16 length and so many bytes, if it is 0x60
//! traits: u16 size with itself | name NUL | u16 size with itself, u8 type, data | ...
//! ```
//!
//! Tags are 1 to 4 bytes with 7 bits each, the highest of 28 first; 0x80 says that one follows and
//! trailing zeros are left out. A structure has the number of the fields that follow and belong to
//! it in place of `out`.
//!
//! Source: microsoft/tracelogging etw/cpp/traceloggingdynamic/TraceLoggingDynamic.h
//! `EventMetadataBuilder`, `ProviderMetadataBuilder` (read 2026-11)

mod build;
mod codes;
mod parse;
mod traits;

#[cfg(test)]
mod tests;

pub use build::{Blob, BuildError};
pub use parse::{SchemaError, parse_schema};
pub use traits::{ProviderTraits, TraitsError, provider_traits};
