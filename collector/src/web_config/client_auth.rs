//! Certificates of clients: who needs one, whose are trusted, and which names they may have.
//!
//! Go's five policies, with two differences, both on the safe side: without a client CA nobody is
//! trusted (Go then trusts every CA of the system), and a certificate that stands in the client CA
//! file does not serve as a client's own unless it is no CA.
//! Source: ClientAuthType of pkg.go.dev/crypto/tls and web/tls_config.go of exporter-toolkit (read
//! 2026-11).

use super::file::{Tls, given};
use super::material::Material;
use super::refusal::Refusal;
use super::sans;
use super::tls::certificates;
use core::fmt;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};
use std::sync::Arc;

const HINT: &str =
    "client_auth_type is RequireAndVerifyClientCert for mutual TLS; docs/web-config.md";

/// What a certificate must be, beyond being the client's own.
#[derive(Clone, Debug)]
enum Trust {
    /// Anything.
    Any,
    /// Issued by a client CA.
    Issued(Arc<dyn ClientCertVerifier>),
    /// Verification is asked for and there is no client CA.
    Nobody,
}

/// The policy as rustls asks for it.
struct Policy {
    is_mandatory: bool,
    trust: Trust,
    allowed_sans: Option<Vec<String>>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// The verifier of a section; `None` where no certificate is asked for.
///
/// # Errors
/// An unknown policy, a client CA without one or without certificates.
pub(super) fn verifier(
    tls: &Tls,
    material: &Material,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, Refusal> {
    let (is_mandatory, is_verified) = match given(&tls.client_auth_type) {
        None | Some("NoClientCert") if material.client_ca.is_some() => {
            let why = "a client CA is given and client_auth_type is not";
            return Err(Refusal::new(why, HINT));
        }
        None | Some("NoClientCert") => return Ok(None),
        Some("RequestClientCert") => (false, false),
        // The second name is the toolkit's own, of old.
        Some("RequireAnyClientCert" | "RequireClientCert") => (true, false),
        Some("VerifyClientCertIfGiven") => (false, true),
        Some("RequireAndVerifyClientCert") => (true, true),
        Some(other) => {
            return Err(Refusal::new(format!("client_auth_type: {other} is unknown"), HINT));
        }
    };
    let issued = issued(material, provider)?;
    let trust = match (is_verified, issued) {
        (false, _) => Trust::Any,
        (true, Some(verifier)) => Trust::Issued(verifier),
        (true, None) => Trust::Nobody,
    };
    let allowed_sans = tls.client_allowed_sans.clone();
    let algorithms = provider.signature_verification_algorithms;
    Ok(Some(Arc::new(Policy { is_mandatory, trust, allowed_sans, algorithms })))
}

fn issued(
    material: &Material,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, Refusal> {
    let Some(pem) = &material.client_ca else { return Ok(None) };
    let refused = |why: String| {
        Refusal::new(format!("client CA: {why}"), "client_ca and client_ca_file hold PEM")
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).map_err(refused)? {
        roots.add(certificate).map_err(|error| refused(error.to_string()))?;
    }
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let verifier = builder.build().map_err(|error| refused(error.to_string()))?;
    Ok(Some(verifier))
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("is_mandatory", &self.is_mandatory).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for Policy {
    fn client_auth_mandatory(&self) -> bool {
        self.is_mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        match &self.trust {
            Trust::Issued(verifier) => verifier.root_hint_subjects(),
            Trust::Any | Trust::Nobody => &[],
        }
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match &self.trust {
            Trust::Any => {}
            Trust::Issued(verifier) => {
                verifier.verify_client_cert(end_entity, intermediates, now)?;
            }
            Trust::Nobody => return Err(CertificateError::UnknownIssuer.into()),
        }
        let names = self.allowed_sans.as_deref();
        if names.is_none_or(|names| sans::has_one_of(end_entity, names)) {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
