//! Signing, on the smallest image that carries a signature.

use super::{Certificate, is_image_within, sign, tools};
use object::pe;
use object::write::pe::{NtHeaders, Writer};
use std::path::{Path, PathBuf};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("weir-sign-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn image(&self, name: &str) -> PathBuf {
        let path = self.0.join(name).join("weir.sys");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, image()).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn image() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(true, 4096, 512, &mut bytes);
    writer.reserve_dos_header();
    writer.reserve_nt_headers(16);
    writer.reserve_section_headers(1);
    let text = writer.reserve_text_section(64);
    writer.write_empty_dos_header().unwrap();
    writer.write_nt_headers(NtHeaders {
        machine: pe::IMAGE_FILE_MACHINE_AMD64,
        time_date_stamp: 0,
        characteristics: pe::IMAGE_FILE_EXECUTABLE_IMAGE,
        major_linker_version: 0,
        minor_linker_version: 0,
        address_of_entry_point: text.virtual_address,
        image_base: 0x1_8000_0000,
        major_operating_system_version: 10,
        minor_operating_system_version: 0,
        major_image_version: 0,
        minor_image_version: 0,
        major_subsystem_version: 10,
        minor_subsystem_version: 0,
        subsystem: pe::IMAGE_SUBSYSTEM_NATIVE,
        dll_characteristics: pe::DllFlags(0),
        size_of_stack_reserve: 0,
        size_of_stack_commit: 0,
        size_of_heap_reserve: 0,
        size_of_heap_commit: 0,
    });
    writer.write_section_headers();
    writer.write_section(text.file_offset, &[0xc3; 64]);
    write_checksum(&mut bytes);
    bytes
}

/// The checksum that the linker gives the driver's images: a signature changes it, and taking the
/// signature off brings it back. Without one, what is left would not be the image.
fn write_checksum(bytes: &mut [u8]) {
    let headers = u32::from_le_bytes(bytes[60..64].try_into().unwrap());
    let at = usize::try_from(headers).unwrap() + 4 + 20 + 64;
    let words =
        bytes.chunks(2).map(|it| u32::from(it[0]) + 256 * u32::from(*it.get(1).unwrap_or(&0)));
    // One's complement: carries come back at the lower end.
    let sum = words.fold(0, |sum, word| (sum + word) % 0x1_0000 + (sum + word) / 0x1_0000);
    let sum = sum + u32::try_from(bytes.len()).unwrap();
    bytes[at..at + 4].copy_from_slice(&sum.to_le_bytes());
}

/// Whether signing can be tried here; says so where it cannot.
fn can_sign() -> bool {
    tools().inspect_err(|told| eprintln!("skipped: {told}")).is_ok()
}

#[test]
fn a_signed_image_is_the_image_and_its_key_is_gone() {
    if !can_sign() {
        return;
    }
    let folder = Folder::new("one");
    let images = [folder.image("x64-debug"), folder.image("x64-release")];
    // Again over what is there.
    for _ in 0..2 {
        sign(&images, &folder.0).unwrap();
    }
    for image in images {
        let signed = std::fs::read(image.with_file_name("signed").join("weir.sys")).unwrap();
        assert!(signed.len() > std::fs::read(&image).unwrap().len());
    }
    let left: Vec<_> = std::fs::read_dir(folder.0.join("signing")).unwrap().collect();
    let names: Vec<_> = left.into_iter().map(|it| it.unwrap().file_name()).collect();
    assert!(!names.iter().any(|it| it == "key.pem"), "{names:?}");
    assert!(names.iter().any(|it| it == "weir-test.cer"), "{names:?}");
}

#[cfg(unix)]
#[test]
fn the_key_is_read_by_its_owner_alone_also_over_one_that_was_left() {
    use std::os::unix::fs::PermissionsExt;
    if !can_sign() {
        return;
    }
    let folder = Folder::new("key");
    let left = folder.0.join("mine");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("key.pem"), "left").unwrap();
    std::fs::set_permissions(left.join("key.pem"), PermissionsExt::from_mode(0o644)).unwrap();
    let certificate = certificate(&folder, "mine");
    let mode = std::fs::metadata(&certificate.key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_signature_of_another_certificate_or_over_other_bytes_is_refused() {
    if !can_sign() {
        return;
    }
    let folder = Folder::new("two");
    let image = folder.image("x64-release");
    let signed = folder.0.join("weir.sys");
    let (mine, other) = (certificate(&folder, "mine"), certificate(&folder, "other"));
    mine.sign(&image, &signed).unwrap();
    mine.verify(&signed).unwrap();
    is_image_within(&image, &signed).unwrap();
    assert!(other.verify(&signed).is_err());
    let mut bytes = std::fs::read(&signed).unwrap();
    bytes[512] ^= 1;
    std::fs::write(&signed, &bytes).unwrap();
    assert!(mine.verify(&signed).is_err());
    assert!(is_image_within(&image, &signed).is_err());
}

fn certificate(folder: &Folder, name: &str) -> Certificate {
    Certificate::new(&Path::new(&folder.0).join(name)).unwrap()
}
