//! `cargo xtask driver --sign-test`: the images with a signature for test machines.
//!
//! Certificate and key are made for one run. Nobody else reads the key, and it is deleted at the
//! run's end, or at the next one's start if a run was ended from outside: whoever has it and a
//! machine that trusts the certificate loads what he likes into the kernel there.
//! `docs/windows-driver.md` says how a certificate is kept, and how a release is signed.

use crate::run::{Outcome, has, target_dir};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders of the images, below `weir-sys`; the one that ships comes last.
const IMAGES: [&str; 3] = ["arm64-release", "x64-debug", "x64-release"];

/// Where the certificate is left, below the folder of the images.
const FOLDER: &str = "signing";

/// What the certificate may be used for, and nothing else.
const EXTENSIONS: [&str; 3] = [
    "extendedKeyUsage=critical,codeSigning",
    "keyUsage=critical,digitalSignature",
    "basicConstraints=critical,CA:false",
];

/// Tools that are missing; the error says how to install them.
pub(crate) fn tools() -> Outcome {
    let missing: Vec<&str> =
        ["openssl", "osslsigncode"].into_iter().filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "signing needs tools that are missing\n\
         hint: apt-get install --no-install-recommends {}",
        missing.join(" ")
    ))
}

/// Signs the images that `cargo xtask driver` built; the last line is the signed image that ships.
pub(crate) fn run() -> Outcome {
    let folder = target_dir().join("weir-sys");
    let images = IMAGES.map(|name| folder.join(name).join("weir.sys"));
    sign(&images, &folder)
}

/// Signs each image into a folder `signed` beside it, under one new certificate.
///
/// Each signature is verified and taken off again: what is left has to be the image, byte for byte.
fn sign(images: &[PathBuf], folder: &Path) -> Outcome {
    let certificate = Certificate::new(&folder.join(FOLDER))?;
    println!("certificate: {}", certificate.public.with_extension("cer").display());
    for image in images {
        let signed = image.with_file_name("signed").join("weir.sys");
        certificate.sign(image, &signed)?;
        certificate.verify(&signed)?;
        is_image_within(image, &signed)?;
        println!("{}", signed.display());
    }
    Ok(())
}

/// A certificate whose key lives as long as this.
struct Certificate {
    public: PathBuf,
    key: PathBuf,
}

impl Certificate {
    fn new(folder: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let certificate =
            Self { public: folder.join("weir-test.pem"), key: folder.join("key.pem") };
        // openssl makes a file that its owner alone reads; one that is there keeps its rights.
        remove(&certificate.key)?;
        let mut make = Command::new("openssl");
        make.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365"])
            .args(["-subj", "/CN=Weir test"])
            .args(EXTENSIONS.iter().flat_map(|it| ["-addext", it]))
            .arg("-keyout")
            .arg(&certificate.key)
            .arg("-out")
            .arg(&certificate.public);
        quietly(&mut make)?;
        let mut convert = Command::new("openssl");
        convert.args(["x509", "-outform", "DER", "-in"]).arg(&certificate.public);
        convert.arg("-out").arg(certificate.public.with_extension("cer"));
        quietly(&mut convert)?;
        Ok(certificate)
    }

    fn sign(&self, image: &Path, signed: &Path) -> Outcome {
        let folder = signed.parent().unwrap_or(signed);
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        // osslsigncode writes over nothing.
        remove(signed)?;
        let mut sign = Command::new("osslsigncode");
        sign.arg("sign").arg("-certs").arg(&self.public).arg("-key").arg(&self.key);
        sign.args(["-h", "sha256", "-ph", "-n", "Weir"]);
        sign.arg("-in").arg(image).arg("-out").arg(signed);
        quietly(&mut sign)
    }

    fn verify(&self, signed: &Path) -> Outcome {
        let mut verify = Command::new("osslsigncode");
        verify.arg("verify").arg("-CAfile").arg(&self.public).arg("-in").arg(signed);
        quietly(&mut verify)
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _told = remove(&self.key);
    }
}

/// Takes the signature off a copy, and compares what is left with the image.
fn is_image_within(image: &Path, signed: &Path) -> Outcome {
    let stripped = signed.with_file_name("weir.stripped.sys");
    remove(&stripped)?;
    let mut strip = Command::new("osslsigncode");
    strip.arg("remove-signature").arg("-in").arg(signed).arg("-out").arg(&stripped);
    quietly(&mut strip)?;
    let read =
        |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let is_same = read(image)? == read(&stripped)?;
    remove(&stripped)?;
    if is_same { Ok(()) } else { Err(format!("{} is not {}", signed.display(), image.display())) }
}

fn remove(file: &Path) -> Outcome {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", file.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Runs a tool; what it says is shown only if it fails.
fn quietly(command: &mut Command) -> Outcome {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("`{name}` cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let (out, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{out}{error}`{name}` ended with {}", output.status))
}

#[cfg(test)]
mod tests;
