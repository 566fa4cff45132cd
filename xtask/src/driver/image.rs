//! What an image says of itself: headers, sections, imports.

use core::fmt::Write;
use object::LittleEndian as LE;
use object::pe;
use object::read::pe::{Import, PeFile64};

/// One section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section<'a> {
    pub(super) name: String,
    pub(super) address: u32,
    pub(super) size: u32,
    pub(super) characteristics: u32,
    pub(super) bytes: &'a [u8],
}

impl Section<'_> {
    pub(super) const fn is_executable(&self) -> bool {
        self.characteristics & pe::IMAGE_SCN_MEM_EXECUTE.0 != 0
    }

    pub(super) const fn is_writable(&self) -> bool {
        self.characteristics & pe::IMAGE_SCN_MEM_WRITE.0 != 0
    }

    /// What of its bytes is mapped; a file rounds them up.
    pub(super) fn code(&self) -> &[u8] {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        self.bytes.get(..size).unwrap_or(self.bytes)
    }

    pub(super) const fn holds(&self, address: u32) -> bool {
        address >= self.address && address - self.address < self.size
    }
}

/// One image, read.
#[derive(Clone, Debug)]
pub(super) struct Image<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) machine: u16,
    pub(super) file_characteristics: u16,
    pub(super) subsystem: u16,
    pub(super) dll_characteristics: u16,
    pub(super) section_alignment: u32,
    pub(super) checksum: u32,
    /// Where in the file the checksum stands.
    pub(super) checksum_at: usize,
    pub(super) entry: u32,
    /// Address of the import address table; 0 where there is none.
    pub(super) import_table: u32,
    pub(super) has_delayed_imports: bool,
    pub(super) has_resources: bool,
    pub(super) sections: Vec<Section<'a>>,
    /// Module and function; an import by number is `#number`.
    pub(super) imports: Vec<(String, String)>,
}

impl<'a> Image<'a> {
    /// Reads an image.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        read(bytes).map_err(|error| format!("the image cannot be read: {error}"))
    }

    /// Size, imports and sections as text.
    pub(super) fn report(&self) -> String {
        let mut out = format!("  {} bytes\n  imports\n", self.bytes.len());
        for (module, function) in &self.imports {
            let _infallible = writeln!(out, "    {module}  {function}");
        }
        out.push_str("  sections   address     bytes\n");
        for section in &self.sections {
            let flag = |is_set: bool, letter: char| if is_set { letter } else { '-' };
            let _infallible = writeln!(
                out,
                "    {:8} {:#9x} {:9}  {}{}{} {:#010x}",
                section.name,
                section.address,
                section.size,
                flag(section.characteristics & pe::IMAGE_SCN_MEM_READ.0 != 0, 'r'),
                flag(section.is_writable(), 'w'),
                flag(section.is_executable(), 'x'),
                section.characteristics,
            );
        }
        out
    }
}

fn read(bytes: &[u8]) -> object::read::Result<Image<'_>> {
    let file = PeFile64::parse(bytes)?;
    let headers = file.nt_headers();
    let optional = &headers.optional_header;
    let directory =
        |index: usize| file.data_directory(index).map_or(0, |entry| entry.virtual_address.get(LE));
    let mut sections = Vec::new();
    for header in file.section_table().iter() {
        sections.push(Section {
            name: String::from_utf8_lossy(header.raw_name()).into_owned(),
            address: header.virtual_address.get(LE),
            size: header.virtual_size.get(LE),
            characteristics: header.characteristics.get(LE).0,
            bytes: header.pe_data(bytes)?,
        });
    }
    let headers_at = usize::try_from(file.dos_header().nt_headers_offset()).unwrap_or(usize::MAX);
    Ok(Image {
        bytes,
        machine: headers.file_header.machine.get(LE).0,
        file_characteristics: headers.file_header.characteristics.get(LE).0,
        subsystem: optional.subsystem.get(LE).0,
        dll_characteristics: optional.dll_characteristics.get(LE).0,
        section_alignment: optional.section_alignment.get(LE),
        checksum: optional.check_sum.get(LE),
        // Signature, file header, then 64 bytes into the optional header.
        checksum_at: headers_at.saturating_add(4 + 20 + 64),
        entry: optional.address_of_entry_point.get(LE),
        import_table: directory(pe::IMAGE_DIRECTORY_ENTRY_IAT),
        has_delayed_imports: directory(pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT) != 0,
        has_resources: directory(pe::IMAGE_DIRECTORY_ENTRY_RESOURCE) != 0,
        sections,
        imports: imports(&file)?,
    })
}

fn imports(file: &PeFile64<'_>) -> object::read::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let Some(table) = file.import_table()? else { return Ok(found) };
    let mut descriptors = table.descriptors()?;
    while let Some(descriptor) = descriptors.next()? {
        let module = String::from_utf8_lossy(table.name(descriptor.name.get(LE))?).into_owned();
        let mut thunks = table.thunks(descriptor.original_first_thunk.get(LE))?;
        while let Some(thunk) = thunks.next::<pe::ImageNtHeaders64>()? {
            let function = match table.import::<pe::ImageNtHeaders64>(thunk)? {
                Import::Ordinal(number) => format!("#{number}"),
                Import::Name(_, name) => String::from_utf8_lossy(name).into_owned(),
            };
            found.push((module.clone(), function));
        }
    }
    found.sort_unstable();
    Ok(found)
}
