//! The machine that this runs on: registry, service control manager, files.

mod registry;
mod services;

use super::machine::{Machine, Service, Trouble};
use super::service::IMAGE;
use super::store::{Hive, Tree, Value};
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

/// The machine that this runs on.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThisMachine;

impl Machine for ThisMachine {
    fn tree(&self, hive: Hive, path: &str) -> Result<Option<Tree>, Trouble> {
        registry::tree(hive, path)
    }

    fn values(&self, hive: Hive, path: &str) -> Result<BTreeMap<String, Value>, Trouble> {
        registry::values(hive, path)
    }

    fn create_key(&mut self, hive: Hive, path: &str) -> Result<(), Trouble> {
        registry::create_key(hive, path)
    }

    fn set(&mut self, hive: Hive, path: &str, name: &str, value: &Value) -> Result<(), Trouble> {
        registry::set(hive, path, name, value)
    }

    fn unset(&mut self, hive: Hive, path: &str, name: &str) -> Result<(), Trouble> {
        registry::unset(hive, path, name)
    }

    fn delete_tree(&mut self, hive: Hive, path: &str) -> Result<(), Trouble> {
        registry::delete_tree(hive, path)
    }

    fn delete_empty(&mut self, hive: Hive, path: &str) -> Result<(), Trouble> {
        registry::delete_empty(hive, path)
    }

    fn service(&self, name: &str) -> Result<Option<Service>, Trouble> {
        services::service(name)
    }

    fn create_service(&mut self) -> Result<(), Trouble> {
        services::create()
    }

    fn set_start(&mut self, start: u32) -> Result<(), Trouble> {
        services::set_start(start)
    }

    fn start_service(&mut self) -> Result<(), Trouble> {
        services::start()
    }

    fn stop_service(&mut self) -> Result<(), Trouble> {
        services::stop()
    }

    fn delete_service(&mut self) -> Result<(), Trouble> {
        services::delete()
    }

    fn image(&self, path: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let file = file(path);
        match std::fs::read(&file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Trouble::of(format!("read `{}`", file.display()), &error)),
        }
    }

    fn write_image(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let file = file(IMAGE);
        let written = std::fs::write(&file, bytes);
        written.map_err(|error| Trouble::of(format!("write `{}`", file.display()), &error))
    }

    fn delete_image(&mut self) -> Result<(), Trouble> {
        let file = file(IMAGE);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Trouble::of(format!("delete `{}`", file.display()), &error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn wait(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// The file behind the path of a service's image, in each of the forms that the kernel takes:
/// `\SystemRoot\…`, `\??\C:\…`, and relative to the folder of Windows.
fn file(path: &str) -> PathBuf {
    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    let below = |prefix: &str| {
        let start = path.get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then(|| path.get(prefix.len()..)).flatten()
    };
    if let Some(rest) = below(r"\SystemRoot\") {
        return PathBuf::from(root).join(rest);
    }
    if let Some(rest) = below(r"\??\") {
        return PathBuf::from(rest);
    }
    PathBuf::from(root).join(path)
}
