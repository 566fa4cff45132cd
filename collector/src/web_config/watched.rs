//! The file while the server runs: looked at again for connections and requests, used when changed.
//!
//! A file that cannot be used stops service until it can, as exporter-toolkit does: what was taken
//! out of a file is never granted because of a mistake in the same edit.
//! Whether there is TLS is settled at the start, as there; and where there were users, some must be
//! left. A file that is cut off while an editor writes it takes away no protection.

use super::material::Material;
use super::{Doorkeeper, Refusal, WebConfig};
use crate::failure::Failure;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Mutex;

/// How old the last look at the files may be when a connection or request relies on it.
///
/// The toolkit looks each time; four times a second bounds what a flood can make of that.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A web configuration file that is in use.
pub struct WebConfigFile {
    path: PathBuf,
    look_every: Duration,
    has_tls: bool,
    has_users: bool,
    state: Mutex<State>,
    refused: AtomicU64,
    pub(crate) doorkeeper: Doorkeeper,
}

struct State {
    looked_at: Instant,
    material: Material,
    outcome: Result<Arc<WebConfig>, Refusal>,
}

impl WebConfigFile {
    /// Reads the file before the server starts.
    ///
    /// # Errors
    /// The file or something that it names is refused: exit code 13.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        Self::looked_at_every(path, LOOK_EVERY).map_err(|refusal| refusal.into_failure(path))
    }

    pub(super) fn looked_at_every(path: &Path, look_every: Duration) -> Result<Self, Refusal> {
        let (file, material) = Material::read(path)?;
        let config = Arc::new(WebConfig::of(&file, &material)?);
        Ok(Self {
            path: path.to_owned(),
            look_every,
            has_tls: config.tls.is_some(),
            has_users: !config.users.is_empty(),
            state: Mutex::new(State { looked_at: Instant::now(), material, outcome: Ok(config) }),
            refused: AtomicU64::new(0),
            doorkeeper: Doorkeeper::new()?,
        })
    }

    /// Whether requests need a user and a password.
    #[must_use]
    pub const fn has_users(&self) -> bool {
        self.has_users
    }

    /// Whether connections begin with TLS.
    #[must_use]
    pub const fn has_tls(&self) -> bool {
        self.has_tls
    }

    /// How often a changed file was refused while the server ran.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Why the file is refused now.
    pub async fn refusal(&self) -> Option<Refusal> {
        self.current().await.err()
    }

    /// What the file says now.
    pub(crate) async fn current(&self) -> Result<Arc<WebConfig>, Refusal> {
        let mut state = self.state.lock().await;
        if state.looked_at.elapsed() < self.look_every {
            return state.outcome.clone();
        }
        let path = self.path.clone();
        let before = state.outcome.is_ok().then(|| state.material.clone());
        let looked = tokio::task::spawn_blocking(move || look(&path, before.as_ref())).await;
        state.looked_at = Instant::now();
        let outcome = match looked {
            Ok(Look::Unchanged) => return state.outcome.clone(),
            Ok(Look::Changed(material, config)) => {
                state.material = material;
                self.allowed(config)
            }
            Ok(Look::Refused(refusal)) => Err(refusal),
            Err(error) => Err(Refusal::new(error.to_string(), "the file was not read")),
        };
        if let Err(refusal) = &outcome
            && state.outcome.as_ref().err() != Some(refusal)
        {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        state.outcome = outcome;
        state.outcome.clone()
    }

    /// A configuration that takes away no protection.
    fn allowed(&self, config: WebConfig) -> Result<Arc<WebConfig>, Refusal> {
        let hint = "restart for that";
        if config.tls.is_some() != self.has_tls {
            let word = if self.has_tls { "off" } else { "on" };
            return Err(Refusal::new(format!("TLS cannot be turned {word} while running"), hint));
        }
        if config.users.is_empty() && self.has_users {
            return Err(Refusal::new("users cannot all be removed while running", hint));
        }
        Ok(Arc::new(config))
    }
}

/// What a look at the files finds.
enum Look {
    Unchanged,
    Changed(Material, WebConfig),
    Refused(Refusal),
}

fn look(path: &Path, before: Option<&Material>) -> Look {
    let found = Material::read(path).and_then(|(file, material)| {
        if before == Some(&material) {
            return Ok(Look::Unchanged);
        }
        let config = WebConfig::of(&file, &material)?;
        Ok(Look::Changed(material, config))
    });
    found.unwrap_or_else(Look::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    struct Setup {
        folder: TempDir,
        file: WebConfigFile,
    }

    impl Setup {
        fn with(text: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("web.yml");
            std::fs::write(&path, text).unwrap();
            let file = WebConfigFile::looked_at_every(&path, Duration::ZERO).unwrap();
            Self { folder, file }
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.folder.path().join(name), text).unwrap();
        }
    }

    fn identity() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    const ALICE: &str = "basic_auth_users:\n  alice: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\n";

    #[tokio::test]
    async fn a_changed_file_is_used_and_a_broken_one_serves_nobody_until_it_is_mended() {
        let setup = Setup::with("http_server_config:\n  headers:\n    X-XSS-Protection: a\n");
        let header = async || {
            let config = setup.file.current().await?;
            Ok::<_, Refusal>(config.headers[0].1.to_str().unwrap().to_owned())
        };
        assert_eq!(header().await.unwrap(), "a");
        setup.write("web.yml", "http_server_config:\n  headers:\n    X-XSS-Protection: b\n");
        assert_eq!(header().await.unwrap(), "b");
        setup.write("web.yml", "http_server_config: [");
        assert!(header().await.is_err() && header().await.is_err());
        assert_eq!(setup.file.refused(), 1);
        setup.write("web.yml", "http_server_config:\n  headers:\n    X-XSS-Protection: b\n");
        assert_eq!(header().await.unwrap(), "b");
    }

    #[tokio::test]
    async fn a_renewed_certificate_is_used_and_half_a_renewal_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        let (old, new) = (identity(), identity());
        write("cert.pem", &old.0);
        write("key.pem", &old.1);
        write("web.yml", "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n");
        let path = folder.path().join("web.yml");
        let file = WebConfigFile::looked_at_every(&path, Duration::ZERO).unwrap();
        let before = file.current().await.unwrap().tls.clone().unwrap();
        let same = file.current().await.unwrap().tls.clone().unwrap();
        assert!(Arc::ptr_eq(&before, &same), "unchanged files are not read into TLS again");
        write("cert.pem", &new.0);
        assert!(file.current().await.is_err());
        write("key.pem", &new.1);
        let after = file.current().await.unwrap().tls.clone().unwrap();
        assert!(!Arc::ptr_eq(&before, &after));
    }

    #[tokio::test]
    async fn no_edit_takes_away_tls_or_all_users() {
        let setup = Setup::with(ALICE);
        setup.write("web.yml", "");
        assert!(setup.file.current().await.is_err());
        let (cert, key) = identity();
        setup.write("cert.pem", &cert);
        setup.write("key.pem", &key);
        let tls = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n";
        setup.write("web.yml", &format!("{tls}{ALICE}"));
        assert!(setup.file.current().await.is_err());
        setup.write("web.yml", ALICE);
        assert!(setup.file.current().await.is_ok());
        let setup = Setup {
            file: WebConfigFile::looked_at_every(
                &{
                    setup.write("web.yml", tls);
                    setup.folder.path().join("web.yml")
                },
                Duration::ZERO,
            )
            .unwrap(),
            folder: setup.folder,
        };
        setup.write("web.yml", "");
        assert!(setup.file.current().await.is_err());
    }
}
