//! What a file says of itself: whether it is a driver for this machine, and whether it is signed.
//!
//! A signature is seen here, not verified: Windows does that when it loads the image.

use object::LittleEndian as LE;
use object::pe;
use object::read::pe::PeFile64;

/// A driver's image, as its headers have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// Whether it carries an Authenticode signature.
    pub(crate) is_signed: bool,
}

/// Reads the headers; the error is a reason why the file is not what `install` can use.
pub(crate) fn read(bytes: &[u8]) -> Result<Image, String> {
    let file = PeFile64::parse(bytes).map_err(|_| "is no 64-bit image of Windows".to_owned())?;
    let headers = file.nt_headers();
    if headers.optional_header.subsystem.get(LE) != pe::IMAGE_SUBSYSTEM_NATIVE {
        return Err("is a program, not a driver".to_owned());
    }
    let machine = headers.file_header.machine.get(LE);
    if machine != machine_here() {
        return Err(format!("is for another kind of processor (0x{:04x})", machine.0));
    }
    let security = file.data_directory(pe::IMAGE_DIRECTORY_ENTRY_SECURITY);
    // The security directory alone is an offset into the file, not an address of the image.
    let signature = security.and_then(|it| {
        let at = usize::try_from(it.virtual_address.get(LE)).ok()?;
        let end = at.checked_add(usize::try_from(it.size.get(LE)).ok()?)?;
        bytes.get(at..end)
    });
    Ok(Image { is_signed: signature.is_some_and(|it| !it.is_empty()) })
}

const fn machine_here() -> pe::Machine {
    if cfg!(target_arch = "aarch64") {
        pe::IMAGE_FILE_MACHINE_ARM64
    } else {
        pe::IMAGE_FILE_MACHINE_AMD64
    }
}
