//! `cargo xtask windows`: `weir.exe`, built on Linux.
//!
//! * [`mod@toolchain`]: which Debian packages, and that they are there.
//! * [`build`]: the compiler's arguments.
//!
//! `collector/tests/driver` runs the result under Wine.

mod build;
mod toolchain;

use crate::run::Outcome;

/// Whether the toolchain is there; the error says how to install it.
pub(crate) fn toolchain() -> Outcome {
    toolchain::check()
}

/// Builds `weir.exe`; the last line is its path.
pub(crate) fn run(is_debug: bool) -> Outcome {
    let program = build::build(is_debug)?;
    println!("{}", program.display());
    Ok(())
}
