//! `cargo xtask driver`: the images of `weir.sys`, debug and release, built on Linux and checked.
//!
//! * [`toolchain`]: which Debian packages, and that they are there.
//! * [`build`]: the compiler's and the linker's arguments.
//! * [`version`]: the version resource.
//! * [`image`]: what an image says of itself.
//! * [`imports`]: what the driver may import, and why.
//! * [`rules`]: what an image must be; [`code`] for its instructions, [`panics`] for its symbols.

mod build;
mod code;
mod image;
mod imports;
mod panics;
mod rules;
#[cfg(test)]
mod tests;
mod toolchain;
mod version;

use crate::run::Outcome;
use image::Image;

/// Which of the two images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// Checks of arithmetic and of the standard library; a panic stops the machine.
    Debug,
    /// What ships: no panic path.
    Release,
}

/// Builds and checks both images; the last line is the path of the release image.
pub(crate) fn run() -> Outcome {
    toolchain::check()?;
    let mut path = None;
    for flavor in [Flavor::Debug, Flavor::Release] {
        println!("building the {flavor:?} image");
        let built = build::build(flavor)?;
        let bytes = std::fs::read(&built.image)
            .map_err(|error| format!("{}: {error}", built.image.display()))?;
        let image = Image::parse(&bytes)?;
        println!("  {}", built.image.display());
        print!("{}", image.report());
        let mut broken = rules::broken(&image, flavor);
        broken.extend(panics::broken(&built.map, flavor)?);
        broken.extend(rules::local_paths(&bytes));
        if !broken.is_empty() {
            return Err(format!("{flavor:?} image:\n  {}", broken.join("\n  ")));
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
