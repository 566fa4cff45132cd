//! What a file says of itself: whether it is a driver for this machine, and whether it is signed.
//!
//! A signature is seen here, not verified: Windows does that when it loads the image.

use crate::cli::DriverInstallArgs;
use crate::failure::{ExitCode, Failure};
use object::LittleEndian as LE;
use object::pe;
use object::read::pe::PeFile64;
use std::path::{Path, PathBuf};

/// A driver's image, as its headers have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// The kind of processor that it is for.
    pub(crate) processor: &'static str,
    /// Whether it carries an Authenticode signature.
    pub(crate) is_signed: bool,
}

/// The kind of processor of this program.
const HERE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };

impl Image {
    /// Fails for a driver for another kind of processor than this program is.
    pub(crate) fn refuse_elsewhere(&self, path: &Path) -> Result<(), Failure> {
        if self.is_for_here() { Ok(()) } else { Err(refused(path, &self.elsewhere())) }
    }

    /// Whether a machine that runs this program can load it.
    pub(crate) fn is_for_here(&self) -> bool {
        self.processor == HERE
    }

    /// Why it cannot.
    pub(crate) fn elsewhere(&self) -> String {
        format!("is for another kind of processor ({})", self.processor)
    }
}

/// The image to install: the one that was named, or the one beside this program.
pub(crate) fn path(args: &DriverInstallArgs) -> PathBuf {
    let beside = || std::env::current_exe().unwrap_or_default().with_file_name("weir.sys");
    args.image.clone().unwrap_or_else(beside)
}

/// Reads a file that has to be a driver's image.
pub(crate) fn load(path: &Path) -> Result<(Vec<u8>, Image), Failure> {
    let bytes = std::fs::read(path).map_err(|error| {
        let message = format!("read driver image `{}`: {error}", path.display());
        Failure::new(ExitCode::InputUnreadable, message, "name it with --image weir.sys")
    })?;
    let image = read(&bytes).map_err(|why| refused(path, &why))?;
    Ok((bytes, image))
}

fn refused(path: &Path, why: &str) -> Failure {
    let message = format!("install driver image `{}`: it {why}", path.display());
    let hint = "take the image of `cargo xtask driver` for this machine, signed";
    Failure::new(ExitCode::InputDamaged, message, hint)
}

/// Reads the headers; the error is a reason why the file is no driver of Windows.
pub(crate) fn read(bytes: &[u8]) -> Result<Image, String> {
    let file = PeFile64::parse(bytes).map_err(|_| "is no 64-bit image of Windows".to_owned())?;
    let headers = file.nt_headers();
    if headers.optional_header.subsystem.get(LE) != pe::IMAGE_SUBSYSTEM_NATIVE {
        return Err("is a program, not a driver".to_owned());
    }
    let processor = match headers.file_header.machine.get(LE) {
        pe::IMAGE_FILE_MACHINE_AMD64 => "x64",
        pe::IMAGE_FILE_MACHINE_ARM64 => "arm64",
        other => return Err(format!("is for no kind of processor of Weir's (0x{:04x})", other.0)),
    };
    let security = file.data_directory(pe::IMAGE_DIRECTORY_ENTRY_SECURITY);
    // The security directory alone is an offset into the file, not an address of the image.
    let signature = security.and_then(|it| {
        let at = usize::try_from(it.virtual_address.get(LE)).ok()?;
        let end = at.checked_add(usize::try_from(it.size.get(LE)).ok()?)?;
        bytes.get(at..end)
    });
    Ok(Image { processor, is_signed: signature.is_some_and(|it| !it.is_empty()) })
}
