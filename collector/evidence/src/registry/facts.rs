//! What keys and values mean here.
//!
//! Source of the store's keys: microsoft/ebpf-for-windows, `libs/store_helper/ebpf_store_helper.c`,
//! `include/ebpf_windows.h`; of memory integrity: learn.microsoft.com/windows/security/
//! hardware-security/enable-virtualization-based-protection-of-code-integrity; of Secure Boot:
//! outputs of `reg query` in public code; of `SystemStartOptions`: Microsoft Knowledge Base Q102987
//! (read 2026-11). That `TESTSIGNING` is one of its words was not seen on a machine.

use super::entries::{Data, Entries};
use crate::ReadError;
use crate::text::kept;
use weir_abi::identifiers::Guid;
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{Boot, Place, ProgramSection, ProgramStore, Scope};

/// Most program types, and most sections, of a store.
const ENTRIES_MAX: usize = 4096;

/// Keys that are known, by what is below them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// A section of the store of this scope, the last of its list.
    Section(Scope),
    /// `…\DeviceGuard\Scenarios\HypervisorEnforcedCodeIntegrity`
    MemoryIntegrity,
    /// `…\SecureBoot\State`
    SecureBoot,
    /// `…\Control`
    Control,
}

/// Takes keys and values in.
pub(super) struct Facts<'a> {
    file: &'a str,
    current: Option<Key>,
    stores: Vec<ProgramStore>,
    boot: Boot,
    is_boot_known: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn new(file: &'a str) -> Self {
        let boot = Boot::default();
        Self { file, current: None, stores: Vec::new(), boot, is_boot_known: false }
    }

    pub(super) fn pieces(self) -> Vec<Piece> {
        let boot = self.is_boot_known.then_some(Piece::Boot(self.boot));
        self.stores.into_iter().map(Piece::Store).chain(boot).collect()
    }

    /// A key at or below `Software\eBPF\Providers`.
    fn store_key(&mut self, line: u64, scope: Scope, below: &[&str]) -> Result<(), ReadError> {
        let store = match self.stores.iter().position(|it| it.scope == scope) {
            Some(at) => at,
            None => {
                let place = Place::new(self.file, line);
                let (types, sections) = (Vec::new(), Vec::new());
                self.stores.push(ProgramStore { scope, exists: true, types, sections, place });
                self.stores.len() - 1
            }
        };
        let Some(store) = self.stores.get_mut(store) else { return Ok(()) };
        if store.types.len().max(store.sections.len()) == ENTRIES_MAX {
            let what = format!("over {ENTRIES_MAX} program types or sections");
            return Err(ReadError::damaged(self.file, line, what));
        }
        match below {
            [data, guid, ..] if data.eq_ignore_ascii_case("ProgramData") => {
                let Some(guid) = Guid::parse(guid) else {
                    let what = "the name of a program type's key is no GUID";
                    return Err(ReadError::damaged(self.file, line, what));
                };
                // Keys below it follow it.
                if store.types.last() != Some(&guid) {
                    store.types.push(guid);
                }
            }
            [data, prefix] if data.eq_ignore_ascii_case("SectionData") => {
                let prefix = kept(prefix);
                store.sections.push(ProgramSection {
                    prefix,
                    program_type: None,
                    attach_type: None,
                });
                self.current = Some(Key::Section(scope));
            }
            _ => {}
        }
        Ok(())
    }

    fn section_value(
        &mut self,
        line: u64,
        scope: Scope,
        (name, data): (&str, &Data),
    ) -> Result<(), ReadError> {
        let store = self.stores.iter_mut().find(|it| it.scope == scope);
        let Some(section) = store.and_then(|it| it.sections.last_mut()) else { return Ok(()) };
        let field = if name.eq_ignore_ascii_case("ProgramType") {
            &mut section.program_type
        } else if name.eq_ignore_ascii_case("AttachType") {
            &mut section.attach_type
        } else {
            return Ok(());
        };
        *field = match data {
            Data::Binary(bytes) => bytes.as_slice().try_into().ok().map(Guid),
            Data::Text(text) => Guid::parse(text.trim()),
            Data::Number(_) | Data::Other => None,
        };
        if field.is_none() {
            return Err(ReadError::damaged(self.file, line, format!("{} is no GUID", kept(name))));
        }
        Ok(())
    }
}

impl Entries for Facts<'_> {
    fn key(&mut self, line: u64, path: &str) -> Result<(), ReadError> {
        self.current = None;
        let parts: Vec<&str> = path.splitn(KEY_PARTS_MAX, '\\').collect();
        let (scope, parts) = match parts[..] {
            ["HKEY_LOCAL_MACHINE", ref parts @ ..] => (Scope::Machine, parts),
            ["HKEY_CURRENT_USER", ref parts @ ..] | ["HKEY_USERS", _, ref parts @ ..] => {
                (Scope::User, parts)
            }
            _ => return Ok(()),
        };
        if let Some(below) = below(parts, &["Software", "eBPF", "Providers"]) {
            return self.store_key(line, scope, below);
        }
        let ["SYSTEM" | "System" | "system", set, rest @ ..] = parts else { return Ok(()) };
        let is_set =
            set.get(.."ControlSet".len()).is_some_and(|it| it.eq_ignore_ascii_case("ControlSet"));
        if !is_set && !set.eq_ignore_ascii_case("CurrentControlSet") {
            return Ok(());
        }
        let hvci = ["Control", "DeviceGuard", "Scenarios", "HypervisorEnforcedCodeIntegrity"];
        self.current = [
            (Key::MemoryIntegrity, &hvci[..]),
            (Key::SecureBoot, &["Control", "SecureBoot", "State"]),
            (Key::Control, &["Control"]),
        ]
        .into_iter()
        .find_map(|(key, path)| below(rest, path)?.is_empty().then_some(key));
        // A key without the value is an answer too: it says nothing.
        if self.current.is_some() && !self.is_boot_known {
            self.is_boot_known = true;
            self.boot.place = Place::new(self.file, line);
        }
        Ok(())
    }

    fn value(&mut self, line: u64, name: &str, data: &Data) -> Result<(), ReadError> {
        let name = name.trim();
        let place = Place::new(self.file, line);
        let is_named = |it: &str| name.eq_ignore_ascii_case(it);
        let boot = &mut self.boot;
        match (self.current, data) {
            (Some(Key::Section(scope)), data) => {
                return self.section_value(line, scope, (name, data));
            }
            (Some(Key::MemoryIntegrity), Data::Number(number)) if is_named("Enabled") => {
                boot.memory_integrity = Some(*number != 0);
            }
            (Some(Key::SecureBoot), Data::Number(number)) if is_named("UEFISecureBootEnabled") => {
                boot.secure_boot = Some(*number != 0);
            }
            (Some(Key::Control), Data::Text(options)) if is_named("SystemStartOptions") => {
                let is_on =
                    |it: &str| it.trim_start_matches('/').eq_ignore_ascii_case("TESTSIGNING");
                boot.test_signing = Some(options.split_whitespace().any(is_on));
            }
            _ => return Ok(()),
        }
        boot.place = place;
        Ok(())
    }
}

/// Parts of a path that are told apart: more than any known key has.
const KEY_PARTS_MAX: usize = 12;

/// What is below a path, where that is how it begins.
fn below<'a, 'b>(parts: &'a [&'b str], path: &[&str]) -> Option<&'a [&'b str]> {
    let (first, rest) = parts.split_at_checked(path.len())?;
    first.iter().zip(path).all(|(a, b)| a.eq_ignore_ascii_case(b)).then_some(rest)
}
