//! Kernel functions as C declares them, one file per prefix of their names.
//!
//! Only what is used is declared: `cargo xtask driver` prints what the image imports and knows a
//! reason for each.
//!
//! `__chkstk` is left out on purpose: the compiler calls it in functions whose frame is larger than
//! a page, and on a kernel stack of 24 KB none shall be; such a function fails the link.
//! So does floating point, for which the compiler asks for `_fltused`.

pub(crate) mod crt;
pub(crate) mod etw;
pub(crate) mod ke;
