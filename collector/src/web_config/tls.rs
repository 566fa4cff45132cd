//! `tls_server_config` as rustls serves it: TLS 1.2 and 1.3, ring, no session tickets.
//!
//! What exporter-toolkit accepts and rustls cannot do (older versions, CBC suites, P-521) is refused
//! by name rather than left out, so that nobody believes it is on.

use super::client_auth;
use super::file::Tls;
use super::material::Material;
use super::refusal::Refusal;
use rustls::crypto::ring::{cipher_suite, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};
use std::sync::Arc;

/// The only protocol inside TLS. HTTP/2 would bring nothing to a scrape but more to attack.
const ALPN: &[u8] = b"http/1.1";

/// Go's names of TLS 1.2 suites that rustls has.
///
/// Source: pkg.go.dev/crypto/tls, constants (read 2026-11).
const SUITES: [(&str, SupportedCipherSuite); 6] = [
    (
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    (
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
];

/// TLS 1.3 suites: allowed in the list and, as in Go, always on.
const SUITES_13: [(&str, SupportedCipherSuite); 3] = [
    ("TLS_AES_128_GCM_SHA256", cipher_suite::TLS13_AES_128_GCM_SHA256),
    ("TLS_AES_256_GCM_SHA384", cipher_suite::TLS13_AES_256_GCM_SHA384),
    ("TLS_CHACHA20_POLY1305_SHA256", cipher_suite::TLS13_CHACHA20_POLY1305_SHA256),
];

/// Suites that the toolkit accepts, of today's Go or of an older one, and rustls does not have.
const SUITES_LACKING: [&str; 8] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
];

const HINT_SUITES: &str = "leave cipher_suites out, or list only suites with ECDHE and GCM or CHACHA20: docs/web-config.md";

/// The server's side of TLS.
///
/// # Errors
/// A key with a value that does not exist or cannot be had here, files that do not fit together.
pub(super) fn server_config(tls: &Tls, material: &Material) -> Result<ServerConfig, Refusal> {
    let versions = versions(tls)?;
    let provider = Arc::new(CryptoProvider {
        cipher_suites: suites(tls)?,
        kx_groups: groups(tls)?,
        ..default_provider()
    });
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(&versions).map_err(|error| {
        Refusal::new(format!("cipher_suites and versions: {error}"), HINT_SUITES)
    })?;
    let builder = match client_auth::verifier(tls, material, &provider)? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let (chain, key) = identity(material)?;
    let mut config = builder.with_single_cert(chain, key).map_err(|error| {
        let hint = "the first certificate must be that of the key; keys are RSA of 2048 bits or \
            more, ECDSA on P-256 or P-384, or Ed25519";
        Refusal::new(format!("certificate and key: {error}"), hint)
    })?;
    config.ignore_client_order = tls.prefer_server_cipher_suites.unwrap_or(true);
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

fn versions(tls: &Tls) -> Result<Vec<&'static SupportedProtocolVersion>, Refusal> {
    let number = |key: &str, value: &Option<String>, default: u8| match value.as_deref() {
        None => Ok(default),
        Some("TLS12") => Ok(12),
        Some("TLS13") => Ok(13),
        Some(old @ ("TLS10" | "TLS11")) => Err(Refusal::new(
            format!("{key}: {old} cannot be spoken here"),
            "TLS 1.0 and 1.1 are broken (RFC 8996): use TLS12 or TLS13",
        )),
        Some(other) => Err(Refusal::new(
            format!("{key}: {other} is no version of TLS"),
            "versions are TLS12 and TLS13",
        )),
    };
    let low = number("min_version", &tls.min_version, 12)?;
    let high = number("max_version", &tls.max_version, 13)?;
    if low > high {
        let why = "min_version lies above max_version: nobody could connect";
        return Err(Refusal::new(why, "leave both out for TLS 1.2 and 1.3"));
    }
    let known = [(12, &TLS12), (13, &TLS13)];
    let wanted = known.into_iter().filter(|(number, _)| (low..=high).contains(number));
    Ok(wanted.map(|(_, version)| version).collect())
}

fn suites(tls: &Tls) -> Result<Vec<SupportedCipherSuite>, Refusal> {
    let always = SUITES_13.iter().map(|(_, suite)| *suite);
    let names = tls.cipher_suites.as_deref().unwrap_or_default();
    if names.is_empty() {
        return Ok(always.chain(SUITES.iter().map(|(_, suite)| *suite)).collect());
    }
    let mut listed = Vec::with_capacity(names.len());
    for name in names {
        if let Some((_, suite)) = SUITES.iter().find(|(known, _)| known == name) {
            listed.push(*suite);
        } else if SUITES_LACKING.contains(&name.as_str()) {
            let why = format!("cipher_suites: {name} cannot be had here");
            return Err(Refusal::new(why, HINT_SUITES));
        } else if !SUITES_13.iter().any(|(known, _)| known == name) {
            let why = format!("cipher_suites: {name} is unknown");
            return Err(Refusal::new(why, HINT_SUITES));
        }
    }
    Ok(always.chain(listed).collect())
}

fn groups(tls: &Tls) -> Result<Vec<&'static dyn SupportedKxGroup>, Refusal> {
    let names = tls.curve_preferences.as_deref().unwrap_or_default();
    if names.is_empty() {
        return Ok(default_provider().kx_groups);
    }
    let group = |name: &String| -> Result<&'static dyn SupportedKxGroup, Refusal> {
        let why = match name.as_str() {
            "X25519" => return Ok(kx_group::X25519),
            "CurveP256" => return Ok(kx_group::SECP256R1),
            "CurveP384" => return Ok(kx_group::SECP384R1),
            "CurveP521" => "cannot be had here",
            _ => "is unknown",
        };
        let hint = "curves are X25519, CurveP256 and CurveP384; leave the key out for all of them";
        Err(Refusal::new(format!("curve_preferences: {name} {why}"), hint))
    };
    names.iter().map(group).collect()
}

fn identity(
    material: &Material,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Refusal> {
    let chain = certificates(&material.cert).map_err(|why| {
        Refusal::new(format!("certificate: {why}"), "cert and cert_file hold PEM, leaf first")
    })?;
    let key = PrivateKeyDer::from_pem_slice(&material.key).map_err(|error| {
        let hint = "key and key_file hold one private key in PEM, not encrypted";
        Refusal::new(format!("private key: {error}"), hint)
    })?;
    Ok((chain, key))
}

/// The certificates of a PEM text, at least one.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| error.to_string())?;
    if found.is_empty() { Err("no certificate in it".to_owned()) } else { Ok(found) }
}

/// Checks what can be checked of a section that does not enable TLS: the toolkit does too.
///
/// # Errors
/// Names that do not exist or cannot be had here.
pub(super) fn check_names(tls: &Tls) -> Result<(), Refusal> {
    versions(tls)?;
    suites(tls)?;
    groups(tls)?;
    Ok(())
}
