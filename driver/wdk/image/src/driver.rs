//! The rules of `cargo xtask driver`, from its own files, which a crate outside the repository's
//! workspace cannot have otherwise.

#[path = "../../../../xtask/src/driver/code_arm64.rs"]
mod code_arm64;
#[path = "../../../../xtask/src/driver/code_x64.rs"]
mod code_x64;
#[path = "../../../../xtask/src/driver/image.rs"]
mod image;
#[path = "../../../../xtask/src/driver/imports.rs"]
mod imports;
#[path = "../../../../xtask/src/driver/rules.rs"]
mod rules;

use image::Image;
use object::pe;

/// What an image runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    /// x64.
    X64,
    /// arm64.
    Arm64,
}

/// How an image is built; this crate looks at release images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// With panics.
    Debug,
    /// What ships.
    Release,
}

/// What an image was found to be.
pub(crate) struct Judged {
    /// Size, imports, sections.
    pub(crate) report: String,
    /// Module in lower case, and function.
    pub(crate) imports: Vec<(String, String)>,
    /// Rules that are broken.
    pub(crate) broken: Vec<String>,
}

/// Judges an image as `cargo xtask driver` judges its own.
pub(crate) fn judge(bytes: &[u8]) -> Result<Judged, String> {
    let mut image = Image::parse(bytes)?;
    let report = image.report();
    // The loader does not mind the case of a module's name, and libraries differ in it.
    for (module, _) in &mut image.imports {
        module.make_ascii_lowercase();
    }
    let machine =
        if image.machine == pe::IMAGE_FILE_MACHINE_ARM64.0 { Machine::Arm64 } else { Machine::X64 };
    let mut broken = rules::broken(&image, machine, Flavor::Release);
    broken.extend(rules::local_paths(bytes));
    Ok(Judged { report, imports: image.imports, broken })
}
