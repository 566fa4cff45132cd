//! Certificates made for a test: a CA, servers and clients of it, and strangers.

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder of PEM files.
///
/// `ca.pem`; `server.pem` and `server.key` of it, for localhost; `client.pem`, `client.key` of it
/// with names; `expired.pem`, `expired.key` of it, no longer valid; `stranger.pem`, `stranger.key`
/// of another CA; `other.key` of nobody.
pub(crate) struct Identities {
    folder: TempDir,
}

/// Names in the client's certificate.
pub(crate) const CLIENT_NAMES: [&str; 2] = ["scraper.example", "spiffe://example/prometheus"];

impl Identities {
    pub(crate) fn make() -> Self {
        let made = Self { folder: tempfile::tempdir().unwrap() };
        let (ca, other_ca) = (authority("ca"), authority("other ca"));
        made.write("ca.pem", &ca.0);
        made.leaf("server", &ca.1, |_| {});
        made.leaf("client", &ca.1, named);
        made.leaf("stranger", &other_ca.1, named);
        made.leaf("expired", &ca.1, |params| {
            named(params);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        });
        made.write("other.key", &KeyPair::generate().unwrap().serialize_pem());
        made
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file and says where.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// An identity of an issuer, valid for localhost unless changed.
    pub(crate) fn leaf(
        &self,
        name: &str,
        issuer: &Issuer<'_, KeyPair>,
        change: impl FnOnce(&mut CertificateParams),
    ) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress("127.0.0.1".parse().unwrap()));
        change(&mut params);
        let certificate = params.signed_by(&key, issuer).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), Issuer::new(params, key))
}

fn named(params: &mut CertificateParams) {
    let [host, uri] = CLIENT_NAMES;
    params.subject_alt_names =
        vec![SanType::DnsName(host.try_into().unwrap()), SanType::URI(uri.try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}
