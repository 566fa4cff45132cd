//! What the loader refuses: a file that is no driver of this machine's never runs.

use object::pe::{
    IMAGE_DOS_SIGNATURE, IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_ARM64,
    IMAGE_NT_OPTIONAL_HDR64_MAGIC, IMAGE_NT_SIGNATURE, IMAGE_SUBSYSTEM_NATIVE,
    IMAGE_SUBSYSTEM_WINDOWS_CUI,
};
use std::path::Path;
use weir_sim_kernel::{Kernel, Options};

/// Where the headers begin that follow the one for MS-DOS, and their parts.
const NT: usize = 0x40;
const OPTIONAL: usize = NT + 24;
/// Of an optional header with no data directories.
const OPTIONAL_BYTES: u16 = 112;

/// An image of headers alone.
///
/// Source: learn.microsoft.com/windows/win32/debug/pe-format (read 2026-11)
fn headers(machine: u16, subsystem: u16) -> Vec<u8> {
    let mut image = vec![0; 0x400];
    let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &IMAGE_DOS_SIGNATURE.to_le_bytes());
    put(0x3c, &u32::try_from(NT).unwrap().to_le_bytes());
    put(NT, &IMAGE_NT_SIGNATURE.to_le_bytes());
    put(NT + 4, &machine.to_le_bytes());
    put(NT + 20, &OPTIONAL_BYTES.to_le_bytes());
    put(OPTIONAL, &IMAGE_NT_OPTIONAL_HDR64_MAGIC.to_le_bytes());
    put(OPTIONAL + 24, &0x1_4000_0000_u64.to_le_bytes());
    put(OPTIONAL + 56, &0x1000_u32.to_le_bytes());
    put(OPTIONAL + 60, &0x400_u32.to_le_bytes());
    put(OPTIONAL + 68, &subsystem.to_le_bytes());
    image
}

fn boot(path: &Path) -> Result<&'static Kernel, String> {
    Kernel::try_boot(Options { image: Some(path.to_owned()), ..Options::default() })
}

/// What booting with a file of these bytes says; the file's name is part of it.
fn refused(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.sys");
    std::fs::write(&path, bytes).unwrap();
    let told = boot(&path).unwrap_err();
    assert!(told.starts_with(&format!("{}: ", path.display())), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    told
}

#[test]
fn an_image_of_another_machine_or_subsystem_is_refused_and_both_are_named() {
    let (x64, arm64) = (IMAGE_FILE_MACHINE_AMD64.0, IMAGE_FILE_MACHINE_ARM64.0);
    let (native, console) = (IMAGE_SUBSYSTEM_NATIVE.0, IMAGE_SUBSYSTEM_WINDOWS_CUI.0);
    for (machine, subsystem) in [(arm64, native), (x64, console), (arm64, console), (0, 0)] {
        let told = refused(&headers(machine, subsystem));
        assert!(told.contains(&format!("machine {machine:#06x} and subsystem {subsystem};")));
        assert!(told.contains("0x8664 (AMD64)") && told.contains("1 (native)"), "{told}");
    }
}

/// What the test above is worth: its image is refused for nothing else.
#[test]
fn the_same_image_for_this_machine_and_a_kernel_is_mapped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.sys");
    std::fs::write(&path, headers(IMAGE_FILE_MACHINE_AMD64.0, IMAGE_SUBSYSTEM_NATIVE.0)).unwrap();
    let kernel = boot(&path).unwrap();
    assert_eq!(kernel.image().unwrap().bytes(), 0x1000);
}

#[test]
fn what_is_no_image_at_all_is_an_error_that_names_it() {
    assert!(refused(b"weir.sys is elsewhere\n").contains("not an image of a driver"));
    assert!(refused(b"").contains("not an image of a driver"));
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path(), &folder.path().join("missing.sys")] {
        let told = boot(path).unwrap_err();
        assert!(told.starts_with(&format!("{}: ", path.display())), "{told}");
    }
}

/// Cut anywhere, a driver is refused, and nothing ends the process. Its last section is padded to a
/// whole number of sectors; what lacks only padding boots.
#[test]
fn a_truncated_image_is_an_error_wherever_it_ends() {
    const SECTOR_BYTES: usize = 512;
    let Some(image) = weir_sim_kernel::image::image_or_skip() else { return };
    let whole = std::fs::read(image).unwrap();
    for length in (0..whole.len() - SECTOR_BYTES).step_by(1_021) {
        let told = refused(&whole[..length]);
        assert!(!told.is_empty(), "{length} bytes");
    }
}
