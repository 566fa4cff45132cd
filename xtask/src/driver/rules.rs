//! What an image must be, each rule with the reason for it.

use super::image::Image;
use super::{Flavor, Machine, code_arm64, code_x64, imports};
use crate::run::root;
use object::pe;

/// Pages of the machine, and the alignment that memory integrity (HVCI) wants of sections.
///
/// Source: learn.microsoft.com/windows-hardware/test/hlk/testref/driver-compatibility-with-device-guard
const PAGE: u32 = 0x1000;

/// Flags that the image must have.
const FLAGS: [(&str, u16); 4] = [
    ("NX_COMPAT", pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT.0),
    ("DYNAMIC_BASE", pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE.0),
    ("HIGH_ENTROPY_VA", pe::IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA.0),
    ("FORCE_INTEGRITY", pe::IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY.0),
];

/// Every rule that an image breaks.
pub(super) fn broken(image: &Image<'_>, machine: Machine, flavor: Flavor) -> Vec<String> {
    let mut broken = headers(image, machine);
    broken.extend(sections(image));
    broken.extend(imports::broken(&image.imports, flavor));
    if image.has_delayed_imports {
        broken.push("delayed imports: the kernel has none".to_owned());
    }
    for section in image.sections.iter().filter(|section| section.is_executable()) {
        broken.extend(match machine {
            Machine::X64 => code_x64::broken(section),
            Machine::Arm64 => code_arm64::broken(section),
        });
    }
    broken
}

fn headers(image: &Image<'_>, machine: Machine) -> Vec<String> {
    let machine = match machine {
        Machine::X64 => pe::IMAGE_FILE_MACHINE_AMD64.0,
        Machine::Arm64 => pe::IMAGE_FILE_MACHINE_ARM64.0,
    };
    let mut broken = Vec::new();
    let mut must = |holds: bool, complaint: String| {
        if !holds {
            broken.push(complaint);
        }
    };
    must(image.machine == machine, format!("machine {:#x} is not {machine:#x}", image.machine));
    must(
        image.subsystem == pe::IMAGE_SUBSYSTEM_NATIVE.0,
        format!("subsystem {} is not native", image.subsystem),
    );
    for (name, bit) in FLAGS {
        must(image.dll_characteristics & bit != 0, format!("the flag {name} is missing"));
    }
    must(
        image.file_characteristics & pe::IMAGE_FILE_RELOCS_STRIPPED.0 == 0,
        "relocations are stripped: the image cannot be moved".to_owned(),
    );
    let computed = checksum(image.bytes, image.checksum_at);
    must(
        image.checksum == computed,
        format!("checksum {:#x}, the kernel computes {computed:#x}", image.checksum),
    );
    must(image.has_resources, "no version resource".to_owned());
    broken
}

fn sections(image: &Image<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    if image.section_alignment != PAGE {
        broken.push(format!("section alignment {:#x} is not {PAGE:#x}", image.section_alignment));
    }
    for section in &image.sections {
        if section.is_writable() && section.is_executable() {
            broken.push(format!("section {} is writable and executable", section.name));
        }
        if !section.address.is_multiple_of(PAGE) {
            broken.push(format!("section {} begins inside a page", section.name));
        }
    }
    let at = |address: u32| image.sections.iter().find(|section| section.holds(address));
    if !at(image.entry).is_some_and(|section| section.is_executable()) {
        broken.push("the entry point lies in no executable section".to_owned());
    }
    if at(image.import_table).is_some_and(|section| section.is_executable()) {
        broken.push("the import address table lies in an executable section".to_owned());
    }
    broken
}

/// The checksum of an image: 16-bit words added with carry, its own four bytes taken as zero, plus
/// the file's size.
///
/// Source: `CheckSumMappedFile`, learn.microsoft.com/windows/win32/api/imagehlp; the sum itself as
/// in llvm/llvm-project, lld/COFF/Writer.cpp (`Writer::writePEChecksum`)
pub(super) fn checksum(bytes: &[u8], at: usize) -> u32 {
    let mut sum = 0_u32;
    for (index, pair) in bytes.chunks(2).enumerate() {
        let place = index * 2;
        if place >= at && place < at + 4 {
            continue;
        }
        let word = u16::from_le_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]);
        sum += u32::from(word);
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum.wrapping_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
}

/// Folders of this machine that the image names.
pub(super) fn local_paths(bytes: &[u8]) -> Vec<String> {
    let home = std::env::var("HOME").unwrap_or_default();
    let folders = [root().display().to_string(), home];
    // "/" and "/root" alone would be found in anything.
    let folders = folders.iter().filter(|folder| folder.len() > 1);
    let named = folders.filter(|folder| {
        let slashed = format!("{folder}/");
        bytes.windows(slashed.len()).any(|window| window == slashed.as_bytes())
    });
    named.map(|folder| format!("the image names {folder}")).collect()
}
