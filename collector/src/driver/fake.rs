//! A machine made up for tests: registry, one service manager, files, and a fault at a chosen
//! operation.

use super::machine::{ACCESS_DENIED, Machine, Service, State, Trouble};
use super::service::{IMAGE, NAME, START};
use super::store::{Hive, Tree, Value};
use core::time::Duration;
use std::collections::BTreeMap;

/// A machine; `PartialEq` compares what a user could see of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Fake {
    pub(super) hives: BTreeMap<Hive, Tree>,
    pub(super) services: BTreeMap<String, Service>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Hives in which nothing may be written.
    pub(super) denied: Vec<Hive>,
    /// The operation, counted from 0, that fails once.
    pub(super) fails_at: Option<usize>,
    /// Operations that change something, so far.
    pub(super) operations: usize,
    /// How many looks at the service it takes to stop.
    pub(super) stops_after: usize,
    /// Whether it is told as running all the while.
    pub(super) tells_late: bool,
    /// Whether it stops right after it was started.
    pub(super) stops_at_once: bool,
    pub(super) waited: Duration,
}

impl PartialEq for Fake {
    fn eq(&self, other: &Self) -> bool {
        (&self.hives, &self.services, &self.files) == (&other.hives, &other.services, &other.files)
    }
}

impl Fake {
    pub(super) fn new() -> Self {
        let running =
            |image: &str| Service { state: State::Running, start: START, image: image.into() };
        let mut fake = Self::default();
        for hive in Hive::ALL {
            fake.key(hive, "Software");
        }
        fake.services.insert("bfe".to_owned(), running("svchost.exe"));
        fake.services.insert("ebpfcore".to_owned(), running("EbpfCore.sys"));
        fake.put(
            Hive::LocalMachine,
            r"SYSTEM\CurrentControlSet\Control",
            "SystemStartOptions",
            Value::text(" TESTSIGNING  NOEXECUTE=OPTIN"),
        );
        fake
    }

    /// Writes a value without being an operation.
    pub(super) fn put(&mut self, hive: Hive, path: &str, name: &str, value: Value) {
        self.key(hive, path).values.insert(name.to_owned(), value);
    }

    fn key(&mut self, hive: Hive, path: &str) -> &mut Tree {
        let root = self.hives.entry(hive).or_default();
        path.split('\\').fold(root, |at, name| {
            let name = at
                .children
                .keys()
                .find(|it| it.eq_ignore_ascii_case(name))
                .cloned()
                .unwrap_or_else(|| name.to_owned());
            at.children.entry(name).or_default()
        })
    }

    fn at(&self, hive: Hive, path: &str) -> Option<&Tree> {
        path.split('\\').try_fold(self.hives.get(&hive)?, |at, name| {
            at.children.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, it)| it)
        })
    }

    fn operation(&mut self, what: &str) -> Result<(), Trouble> {
        let number = self.operations;
        self.operations += 1;
        if self.fails_at == Some(number) { Err(Trouble::new(what, "a fault")) } else { Ok(()) }
    }

    fn write(&mut self, hive: Hive, path: &str) -> Result<(), Trouble> {
        if self.denied.contains(&hive) {
            let mut denied = Trouble::new(format!("write {path}"), "access is denied");
            denied.code = Some(ACCESS_DENIED);
            return Err(denied);
        }
        self.operation(&format!("write {path}"))
    }
}

impl Machine for Fake {
    fn tree(&self, hive: Hive, path: &str) -> Result<Option<Tree>, Trouble> {
        Ok(self.at(hive, path).cloned())
    }

    fn values(&self, hive: Hive, path: &str) -> Result<BTreeMap<String, Value>, Trouble> {
        Ok(self.at(hive, path).cloned().unwrap_or_default().values)
    }

    fn create_key(&mut self, hive: Hive, path: &str) -> Result<(), Trouble> {
        self.write(hive, path)?;
        self.key(hive, path);
        Ok(())
    }

    fn set(&mut self, hive: Hive, path: &str, name: &str, value: &Value) -> Result<(), Trouble> {
        self.write(hive, path)?;
        assert!(self.at(hive, path).is_some(), "a value is written to a key that is there");
        let key = self.key(hive, path);
        key.values.retain(|it, _| !it.eq_ignore_ascii_case(name));
        key.values.insert(name.to_owned(), value.clone());
        Ok(())
    }

    fn unset(&mut self, hive: Hive, path: &str, name: &str) -> Result<(), Trouble> {
        self.write(hive, path)?;
        self.key(hive, path).values.remove(name);
        Ok(())
    }

    fn delete_tree(&mut self, hive: Hive, path: &str) -> Result<(), Trouble> {
        self.write(hive, path)?;
        let (above, name) = path.rsplit_once('\\').unwrap();
        self.key(hive, above).children.retain(|it, _| !it.eq_ignore_ascii_case(name));
        Ok(())
    }

    fn delete_empty(&mut self, hive: Hive, path: &str) -> Result<(), Trouble> {
        match self.at(hive, path) {
            Some(key) if *key == Tree::default() => self.delete_tree(hive, path),
            _ => Ok(()),
        }
    }

    fn service(&self, name: &str) -> Result<Option<Service>, Trouble> {
        Ok(self.services.get(name).cloned())
    }

    fn create_service(&mut self) -> Result<(), Trouble> {
        self.operation("create")?;
        let service = Service { state: State::Stopped, start: START, image: IMAGE.to_owned() };
        assert!(self.services.insert(NAME.to_owned(), service).is_none());
        Ok(())
    }

    fn set_start(&mut self, start: u32) -> Result<(), Trouble> {
        self.operation("set start")?;
        self.services.get_mut(NAME).unwrap().start = start;
        Ok(())
    }

    fn start_service(&mut self) -> Result<(), Trouble> {
        self.operation("start")?;
        assert!(self.files.contains_key(IMAGE), "started without an image");
        self.services.get_mut(NAME).unwrap().state =
            if self.stops_at_once { State::Stopped } else { State::Running };
        Ok(())
    }

    fn stop_service(&mut self) -> Result<(), Trouble> {
        self.operation("stop")?;
        let now = match self.stops_after {
            0 => State::Stopped,
            _ if self.tells_late => State::Running,
            _ => State::Stopping,
        };
        self.services.get_mut(NAME).unwrap().state = now;
        Ok(())
    }

    fn delete_service(&mut self) -> Result<(), Trouble> {
        self.operation("delete")?;
        assert_eq!(self.services.remove(NAME).unwrap().state, State::Stopped);
        Ok(())
    }

    fn image(&self, path: &str) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(self.files.get(path).cloned())
    }

    fn write_image(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        // A write that fails leaves a part, as a full disk does.
        self.files.insert(IMAGE.to_owned(), bytes.get(..1).unwrap_or(&[]).to_vec());
        self.operation("write image")?;
        self.files.insert(IMAGE.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn delete_image(&mut self) -> Result<(), Trouble> {
        self.operation("delete image")?;
        self.files.remove(IMAGE);
        Ok(())
    }

    fn wait(&mut self, time: Duration) {
        self.waited += time;
        self.stops_after = self.stops_after.saturating_sub(1);
        if self.stops_after == 0
            && let Some(service) = self.services.get_mut(NAME)
            && (self.tells_late || service.state == State::Stopping)
        {
            service.state = State::Stopped;
        }
    }
}
