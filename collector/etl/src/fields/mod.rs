//! The typed values of an event's payload.
//!
//! An event's description ([`Schema`]) says which values its payload holds, one after the other
//! without padding. It comes with the event (TraceLogging, [`crate::tracelogging`]) or from its
//! provider's manifest ([`crate::tdh`]); this module reads the payload by it and does not care
//! which.
//!
//! - What is described: [`Schema`], [`FieldType`], [`InType`] (the bytes), [`OutType`] (their
//!   meaning), [`ValueMap`] (names for numbers).
//! - What comes out: [`Decoded`], [`Fields`], [`Value`], each with `Display` and `Serialize`.
//!
//! Payloads and descriptions come from files anybody may have written. No input makes the code
//! here panic, and what it allocates is bounded by the payload's and the description's length:
//! see [`VALUES_MAX`] and [`STRUCTURES_DEEP_MAX`].

pub(crate) mod bytes;
mod decode;
mod display;
mod in_type;
mod integer;
mod json;
mod names;
mod out_type;
mod scalar;
mod schema;
mod sid;
mod socket_address;
mod system_time;
mod text;
mod value;
mod value_map;

#[cfg(test)]
pub(crate) mod tests;

pub use decode::{Decoded, FieldError, FieldFault, PointerSize, VALUES_MAX};
pub use in_type::InType;
pub use out_type::OutType;
pub use schema::{Count, FieldType, Length, STRUCTURES_DEEP_MAX, Schema, TooDeep};
pub use sid::Sid;
pub use system_time::SystemTime;
pub use value::{Field, Fields, Value};
pub use value_map::{MapKind, ValueMap};
