//! Kernel functions as C declares them, one file per prefix of their names.
//!
//! Only what is used is declared: `cargo xtask driver` prints what the image imports and knows a
//! reason for each.
//!
//! * `ke`, `ex`, `io`, `zw`, `etw`, `crt`: ntoskrnl.exe.
//! * `fwps`, `fwpm`: fwpkclnt.sys, with their structures and constants in `fwps_types`,
//!   `fwpm_types`, and what both share in `fwp`.
//! * `nmr`: netio.sys.
//! * `ndis`: how network data lies in memory; no functions.
//! * `ebpf`: what eBPF for Windows and an extension hand each other; no imports either.
//!
//! Types have the names of C in Rust's spelling: `FWPS_FILTER1` is `FwpsFilter1`, `actionType` is
//! `action_type`; a field that C calls `type` is `kind`, and a union that C leaves
//! without a name is `value`, or the one member that is used. Functions and constants have the names of C as they are.
//! A file that declares structures has its part of [`crate::layout`] beside them.
//!
//! `__chkstk` is left out on purpose: the compiler calls it in functions whose frame is larger than
//! a page, and on a kernel stack of 24 KB none shall be; such a function fails the link.
//! So does floating point, for which the compiler asks for `_fltused`.

pub(crate) mod crt;
pub(crate) mod ebpf;
pub(crate) mod etw;
pub(crate) mod ex;
pub(crate) mod fwp;
pub(crate) mod fwpm;
pub(crate) mod fwpm_types;
pub(crate) mod fwps;
pub(crate) mod fwps_types;
pub(crate) mod io;
pub(crate) mod ke;
pub(crate) mod ndis;
pub(crate) mod nmr;
pub(crate) mod zw;
