//! The checks over deliberately bad images: a good one with one thing changed.
//!
//! The good image is what `cargo xtask driver` builds; without its toolchain these tests skip and
//! say so.

use super::image::{Image, Section};
use super::panics::judge;
use super::{Flavor, IMAGES, Machine, build, code_arm64, code_x64, rules, toolchain, version};
use crate::run::root;
use std::sync::OnceLock;

/// Places in the optional header of a 64-bit image.
const ENTRY: usize = 16;
const SECTION_ALIGNMENT: usize = 32;
const CHECKSUM: usize = 64;
const SUBSYSTEM: usize = 68;
const DLL_CHARACTERISTICS: usize = 70;
/// The data directory of resources, and that of delayed imports.
const RESOURCES: usize = 112 + 8 * 2;
const DELAYED: usize = 112 + 8 * 13;
/// Places in a section header.
const ADDRESS: usize = 12;
const CHARACTERISTICS: usize = 36;

/// The images, built once for all tests; `None` where the toolchain is absent.
fn built(machine: Machine, flavor: Flavor) -> Option<&'static [u8]> {
    static BUILT: OnceLock<Option<[Vec<u8>; 3]>> = OnceLock::new();
    let images = BUILT.get_or_init(|| {
        let missing = toolchain::missing();
        if !missing.is_empty() {
            eprintln!("skipped: the driver's toolchain lacks {}", missing.join(", "));
            return None;
        }
        Some(IMAGES.map(|(machine, flavor)| {
            std::fs::read(build::build(machine, flavor).unwrap().image).unwrap()
        }))
    });
    let place = IMAGES.iter().position(|image| *image == (machine, flavor)).unwrap();
    images.as_ref().map(|images| images[place].as_slice())
}

/// An image that can be changed.
struct Patched(Vec<u8>);

impl Patched {
    fn headers(&self) -> usize {
        usize::from(u16::from_le_bytes([self.0[0x3c], self.0[0x3d]]))
    }

    fn optional(&self) -> usize {
        self.headers() + 24
    }

    fn set(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Changes a field of the optional header.
    fn optional_u16(&mut self, field: usize, change: impl FnOnce(u16) -> u16) {
        let at = self.optional() + field;
        let value = u16::from_le_bytes([self.0[at], self.0[at + 1]]);
        self.set(at, &change(value).to_le_bytes());
    }

    fn optional_u32(&mut self, field: usize, value: u32) {
        self.set(self.optional() + field, &value.to_le_bytes());
    }

    /// Where the header of a section stands.
    fn section(&self, name: &str) -> usize {
        let mut header = self.optional() + 240;
        while !self.0[header..].starts_with(name.as_bytes()) {
            header += 40;
        }
        header
    }

    /// Adds characteristics to a section.
    fn add(&mut self, section: &str, characteristics: u32) {
        let at = self.section(section) + CHARACTERISTICS;
        let old = u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap());
        self.set(at, &(old | characteristics).to_le_bytes());
    }

    /// Replaces a text of the file by one of the same length.
    fn rename(&mut self, from: &str, to: &str) {
        assert_eq!(from.len(), to.len());
        let at = self.0.windows(from.len()).position(|it| it == from.as_bytes()).unwrap();
        self.set(at, to.as_bytes());
    }

    /// Offset of the entry point in the file.
    fn entry(&self) -> usize {
        let image = Image::parse(&self.0).unwrap();
        let section = image.sections.iter().find(|section| section.holds(image.entry)).unwrap();
        let start = section.bytes.as_ptr().addr() - self.0.as_ptr().addr();
        start + usize::try_from(image.entry - section.address).unwrap()
    }

    /// Makes the checksum right again, so that only the change itself is found.
    fn sum(&mut self) {
        let at = self.optional() + CHECKSUM;
        let sum = rules::checksum(&self.0, at);
        self.set(at, &sum.to_le_bytes());
    }
}

/// Changes the release image and expects exactly this complaint first.
fn check(expected: &str, change: impl FnOnce(&mut Patched)) {
    let Some(good) = built(Machine::X64, Flavor::Release) else { return };
    let mut image = Patched(good.to_vec());
    change(&mut image);
    image.sum();
    let broken = rules::broken(&Image::parse(&image.0).unwrap(), Machine::X64, Flavor::Release);
    assert!(broken.iter().any(|it| it.contains(expected)), "{expected}: {broken:?}");
}

/// [`check`], and nothing else is complained about.
fn check_only(expected: &str, change: impl FnOnce(&mut Patched)) {
    let Some(good) = built(Machine::X64, Flavor::Release) else { return };
    let mut image = Patched(good.to_vec());
    change(&mut image);
    image.sum();
    let broken = rules::broken(&Image::parse(&image.0).unwrap(), Machine::X64, Flavor::Release);
    assert!(matches!(broken.as_slice(), [one] if one.contains(expected)), "{expected}: {broken:?}");
}

#[test]
fn the_images_break_no_rule() {
    for (machine, flavor) in IMAGES {
        let Some(bytes) = built(machine, flavor) else { return };
        let broken = rules::broken(&Image::parse(bytes).unwrap(), machine, flavor);
        assert_eq!(broken, [""; 0], "{machine:?} {flavor:?}");
        assert_eq!(rules::local_paths(bytes), [""; 0], "{machine:?} {flavor:?}");
    }
}

#[test]
fn an_image_without_a_protecting_flag_is_refused() {
    for (name, bit) in [
        ("HIGH_ENTROPY_VA", 0x20),
        ("DYNAMIC_BASE", 0x40),
        ("FORCE_INTEGRITY", 0x80),
        ("NX_COMPAT", 0x100),
    ] {
        check_only(name, |it| it.optional_u16(DLL_CHARACTERISTICS, |old| old & !bit));
    }
}

#[test]
fn a_wrong_header_is_refused() {
    check_only("subsystem 2", |it| it.optional_u16(SUBSYSTEM, |_| 2));
    check_only("relocations are stripped", |it| {
        let at = it.headers() + 22;
        it.0[at] |= 1;
    });
    check_only("no version resource", |it| it.optional_u32(RESOURCES, 0));
    check_only("delayed imports", |it| it.optional_u32(DELAYED, 0x2000));
    check_only("machine 0xaa64 is not 0x8664", |it| {
        it.set(it.headers() + 4, &0xaa64_u16.to_le_bytes())
    });
}

#[test]
fn a_wrong_checksum_is_refused() {
    let Some(good) = built(Machine::X64, Flavor::Release) else { return };
    let mut image = good.to_vec();
    *image.last_mut().unwrap() ^= 1;
    let broken = rules::broken(&Image::parse(&image).unwrap(), Machine::X64, Flavor::Release);
    assert!(matches!(broken.as_slice(), [one] if one.contains("checksum")), "{broken:?}");
}

#[test]
fn sections_that_memory_integrity_forbids_are_refused() {
    const EXECUTE: u32 = 0x2000_0000;
    const WRITE: u32 = 0x8000_0000;
    check_only("section .text is writable and executable", |it| it.add(".text", WRITE));
    check("section .data is writable and executable", |it| it.add(".data", EXECUTE));
    check("import address table lies in an executable", |it| it.add(".rdata", EXECUTE));
    check_only("section alignment 0x200 ", |it| it.optional_u32(SECTION_ALIGNMENT, 0x200));
    check_only("section .rsrc begins inside a page", |it| {
        it.set(it.section(".rsrc") + ADDRESS, &0x5200_u32.to_le_bytes());
    });
    check_only("entry point lies in no executable", |it| {
        let at = it.section(".rdata") + ADDRESS;
        let data = u32::from_le_bytes(it.0[at..at + 4].try_into().unwrap());
        it.optional_u32(ENTRY, data);
    });
}

#[test]
fn an_import_outside_the_list_is_refused() {
    check_only("imports ZwClosQ of ntoskrnl.exe", |it| it.rename("ZwClose", "ZwClosQ"));
    check("imports EtwRegister of ntoskrnl.exf", |it| it.rename("ntoskrnl.exe", "ntoskrnl.exf"));
    let Some(debug) = built(Machine::X64, Flavor::Debug) else { return };
    let broken = rules::broken(&Image::parse(debug).unwrap(), Machine::X64, Flavor::Release);
    assert_eq!(broken, ["imports KeBugCheckEx of ntoskrnl.exe"]);
}

#[test]
fn a_privileged_instruction_in_the_image_is_refused() {
    // `wrmsr`, and what follows may be read as anything.
    check("privileged: `wrmsr` in .text", |it| it.set(it.entry(), &[0x0f, 0x30]));
}

#[test]
fn an_image_that_names_a_folder_of_this_machine_is_refused() {
    let text = format!("at {}/driver/src/lib.rs", root().display());
    assert_eq!(rules::local_paths(text.as_bytes()).len(), 1);
    assert_eq!(rules::local_paths(b"at weir/driver/src/lib.rs"), [""; 0]);
}

fn text(bytes: &[u8]) -> Section<'_> {
    Section {
        name: ".text".to_owned(),
        address: 0x1000,
        size: u32::try_from(bytes.len()).unwrap(),
        characteristics: 0x6000_0020,
        bytes,
    }
}

fn refused(bytes: &[u8]) -> Vec<String> {
    code_x64::broken(&text(bytes))
}

#[test]
fn privileged_instructions_are_refused() {
    let privileged: [(&str, &[u8]); 17] = [
        ("hlt", &[0xf4]),
        ("cli", &[0xfa]),
        ("sti", &[0xfb]),
        ("in", &[0xec]),
        ("out", &[0xee]),
        ("insb", &[0x6c]),
        ("rdmsr", &[0x0f, 0x32]),
        ("wrmsr", &[0x0f, 0x30]),
        ("mov", &[0x0f, 0x22, 0xc0]),
        ("mov", &[0x44, 0x0f, 0x20, 0xc0]),
        ("mov", &[0x0f, 0x23, 0xc0]),
        ("lgdt", &[0x0f, 0x01, 0x10]),
        ("lidt", &[0x0f, 0x01, 0x18]),
        ("invlpg", &[0x0f, 0x01, 0x38]),
        ("wbinvd", &[0x0f, 0x09]),
        ("swapgs", &[0x0f, 0x01, 0xf8]),
        ("xsetbv", &[0x0f, 0x01, 0xd1]),
    ];
    for (name, bytes) in privileged {
        let found = refused(bytes);
        assert!(found[0].starts_with(&format!("privileged: `{name}")), "{name}: {found:?}");
    }
}

#[test]
fn gates_and_instructions_with_state_of_their_own_are_refused() {
    let others: [(&str, &[u8]); 8] = [
        ("a gate: `syscall", &[0x0f, 0x05]),
        ("a gate: `int", &[0xcd, 0x2e]),
        ("needs saved state: `vaddps", &[0xc5, 0xfc, 0x58, 0xc0]),
        ("needs saved state: `fadd", &[0xd8, 0xc0]),
        ("needs saved state: `fld", &[0xdd, 0x00]),
        ("needs saved state: `emms", &[0x0f, 0x77]),
        ("needs saved state: `paddd", &[0x0f, 0xfe, 0xc0]),
        ("no instruction", &[0x06]),
    ];
    for (expected, bytes) in others {
        let found = refused(bytes);
        assert!(found.first().is_some_and(|it| it.starts_with(expected)), "{expected}: {found:?}");
    }
}

#[test]
fn ordinary_code_is_not_refused() {
    // int3; int 29h; ud2; movups xmm0, [rsp]; paddd xmm0, xmm0; rdtsc; ret.
    let code = [
        0xcc, 0xcd, 0x29, 0x0f, 0x0b, 0x0f, 0x10, 0x04, 0x24, 0x66, 0x0f, 0xfe, 0xc0, 0x0f, 0x31,
        0xc3,
    ];
    assert_eq!(refused(&code), [""; 0]);
}

#[test]
fn arm64_instructions_are_refused_by_level() {
    let refused = |word: u32| code_arm64::broken(&text(&word.to_le_bytes())).pop();
    for (name, word) in [
        ("msr ttbr0_el1, x0", 0xd518_2000),
        ("mrs x0, midr_el1", 0xd538_0000),
        ("msr daifset, #2", 0xd503_42df),
        ("tlbi vmalle1", 0xd508_871f),
        ("eret", 0xd69f_03e0),
    ] {
        assert!(refused(word).is_some_and(|it| it.starts_with("privileged")), "{name}");
    }
    for (name, word) in [("svc #0", 0xd400_0001), ("hvc #0", 0xd400_0002), ("hlt #0", 0xd440_0000)]
    {
        assert!(refused(word).is_some_and(|it| it.starts_with("a gate")), "{name}");
    }
    for (name, word) in [
        ("nop", 0xd503_201f),
        ("dmb ish", 0xd503_3bbf),
        ("mrs x0, cntvct_el0", 0xd53b_e040),
        ("brk #1", 0xd420_0020),
        ("ret", 0xd65f_03c0),
    ] {
        assert_eq!(refused(word), None, "{name}");
    }
}

#[test]
fn a_panic_in_the_map_of_a_release_image_is_refused() {
    let clean = "1000 16b 16 DriverEntry\n";
    let dirty = format!("{clean}1200 20 16 core::panicking::panic_fmt\n");
    assert_eq!(judge(clean, Flavor::Release), [""; 0]);
    assert_eq!(judge(&dirty, Flavor::Debug), [""; 0]);
    assert!(judge(&dirty, Flavor::Release)[0].contains("a panic path survives"));
    assert!(judge(clean, Flavor::Debug)[0].contains("blind"));
    assert!(judge("", Flavor::Release)[0].contains("no map"));
}

/// A driver like ours with one index that nobody checked.
const SURVIVOR: &str = r"#![no_std]
#![forbid(unsafe_code)]
use weir_nt::wfp::{EstablishedValues, Indication};
use weir_nt::{NtStatus, device::Device, ebpf::Client, entry, parameters::ServiceKey};

pub struct Driver;

impl entry::Driver for Driver {
    type Registered = ();
    fn new(_: ServiceKey<'_>) -> Result<Self, NtStatus> {
        let bytes = [1_u8, 2, 3];
        let at = (weir_nt::time::system_100ns() % 7) as usize;
        if bytes[at] == 1 { Ok(Driver) } else { Err(NtStatus::INVALID_PARAMETER) }
    }
    fn start(&'static self, _: &'static Device) -> Result<(), NtStatus> { Ok(()) }
    fn stop(&'static self, (): ()) {}
    fn running() -> &'static entry::Running<Self> { &RUNNING }
    fn established(&'static self, _: &EstablishedValues) -> bool { false }
    fn stream(&'static self, _: u64, _: &mut Indication<'_>) -> bool { false }
    fn flow_deleted(&'static self, _: u64) {}
    fn attach(&'static self, _: Client, _: Option<&[u8]>) -> Result<usize, NtStatus> { Ok(0) }
    fn detach(&'static self, _: usize) -> bool { false }
    fn capture_state(&'static self) {}
    fn engine_changed(&'static self, _: bool) {}
}

weir_nt::driver_entry!(Driver, RUNNING);
";

#[test]
fn a_driver_that_may_panic_or_takes_too_much_stack_does_not_link() {
    if built(Machine::X64, Flavor::Release).is_none() {
        return;
    }
    let folder = build::target_dir().join("weir-sys/survivor");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"survivor\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [lib]\ncrate-type = [\"cdylib\"]\n\
         [dependencies]\nweir-nt = {{ path = {:?} }}\n\
         [workspace]\n\
         [profile.driver]\ninherits = \"release\"\npanic = \"abort\"\nlto = \"fat\"\n\
         codegen-units = 1\ndebug = \"line-tables-only\"\n",
        root().join("driver/nt")
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let link = |text: &str| {
        std::fs::write(folder.join("src/lib.rs"), text).unwrap();
        let link = build::link(Flavor::Release);
        build::compile((&folder, "survivor"), Machine::X64, "driver", &link)
    };
    let panics = link(SURVIVOR).unwrap_err();
    let survives = "undefined symbol: weir_panic_path_survives";
    assert!(panics.contains(survives), "{panics}");
    let checked = SURVIVOR.replace("bytes[at] == 1", "bytes.get(at) == Some(&1)");
    link(&checked).unwrap();
    let large = link(&checked.replace("[1_u8, 2, 3]", "core::hint::black_box([1_u8; 5_000])"));
    let large = large.unwrap_err();
    assert!(large.contains("undefined symbol: __chkstk"), "{large}");
}

#[test]
fn the_version_resource_says_what_the_crate_says() {
    let text = version::text("1.2.3");
    assert!(text.contains("FILEVERSION 1,2,3,0\n"));
    assert!(text.contains(r#""FileVersion", "1.2.3""#));
    let Some(image) = built(Machine::X64, Flavor::Release) else { return };
    let name: Vec<u8> = "weir.sys\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(image.windows(name.len()).any(|it| it == name), "no version resource in the image");
}
