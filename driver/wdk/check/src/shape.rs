//! What of a function the caller and the callee have to agree on, as far as sizes show it.
//!
//! Pointers to structures have other names on either side, so types cannot be compared; on x64 and
//! arm64 a function is called rightly where it has as many arguments, of the same sizes, and a
//! result of the same size. What a pointer points to is compared by the table of structures.

use core::mem::size_of;

/// Bytes of the result, then of each argument.
pub(crate) trait Shape {
    /// The sizes.
    const SHAPE: &'static [usize];
}

impl<F: Shape> Shape for Option<F> {
    const SHAPE: &'static [usize] = F::SHAPE;
}

macro_rules! shapes {
    ($($abi:literal)+) => {
        $(
            shapes!(@ $abi);
            shapes!(@ $abi A);
            shapes!(@ $abi A B);
            shapes!(@ $abi A B C);
            shapes!(@ $abi A B C D);
            shapes!(@ $abi A B C D E);
            shapes!(@ $abi A B C D E G);
            shapes!(@ $abi A B C D E G H);
            shapes!(@ $abi A B C D E G H I);
        )+
    };
    (@ $abi:literal $($argument:ident)*) => {
        impl<R, $($argument),*> Shape for unsafe extern $abi fn($($argument),*) -> R {
            const SHAPE: &'static [usize] = &[size_of::<R>(), $(size_of::<$argument>()),*];
        }
    };
}
shapes!("C" "system");

/// The shape of a function.
pub(crate) const fn shape<F: Shape + Copy>(_: F) -> &'static [usize] {
    F::SHAPE
}

/// Whether two shapes are the same.
pub(crate) const fn same(left: &[usize], right: &[usize]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether two identifiers are the same.
pub(crate) const fn same_bytes(left: &[u8; 16], right: &[u8; 16]) -> bool {
    u128::from_le_bytes(*left) == u128::from_le_bytes(*right)
}
