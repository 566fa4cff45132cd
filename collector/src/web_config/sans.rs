//! Subject alternative names of a client's certificate, compared as text, exactly.
//!
//! Names of hosts, mail addresses, IP addresses and URIs; no wildcards, no case folding: an allowed
//! name is one that is written the same.
//! Source: VerifyPeerCertificate of web/tls_config.go of exporter-toolkit (read 2026-11).

use core::net::{Ipv4Addr, Ipv6Addr};
use rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Whether the certificate has one of these names. One that cannot be read has none.
pub(super) fn has_one_of(certificate: &CertificateDer<'_>, allowed: &[String]) -> bool {
    let Ok(certificate) = Certificate::from_der(certificate) else { return false };
    let found = certificate.tbs_certificate().get_extension::<SubjectAltName>();
    let Ok(Some((_, SubjectAltName(names)))) = found else { return false };
    names.iter().filter_map(text).any(|name| allowed.contains(&name))
}

fn text(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name)
        | GeneralName::Rfc822Name(name)
        | GeneralName::UniformResourceIdentifier(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(|it| Ipv4Addr::from(it).to_string());
            v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(|it| Ipv6Addr::from(it).to_string()))
                .ok()
        }
        GeneralName::OtherName(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::RegisteredId(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, SanType};

    #[test]
    fn names_of_four_kinds_are_compared_exactly() {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![
            SanType::DnsName("scraper.example".try_into().unwrap()),
            SanType::Rfc822Name("ops@example.org".try_into().unwrap()),
            SanType::URI("spiffe://example/prometheus".try_into().unwrap()),
            SanType::IpAddress("10.0.0.7".parse().unwrap()),
            SanType::IpAddress("2001:db8::7".parse().unwrap()),
        ];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        for (name, wanted) in [
            ("scraper.example", true),
            ("ops@example.org", true),
            ("spiffe://example/prometheus", true),
            ("10.0.0.7", true),
            ("2001:db8::7", true),
            ("SCRAPER.example", false),
            ("other.scraper.example", false),
            ("*.example", false),
            ("", false),
        ] {
            assert_eq!(has_one_of(certificate.der(), &[name.to_owned()]), wanted, "{name}");
        }
        assert!(!has_one_of(certificate.der(), &[]));
        assert!(!has_one_of(&CertificateDer::from(vec![0x30, 0x03, 1, 2]), &[String::new()]));
    }
}
