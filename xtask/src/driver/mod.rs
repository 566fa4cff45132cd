//! `cargo xtask driver`: the images of `weir.sys`, built on Linux and checked.
//!
//! * [`mod@toolchain`]: which Debian packages, and that they are there.
//! * [`build`]: the compiler's and the linker's arguments.
//! * [`version`]: the version resource.
//! * [`image`]: what an image says of itself.
//! * [`imports`]: what the driver may import, and why.
//! * [`rules`]: what an image must be; [`code_x64`] and [`code_arm64`] for its instructions, [`panics`] for its symbols.

mod build;
mod code_arm64;
mod code_x64;
mod image;
mod imports;
mod panics;
mod rules;
#[cfg(test)]
mod tests;
mod toolchain;
mod version;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) use build::build_copy;

use crate::run::Outcome;
use image::Image;

/// What an image runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    /// What is tested.
    X64,
    /// Built and checked, never run.
    Arm64,
}

/// How an image is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// Checks of arithmetic and of the standard library; a panic stops the machine.
    Debug,
    /// What ships: no panic path.
    Release,
}

/// Every image, the one that ships first of all last.
const IMAGES: [(Machine, Flavor); 3] = [
    (Machine::Arm64, Flavor::Release),
    (Machine::X64, Flavor::Debug),
    (Machine::X64, Flavor::Release),
];

/// Exit code of `cargo xtask driver` where the toolchain is incomplete: tests that need the image
/// skip then, and fail on any other.
pub(crate) const NO_TOOLCHAIN: u8 = 3;

/// Whether the toolchain is there; the error says how to install it.
pub(crate) fn toolchain() -> Outcome {
    toolchain::check()
}

/// Builds and checks every image; the last line is the path of the x64 release image.
pub(crate) fn run() -> Outcome {
    let mut path = None;
    for (machine, flavor) in IMAGES {
        println!("{machine:?} {flavor:?}");
        let built = build::build(machine, flavor)?;
        let bytes = std::fs::read(&built.image)
            .map_err(|error| format!("{}: {error}", built.image.display()))?;
        let image = Image::parse(&bytes)?;
        println!("  {}", built.image.display());
        print!("{}", image.report());
        let mut broken = rules::broken(&image, machine, flavor);
        broken.extend(panics::broken(&built.map, flavor)?);
        broken.extend(rules::local_paths(&bytes));
        if !broken.is_empty() {
            return Err(format!("{machine:?} {flavor:?} image:\n  {}", broken.join("\n  ")));
        }
        println!("  every rule holds");
        path = Some(built.image);
    }
    println!();
    if let Some(path) = path {
        println!("{}", path.display());
    }
    Ok(())
}
