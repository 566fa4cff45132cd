//! TLS towards the receiver: rustls with ring, roots of the system or of a file.

use super::settings::Target;
use crate::failure::{ExitCode, Failure};
use core::fmt::Display;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// The client's side of TLS.
///
/// # Errors
/// Where a file cannot be read or is not what it should be, or the system trusts nobody.
pub(super) fn config(target: &Target) -> Result<ClientConfig, Failure> {
    let roots = match &target.certificate {
        Some(path) => roots_of(path)?,
        None => roots_of_system()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused("set up TLS", &error))?
        .with_root_certificates(roots);
    let Some((certificate, key)) = &target.client else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| refused(&format!("read the key `{}`", key.display()), &error))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| refused(&format!("use `{}`", certificate.display()), &error))
}

fn roots_of(path: &Path) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| refused(&format!("trust `{}`", path.display()), &error))?;
    }
    Ok(roots)
}

fn roots_of_system() -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    // Systems hold certificates that no library reads; those that can be read count.
    let (added, _ignored) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        let hint = "give the receiver's authority: --otlp.certificate FILE";
        let message = "find certificates of authorities on this system";
        return Err(Failure::new(ExitCode::InputUnreadable, message, hint));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    let what = format!("read certificates of `{}`", path.display());
    match read() {
        Ok(found) if found.is_empty() => Err(refused(&what, &"it holds none")),
        Ok(found) => Ok(found),
        Err(error) => Err(refused(&what, &error)),
    }
}

fn refused(what: &str, why: &dyn Display) -> Failure {
    let hint = "certificates and keys for OTLP are PEM files that this user may read";
    Failure::new(ExitCode::InputUnreadable, format!("{what}: {why}"), hint)
}

/// Trusts nobody: for endpoints without TLS.
///
/// # Errors
/// Where rustls has no protocol version in common with its own provider.
pub(super) fn without_roots() -> Result<ClientConfig, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused("set up TLS", &error))?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}
