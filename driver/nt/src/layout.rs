//! Every structure of Windows and of eBPF that the driver shares with them, as the compiler laid
//! it out.
//!
//! A file that declares structures has its part of the table beside them. The macro that makes the
//! table also fails the build where the compiler disagrees with it, so what `cargo xtask layout`
//! prints has been asserted; its tests hold the same numbers against a C compiler.

use crate::{ffi, object};
use weir_abi::layout::Layout;

/// Makes a table of structures, and checks it against the compiler.
///
/// A structure is written `"C name" = Type [bytes, alignment] { "C field": field @ offset, … }`,
/// where `prefix` before the brace says that C's structure goes on after the declared fields.
macro_rules! layouts {
    (@whole) => { true };
    (@whole prefix) => { false };
    ($(
        $name:literal = $structure:ty [$size:literal, $align:literal] $($prefix:ident)? {
            $($c_field:literal: $field:ident @ $offset:literal),* $(,)?
        }
    )+) => {
        const _: () = {
            $(
                assert!(core::mem::size_of::<$structure>() == $size);
                assert!(core::mem::align_of::<$structure>() == $align);
                $(assert!(core::mem::offset_of!($structure, $field) == $offset);)*
            )+
        };

        /// This file's part of [`crate::layout::LAYOUTS`].
        pub(crate) const LAYOUTS: &[weir_abi::layout::Layout] = &[$(
            weir_abi::layout::Layout {
                name: $name,
                size: core::mem::size_of::<$structure>(),
                align: core::mem::align_of::<$structure>(),
                is_whole: $crate::layout::layouts!(@whole $($prefix)?),
                fields: &[$(
                    ($c_field, core::mem::offset_of!($structure, $field)),
                )*],
            },
        )+];
    };
}
pub(crate) use layouts;

/// The parts of the table.
const PARTS: &[&[Layout]] = &[
    ffi::ebpf::LAYOUTS,
    ffi::etw::LAYOUTS,
    ffi::fwp::LAYOUTS,
    ffi::fwpm_types::LAYOUTS,
    ffi::fwps_types::LAYOUTS,
    ffi::ke::LAYOUTS,
    ffi::ndis::LAYOUTS,
    ffi::nmr::LAYOUTS,
    ffi::zw::LAYOUTS,
    object::LAYOUTS,
];

/// All structures, by C's names for them and their fields.
///
/// A member of an anonymous union is listed under each of its C names that the driver uses.
pub const LAYOUTS: &[Layout] = &joined::<{ count(PARTS) }>(PARTS);

/// How many structures the parts hold.
const fn count(mut parts: &[&[Layout]]) -> usize {
    let mut count: usize = 0;
    while let [part, rest @ ..] = parts {
        count = count.saturating_add(part.len());
        parts = rest;
    }
    count
}

/// The parts as one array; `COUNT` is [`count`] of them.
const fn joined<const COUNT: usize>(mut parts: &[&[Layout]]) -> [Layout; COUNT] {
    let none = Layout { name: "", size: 0, align: 1, is_whole: true, fields: &[] };
    let mut joined = [none; COUNT];
    let mut places: &mut [Layout] = &mut joined;
    while let [part, rest @ ..] = parts {
        let Some((here, free)) = places.split_at_mut_checked(part.len()) else { break };
        here.copy_from_slice(part);
        places = free;
        parts = rest;
    }
    joined
}
