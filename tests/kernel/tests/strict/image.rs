//! The image's sections: nothing that runs or is read at `DISPATCH_LEVEL` can be paged out.
//!
//! The loader keeps all of a driver's image in memory but sections whose names begin with `PAGE`,
//! and throws away those that say so once `DriverEntry` has returned.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/kernel/making-drivers-pageable and
//! learn.microsoft.com/windows-hardware/test/hlk/testref/driver-compatibility-with-device-guard
//! (read 2026-11)

use object::LittleEndian as LE;
use object::pe;
use object::read::pe::PeFile64;
use weir_sim_kernel::image::image_or_skip;

/// What is wrong with an image's sections.
fn wrong(bytes: &[u8]) -> Vec<String> {
    let file = PeFile64::parse(bytes).unwrap();
    let optional = &file.nt_headers().optional_header;
    let mut wrong = Vec::new();
    if optional.section_alignment.get(LE) % 4096 != 0 {
        wrong.push("sections share pages".to_owned());
    }
    let imports = file.data_directories().get(pe::IMAGE_DIRECTORY_ENTRY_IAT);
    let imports = imports.map_or(0, |it| it.virtual_address.get(LE));
    for section in file.section_table().iter() {
        let name = String::from_utf8_lossy(section.raw_name()).into_owned();
        let flags = section.characteristics.get(LE).0;
        let has = |flag: u32| flags & flag != 0;
        let mut tell = |what: &str| wrong.push(format!("{name} {what}"));
        if name.starts_with("PAGE") || name.starts_with(".page") {
            tell("can be paged out");
        }
        // Relocations are done before any code runs.
        if has(pe::IMAGE_SCN_MEM_DISCARDABLE.0) && name != ".reloc" || name.starts_with("INIT") {
            tell("is thrown away after the start");
        }
        if has(pe::IMAGE_SCN_MEM_WRITE.0) && has(pe::IMAGE_SCN_MEM_EXECUTE.0) {
            tell("can be written and executed");
        }
        let start = section.virtual_address.get(LE);
        let end = start + section.virtual_size.get(LE);
        if has(pe::IMAGE_SCN_MEM_EXECUTE.0) && (start..end).contains(&imports) {
            tell("holds the import table and can be executed");
        }
        if has(pe::IMAGE_SCN_MEM_SHARED.0) {
            tell("is shared");
        }
    }
    wrong
}

/// The image with a change to the header of the section of that name.
fn changed(name: &[u8], change: impl Fn(&mut [u8])) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(image_or_skip()?).unwrap();
    let header = bytes.windows(8).position(|it| it.starts_with(name) && it[name.len()] == 0);
    let header = header.unwrap();
    change(&mut bytes[header..header + 40]);
    Some(bytes)
}

#[test]
fn nothing_of_the_image_can_be_paged_out_or_thrown_away() {
    let Some(image) = image_or_skip() else { return };
    assert_eq!(wrong(&std::fs::read(image).unwrap()), Vec::<String>::new());
}

#[test]
fn sections_that_can_be_paged_out_thrown_away_or_changed_are_told() {
    let flags = |section: &mut [u8], flag: u32| {
        let word = u32::from_le_bytes(section[36..40].try_into().unwrap()) | flag;
        section[36..40].copy_from_slice(&word.to_le_bytes());
    };
    let rename = |section: &mut [u8], name: &[u8; 8]| section[..8].copy_from_slice(name);
    let Some(paged) = changed(b".rdata", |it| rename(it, b"PAGE\0\0\0\0")) else { return };
    assert_eq!(wrong(&paged), ["PAGE can be paged out"]);
    let init = changed(b".rdata", |it| rename(it, b"INIT\0\0\0\0")).unwrap();
    assert_eq!(wrong(&init), ["INIT is thrown away after the start"]);
    let discarded = changed(b".data", |it| flags(it, 0x0200_0000)).unwrap();
    assert_eq!(wrong(&discarded), [".data is thrown away after the start"]);
    let writable = changed(b".text", |it| flags(it, 0x8000_0000)).unwrap();
    assert_eq!(wrong(&writable), [".text can be written and executed"]);
    let shared = changed(b".data", |it| flags(it, 0x1000_0000)).unwrap();
    assert_eq!(wrong(&shared), [".data is shared"]);
}
