//! Versions of drivers and tools, as their files say.

use super::tools::{Program, Tools};
use object::read::pe::{ImageNtHeaders, PeFile64, ResourceDirectoryEntryData};
use object::{LittleEndian as LE, pe};
use std::path::{Path, PathBuf};

/// Bytes of an image; eBPF for Windows' are below 1 MB, its service's below 10.
const IMAGE_BYTES_MAX: u64 = 64 << 20;
/// `VS_FIXEDFILEINFO.dwSignature`, below which the version is.
///
/// Source: learn.microsoft.com/windows/win32/api/verrsrc/ns-verrsrc-vs_fixedfileinfo
/// (read 2026-11)
const SIGNATURE: [u8; 4] = 0xFEEF_04BD_u32.to_le_bytes();

/// Services whose images are looked at.
#[cfg(windows)]
const SERVICES: [&str; 5] = ["ebpfcore", "netebpfext", "ebpfsvc", "weir", "weir-collector"];

/// Files and their versions, of those that are there and have one.
pub(super) fn of_drivers(tools: &Tools) -> Vec<(String, String)> {
    let mut files = images(tools.root());
    files.extend(tools.path(Program::Bpftool));
    files.iter().filter_map(|file| Some((name(file)?, of_file(file)?))).collect()
}

fn name(file: &Path) -> Option<String> {
    Some(file.file_name()?.to_string_lossy().to_lowercase())
}

#[cfg(windows)]
fn images(root: &Path) -> Vec<PathBuf> {
    use winreg::RegKey;
    use winreg::enums::{HKEY_LOCAL_MACHINE, KEY_READ};

    let image = |service: &&str| {
        let key = format!(r"SYSTEM\CurrentControlSet\Services\{service}");
        let key = RegKey::predef(HKEY_LOCAL_MACHINE).open_subkey_with_flags(key, KEY_READ).ok()?;
        let path: String = key.get_value("ImagePath").ok()?;
        Some(resolved(&path, root))
    };
    SERVICES.iter().filter_map(image).collect()
}

#[cfg(not(windows))]
const fn images(_root: &Path) -> Vec<PathBuf> {
    Vec::new()
}

/// The file behind the path of a service's image, in each of the forms that Windows takes: quoted,
/// `\SystemRoot\…`, `\??\C:\…`, relative to the folder of Windows, and with arguments behind it.
#[cfg(any(windows, test))]
fn resolved(path: &str, root: &Path) -> PathBuf {
    let path = path.trim();
    let path = match path.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None => {
            let end = path.to_ascii_lowercase().find(".exe ").map_or(path.len(), |at| at + 4);
            path.get(..end).unwrap_or(path)
        }
    };
    let below = |prefix: &str| {
        let start = path.get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then(|| path.get(prefix.len()..)).flatten()
    };
    for prefix in [r"\SystemRoot\", r"%SystemRoot%\"] {
        if let Some(rest) = below(prefix) {
            return root.join(rest);
        }
    }
    // A full path replaces the folder.
    root.join(below(r"\??\").unwrap_or(path))
}

fn of_file(path: &Path) -> Option<String> {
    if path.metadata().ok()?.len() > IMAGE_BYTES_MAX {
        return None;
    }
    of_image(&std::fs::read(path).ok()?)
}

/// The version in an image's resources.
fn of_image(bytes: &[u8]) -> Option<String> {
    let file = PeFile64::parse(bytes).ok()?;
    let sections = file.nt_headers().sections(bytes, file.dos_header().nt_headers_offset().into());
    let sections = sections.unwrap_or_else(|_| file.section_table());
    let resources = file.data_directories().resource_directory(bytes, &sections).ok()??;
    let mut table = resources.root().ok()?;
    let kind = table.entries.iter().find(|it| it.name_or_id().id() == Some(pe::RT_VERSION))?;
    let mut entry = kind;
    // By kind, by name, by language; the first of each.
    for _ in 0..3 {
        match entry.data(resources).ok()? {
            ResourceDirectoryEntryData::Table(below) => table = below,
            ResourceDirectoryEntryData::Data(data) => {
                let (address, size) = (data.offset_to_data.get(LE), data.size.get(LE));
                let found = sections.pe_data_at(bytes, address)?;
                return fixed(found.get(..usize::try_from(size).ok()?)?);
            }
        }
        entry = table.entries.first()?;
    }
    None
}

/// The file's version in a version resource, in four numbers.
fn fixed(resource: &[u8]) -> Option<String> {
    let at = resource.windows(4).position(|it| it == SIGNATURE)?;
    let word = |place: usize| {
        let bytes = resource.get(at + place..at + place + 2)?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    };
    // Signature and structure's version of four bytes each; then the upper half, the lower half.
    Some(format!("{}.{}.{}.{}", word(10)?, word(8)?, word(14)?, word(12)?))
}

#[cfg(test)]
mod tests {
    use super::{fixed, resolved};
    use std::path::Path;

    #[test]
    fn a_version_is_four_numbers() {
        let mut resource = b"VS_VERSION_INFO\0".to_vec();
        resource.extend([0xbd, 0x04, 0xef, 0xfe, 0, 0, 1, 0, 21, 0, 0, 0, 7, 0, 1, 2]);
        assert_eq!(fixed(&resource).as_deref(), Some("0.21.513.7"));
        assert_eq!(fixed(&resource[..resource.len() - 1]), None);
        assert_eq!(fixed(b""), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_image_of_a_service_is_found_in_each_form() {
        let root = Path::new("/w");
        for (path, file) in [
            (r"\SystemRoot\drivers", "/w/drivers"),
            (r"%systemroot%\x.exe -k y", "/w/x.exe"),
            (r"\??\/p/x.sys", "/p/x.sys"),
            ("\"/p q/x.exe\" --service", "/p q/x.exe"),
            ("/p/X.EXE --service", "/p/X.EXE"),
            ("System32", "/w/System32"),
        ] {
            assert_eq!(resolved(path, root), Path::new(file), "{path}");
        }
    }
}
