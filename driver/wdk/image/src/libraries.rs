//! What import libraries offer: each function with the module that the image is to name.

use object::read::archive::ArchiveFile;
use object::read::coff::ImportFile;
use std::collections::BTreeSet;
use std::path::Path;

/// Functions by module, both in lower case and as they are exported.
pub(crate) type Offered = BTreeSet<(String, String)>;

/// The libraries that the driver links.
const NAMES: [&str; 4] = ["ntoskrnl.lib", "hal.lib", "fwpkclnt.lib", "netio.lib"];

/// What the libraries of a folder offer.
pub(crate) fn offered(folder: &Path) -> Result<Offered, String> {
    let mut offered = Offered::new();
    for name in NAMES {
        let path = folder.join(name);
        let say = |error: &dyn core::fmt::Display| format!("{}: {error}", path.display());
        let bytes = std::fs::read(&path).map_err(|error| say(&error))?;
        let before = offered.len();
        read(&bytes, &mut offered).map_err(|error| say(&error))?;
        if offered.len() == before {
            return Err(say(&"no function: is it an import library?"));
        }
    }
    Ok(offered)
}

fn read(bytes: &[u8], offered: &mut Offered) -> object::read::Result<()> {
    for member in ArchiveFile::parse(bytes)?.members() {
        let data = member?.data(bytes)?;
        // Besides functions, a library has the descriptors of its module, which are objects.
        let Ok(import) = ImportFile::parse(data) else { continue };
        let module = String::from_utf8_lossy(import.dll()).to_ascii_lowercase();
        offered.insert((module, String::from_utf8_lossy(import.symbol()).into_owned()));
    }
    Ok(())
}

/// Imports that no library offers, with the module that does, if another one does.
pub(crate) fn missing(imports: &[(String, String)], offered: &Offered) -> Vec<String> {
    let mut missing = Vec::new();
    for import in imports.iter().filter(|import| !offered.contains(*import)) {
        let (module, function) = import;
        let elsewhere = offered.iter().find(|(_, name)| name == function);
        let hint = elsewhere.map_or_else(String::new, |(module, _)| format!("; {module} has it"));
        missing.push(format!("no library offers {function} of {module}{hint}"));
    }
    missing
}
