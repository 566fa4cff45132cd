//! Maps an image as Windows' loader does: sections with their protections, relocated, bound.
//!
//! Each machine has a copy of its own, with statics of its own. An import is bound to a few bytes
//! of code that change to the thread's own stack before they call (see `stack`).
//!
//! Source of the format: learn.microsoft.com/windows/win32/debug/pe-format (read 2026-11)

mod thunks;

use crate::breakpoints::{self, Breakpoints, Stubs};
use crate::host::{PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE, Pages};
use crate::kernel::Import;
use core::cell::RefCell;
use core::ffi::c_void;
use object::LittleEndian as LE;
use object::pe;
use object::read::pe::PeFile64;
use std::collections::BTreeMap;
use std::path::Path;
use thunks::{bind, on_host_stack, on_host_stack_with_point};

const PAGE_BYTES: usize = 4096;

/// `DriverEntry`.
type Entry = extern "win64" fn(*mut c_void, *const c_void) -> i32;

/// An image that is mapped.
#[derive(Debug)]
pub struct Image {
    /// None once it is unmapped.
    mapped: RefCell<Option<Mapped>>,
    base: usize,
    bytes: usize,
    entry: usize,
    imports: Vec<String>,
    /// Where each import is bound to, by name.
    addresses: BTreeMap<String, usize>,
    stubs: Stubs,
}

#[derive(Debug)]
struct Mapped {
    image: Pages,
    /// Code of the imports; the image's import table points into it.
    _thunks: Pages,
}

impl Image {
    /// Maps the image in a file.
    pub(crate) fn map(
        path: &Path,
        provided: &[Import],
        wanted: Option<Breakpoints>,
    ) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        let parsed = PeFile64::parse(&*bytes);
        let file = parsed.map_err(|error| format!("not an image of a driver: {error}"))?;
        is_native(&file)?;
        let optional = &file.nt_headers().optional_header;
        let size = wide(optional.size_of_image.get(LE)).next_multiple_of(PAGE_BYTES);
        let code = code_of(&file, &bytes)?;
        let room = wanted.map_or(0, |wanted| breakpoints::room(&code, wanted));
        let whole = size + room.next_multiple_of(PAGE_BYTES);
        let image = Pages::new(whole, PROT_READ | PROT_WRITE);
        let mut sections = copy_sections(&file, &bytes, &image, size)?;
        relocate(&file, &bytes, &image)?;
        let stubs = wanted
            .map(|wanted| breakpoints::place(&image, size, &code, wanted))
            .unwrap_or_default();
        if whole > size {
            sections.push((size, whole - size, PROT_READ | PROT_EXEC));
        }
        let through: unsafe extern "win64" fn() =
            if wanted.is_some() { on_host_stack_with_point } else { on_host_stack };
        let (thunks, addresses) = bind(&file, &image, provided, through as *const () as usize)?;
        for (offset, bytes, protection) in sections {
            // Breakpoints come and go in code.
            let is_patched = wanted.is_some() && protection & PROT_EXEC != 0;
            image.protect(offset, bytes, protection | if is_patched { PROT_WRITE } else { 0 });
        }
        let base = image.base().expose_provenance();
        Ok(Self {
            base,
            bytes: size,
            stubs,
            entry: base + wide(optional.address_of_entry_point.get(LE)),
            imports: addresses.keys().cloned().collect(),
            addresses,
            mapped: RefCell::new(Some(Mapped { image, _thunks: thunks })),
        })
    }

    /// Where it is.
    #[must_use]
    pub const fn base(&self) -> usize {
        self.base
    }

    /// How large it is.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// What it imports, by name.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// What the import of this name is bound to: what the driver calls.
    pub(crate) fn import_address(&self, name: &str) -> Option<usize> {
        self.addresses.get(name).copied()
    }

    /// Where in the driver an address lies, that of a breakpoint for the code behind it.
    pub(crate) fn offset(&self, address: usize) -> Option<usize> {
        let address = self.stubs.site(address).unwrap_or(address);
        self.contains(address).then(|| address - self.base)
    }

    /// Where to go on from a breakpoint at an address.
    pub(crate) fn stub_of(&self, address: usize) -> Option<usize> {
        self.stubs.of(address)
    }

    /// A breakpoint is passed once more.
    pub(crate) fn pass_breakpoint(&self, site: usize) {
        self.stubs.pass(self.base + site);
    }

    /// Breakpoints in it.
    #[must_use]
    pub const fn breakpoints(&self) -> usize {
        self.stubs.len()
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, address: usize) -> bool {
        (self.base..self.base + self.bytes).contains(&address)
    }

    pub(crate) fn entry(&self) -> Entry {
        let entry = core::ptr::with_exposed_provenance::<c_void>(self.entry);
        // SAFETY: the entry point of a driver is a function of this type.
        unsafe { core::mem::transmute::<*const c_void, Entry>(entry) }
    }

    /// Takes away all access: code of a driver that is gone must not run.
    pub(crate) fn seal(&self) {
        if let Some(mapped) = self.mapped.borrow().as_ref() {
            mapped.image.protect(0, mapped.image.bytes(), PROT_NONE);
        }
    }

    /// Gives the memory back.
    pub(crate) fn unmap(&self) {
        drop(self.mapped.take());
    }
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Refuses what this processor, or a kernel, does not run.
fn is_native(file: &PeFile64<'_>) -> Result<(), String> {
    let headers = file.nt_headers();
    let machine = headers.file_header.machine.get(LE);
    let subsystem = headers.optional_header.subsystem.get(LE);
    if machine == pe::IMAGE_FILE_MACHINE_AMD64 && subsystem == pe::IMAGE_SUBSYSTEM_NATIVE {
        return Ok(());
    }
    let (x64, native) = (pe::IMAGE_FILE_MACHINE_AMD64.0, pe::IMAGE_SUBSYSTEM_NATIVE.0);
    Err(format!(
        "an image for machine {:#06x} and subsystem {}; a driver that can run here is for machine \
         {x64:#06x} (AMD64) and subsystem {native} (native)",
        machine.0, subsystem.0
    ))
}

/// The code in the file, with where it will stand.
fn code_of<'a>(file: &PeFile64<'_>, bytes: &'a [u8]) -> Result<Vec<(usize, &'a [u8])>, String> {
    let mut code = Vec::new();
    for section in file.section_table().iter() {
        if section.characteristics.get(LE).0 & pe::IMAGE_SCN_MEM_EXECUTE.0 != 0 {
            let data = section.pe_data(bytes).map_err(|error| error.to_string())?;
            let size = wide(section.virtual_size.get(LE)).min(data.len());
            code.push((wide(section.virtual_address.get(LE)), data.get(..size).unwrap_or(data)));
        }
    }
    Ok(code)
}

/// Copies headers and sections, and returns which protection each part is to have.
fn copy_sections(
    file: &PeFile64<'_>,
    bytes: &[u8],
    image: &Pages,
    image_bytes: usize,
) -> Result<Vec<(usize, usize, i32)>, String> {
    let headers = wide(file.nt_headers().optional_header.size_of_headers.get(LE));
    put(image, 0, bytes.get(..headers).ok_or("headers beyond the file")?)?;
    let mut parts = vec![(0, headers.next_multiple_of(PAGE_BYTES), PROT_READ)];
    for section in file.section_table().iter() {
        let name = String::from_utf8_lossy(section.raw_name()).into_owned();
        let (at, size) =
            (wide(section.virtual_address.get(LE)), wide(section.virtual_size.get(LE)));
        if at % PAGE_BYTES != 0 {
            return Err(format!("section {name} does not begin a page"));
        }
        if at.checked_add(size).is_none_or(|end| end > image_bytes) {
            return Err(format!("section {name} lies outside the image"));
        }
        let data = section.pe_data(bytes).map_err(|error| format!("section {name}: {error}"))?;
        put(image, at, data.get(..size.min(data.len())).unwrap_or(data))?;
        let flags = section.characteristics.get(LE).0;
        let (is_writable, is_executable) =
            (flags & pe::IMAGE_SCN_MEM_WRITE.0 != 0, flags & pe::IMAGE_SCN_MEM_EXECUTE.0 != 0);
        if is_writable && is_executable {
            return Err(format!("section {name} can be written and executed"));
        }
        let protection = PROT_READ
            | if is_writable { PROT_WRITE } else { 0 }
            | if is_executable { PROT_EXEC } else { 0 };
        parts.push((at, size.next_multiple_of(PAGE_BYTES), protection));
    }
    Ok(parts)
}

/// Adds to every address in the image how far it is from where it was linked for.
fn relocate(file: &PeFile64<'_>, bytes: &[u8], image: &Pages) -> Result<(), String> {
    let linked_for = file.nt_headers().optional_header.image_base.get(LE);
    let base = u64::try_from(image.base().expose_provenance()).unwrap_or(0);
    let delta = base.wrapping_sub(linked_for);
    let sections = file.section_table();
    let blocks = file.data_directories().relocation_blocks(bytes, &sections);
    let Some(mut blocks) = blocks.map_err(|error| error.to_string())? else { return Ok(()) };
    while let Some(block) = blocks.next().map_err(|error| error.to_string())? {
        for relocation in block {
            if relocation.typ != pe::IMAGE_REL_BASED_DIR64 {
                return Err(format!("relocation of type {:?}", relocation.typ));
            }
            let at = wide(relocation.virtual_address);
            let address = u64::from_le_bytes(get(image, at)?).wrapping_add(delta);
            put(image, at, &address.to_le_bytes())?;
        }
    }
    Ok(())
}

fn put(pages: &Pages, at: usize, bytes: &[u8]) -> Result<(), String> {
    if at.checked_add(bytes.len()).is_none_or(|end| end > pages.bytes()) {
        return Err(format!("{} bytes at {at:#x} lie outside the image", bytes.len()));
    }
    let to = pages.base().wrapping_add(at);
    // SAFETY: the place lies within pages that can be written and that nobody else refers to.
    unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Ok(())
}

fn get(pages: &Pages, at: usize) -> Result<[u8; 8], String> {
    if at.checked_add(8).is_none_or(|end| end > pages.bytes()) {
        return Err(format!("8 bytes at {at:#x} lie outside the image"));
    }
    let from = pages.base().wrapping_add(at).cast::<[u8; 8]>();
    // SAFETY: the place lies within pages that can be read, and any bytes are a value.
    Ok(unsafe { from.read() })
}
