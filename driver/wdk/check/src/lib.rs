//! Holds what `driver/nt` declares against the headers of the Windows Driver Kit: this crate
//! builds where both agree, and has no other use.
//!
//! `driver/nt` was written without the kit. Its own files are compiled here a second time,
//! unchanged; `build.rs` has asked the headers and written the assertions, which are evaluated by
//! the compiler. `shape` compares functions.
#![no_std]

// What of driver/nt declares. Nothing calls any of it, so nothing is linked.
#[allow(
    clashing_extern_declarations,
    dead_code,
    unused_imports,
    unsafe_code,
    missing_docs,
    unreachable_pub,
    reason = "driver/nt's"
)]
#[path = "../../../nt/src/ffi/mod.rs"]
mod ffi;
#[allow(dead_code, unreachable_pub, reason = "driver/nt's")]
#[path = "../../../nt/src/layout.rs"]
mod layout;
#[allow(dead_code, unreachable_pub, reason = "driver/nt's")]
#[path = "../../../nt/src/object.rs"]
mod object;
mod shape;
#[allow(dead_code, unreachable_pub, reason = "driver/nt's")]
#[path = "../../../nt/src/status.rs"]
mod status;

pub(crate) use status::NtStatus;

/// What bindgen made of the headers.
#[allow(
    clashing_extern_declarations,
    clippy::all,
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unnecessary_transmutes,
    unreachable_pub,
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "generated"
)]
mod wdk {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

#[allow(clippy::all, reason = "generated")]
mod assertions {
    use crate::shape::{Shape, shape};
    include!(concat!(env!("OUT_DIR"), "/assertions.rs"));
}

pub use assertions::COMPARED;
