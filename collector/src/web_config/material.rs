//! What a web configuration is made of: its own bytes and those of the files that it names.
//!
//! Whether something changed is answered by reading again and comparing: times of files are too
//! coarse, and certificates arrive through links that keep theirs.

use super::file::{File, Tls, given, parse};
use super::refusal::Refusal;
use std::io::Read as _;
use std::path::Path;

/// Bytes of one file: a chain of certificates has a few thousand.
///
/// A longer one is refused.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The bytes of certificate, key and client CA; empty where there is none.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Material {
    pub(super) yaml: Vec<u8>,
    pub(super) cert: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) client_ca: Option<Vec<u8>>,
}

impl Material {
    /// Reads the file and what it names, by paths relative to it.
    ///
    /// # Errors
    /// Something cannot be read, or the file is no web configuration.
    pub(super) fn read(path: &Path) -> Result<(File, Self), Refusal> {
        let yaml = read(path).map_err(|why| {
            Refusal::new(why, "--web.config.file names a readable file: docs/web-config.md")
        })?;
        let text = core::str::from_utf8(&yaml)
            .map_err(|_| Refusal::new("it is not UTF-8", "save it as UTF-8"))?;
        let file = parse(text)?;
        let mut material = Self::default();
        if let Some(tls) = file.tls_server_config.as_ref().filter(|tls| tls.is_enabled()) {
            let folder = path.parent().unwrap_or_else(|| Path::new(""));
            material = Self::of_tls(tls, folder)?;
        }
        material.yaml = yaml;
        Ok((file, material))
    }

    fn of_tls(tls: &Tls, folder: &Path) -> Result<Self, Refusal> {
        let both = |key: &str| {
            let why = format!("tls_server_config: neither {key} nor {key}_file is given");
            Refusal::new(why, "TLS needs a certificate and its key")
        };
        let cert = part("cert", &tls.cert, &tls.cert_file, folder)?;
        let key = part("key", &tls.key, &tls.key_file, folder)?;
        let client_ca = part("client_ca", &tls.client_ca, &tls.client_ca_file, folder)?;
        Ok(Self {
            yaml: Vec::new(),
            cert: cert.ok_or_else(|| both("cert"))?,
            key: key.ok_or_else(|| both("key"))?,
            client_ca,
        })
    }
}

/// A file's bytes, else the ones given inline: the order of the toolkit.
fn part(
    key: &str,
    inline: &Option<String>,
    file: &Option<String>,
    folder: &Path,
) -> Result<Option<Vec<u8>>, Refusal> {
    let Some(name) = given(file) else {
        return Ok(given(inline).map(|text| text.as_bytes().to_vec()));
    };
    let read = read(&folder.join(name));
    read.map(Some).map_err(|why| {
        let hint = "paths are relative to the web configuration file";
        Refusal::new(format!("{key}_file {name}: {why}"), hint)
    })
}

/// Only regular files: a pipe would keep the server waiting.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let file = || {
        if !std::fs::metadata(path)?.is_file() {
            return Err(std::io::Error::other("it is not a file"));
        }
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = file().map_err(|error: std::io::Error| error.to_string())?;
    let is_too_long = u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX;
    if is_too_long { Err("it is longer than 1 MiB".to_owned()) } else { Ok(bytes) }
}
