//! An authority made with openssl, and TLS in front of a receiver that has none.

use core::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::ring};
use weir::otlp::Protocol;

/// Certificates in a folder: `ca`, `server` for localhost, `client`.
pub(crate) struct Authority(tempfile::TempDir);

impl Authority {
    /// Makes one; `None`, with a line, where there is no openssl.
    pub(crate) fn make() -> Option<Self> {
        let made = Self(tempfile::tempdir().unwrap());
        let folder = made.0.path();
        if Command::new("openssl").arg("version").output().is_err() {
            println!("SKIPPED: openssl is not installed");
            return None;
        }
        made.certificate("ca", &["-addext", "basicConstraints=critical,CA:TRUE"]);
        for (name, san) in [("server", "DNS:localhost"), ("client", "DNS:weir")] {
            let of_ca = ["-CA", "ca.pem", "-CAkey", "ca.key"];
            let san = format!("subjectAltName={san}");
            let basic = ["-addext", "basicConstraints=CA:FALSE", "-addext", &san];
            made.certificate(name, &[&of_ca[..], &basic].concat());
        }
        assert!(folder.join("client.pem").exists());
        Some(made)
    }

    fn certificate(&self, name: &str, more: &[&str]) {
        let made = Command::new("openssl")
            .current_dir(self.0.path())
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "2", "-subj", &format!("/CN={name}")])
            .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
            .args(more)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// A file of it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).unwrap().map(Result::unwrap).collect()
}

/// Listens with TLS, asks for a certificate of the authority, and passes on what comes.
pub(crate) fn front(authority: &Authority, protocol: Protocol, behind: SocketAddr) -> SocketAddr {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(&authority.path("ca.pem")));
    let provider = Arc::new(ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
    let key = PrivateKeyDer::from_pem_file(authority.path("server.key")).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(&authority.path("server.pem")), key)
        .unwrap();
    let alpn = if protocol == Protocol::Grpc { &b"h2"[..] } else { b"http/1.1" };
    config.alpn_protocols = vec![alpn.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that is not let in ends here.
                let Ok(mut client) = acceptor.accept(stream).await else { return };
                let mut server = TcpStream::connect(behind).await.unwrap();
                let _either_went = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    address
}
