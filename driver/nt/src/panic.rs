//! What a panic becomes.
//!
//! The handler calls a function that nobody defines. In a release image no panic can be reached,
//! the handler is dropped with everything that leads to it, and the link succeeds; one panic path
//! that survives leaves the name undefined and fails the link. For a debug image, in which the
//! checks of arithmetic and of the standard library are alive, the linker is told that the name
//! means `KeBugCheckEx` (`/ALTERNATENAME`, see `cargo xtask driver`). The code is the same in both.

use core::panic::PanicInfo;

/// Bug check code of a panic: "WEIR". Microsoft assigns none to third parties; the code only has
/// to be told from its own, of which none is this large.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/debugger/bug-check-code-reference2
pub const BUG_CHECK_CODE: u32 = 0x5745_4952;

unsafe extern "system" {
    /// Has the signature of `KeBugCheckEx`, which takes its place in debug images.
    fn weir_panic_path_survives(code: u32, p1: usize, p2: usize, p3: usize, p4: usize) -> !;
}

/// Ends the machine at the place of a panic: parameters are the file's name, its length, line and
/// column.
///
/// IRQL: any.
pub fn panicked(info: &PanicInfo<'_>) -> ! {
    let (file, bytes, line, column) = info.location().map_or((0, 0, 0, 0), |place| {
        let file = place.file();
        (file.as_ptr().addr(), file.len(), place.line(), place.column())
    });
    let wide = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    // SAFETY: `KeBugCheckEx` may be called with any numbers at any level; it does not return.
    unsafe { weir_panic_path_survives(BUG_CHECK_CODE, file, bytes, wide(line), wide(column)) }
}
