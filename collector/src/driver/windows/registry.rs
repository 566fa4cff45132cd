//! The registry, in the terms of [`super::super::store`].

use super::super::machine::Trouble;
use super::super::store::{Hive, Tree, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use winreg::enums::{
    HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE, KEY_READ, KEY_WRITE, REG_BINARY, REG_DWORD,
    REG_DWORD_BIG_ENDIAN, REG_EXPAND_SZ, REG_FULL_RESOURCE_DESCRIPTOR, REG_LINK, REG_MULTI_SZ,
    REG_NONE, REG_QWORD, REG_RESOURCE_LIST, REG_RESOURCE_REQUIREMENTS_LIST, REG_SZ, RegType,
};
use winreg::{RegKey, RegValue};

/// Every kind of value that there is, in the order of its number.
const KINDS: [RegType; 12] = [
    REG_NONE,
    REG_SZ,
    REG_EXPAND_SZ,
    REG_BINARY,
    REG_DWORD,
    REG_DWORD_BIG_ENDIAN,
    REG_LINK,
    REG_MULTI_SZ,
    REG_RESOURCE_LIST,
    REG_FULL_RESOURCE_DESCRIPTOR,
    REG_RESOURCE_REQUIREMENTS_LIST,
    REG_QWORD,
];

fn root(hive: Hive) -> RegKey {
    RegKey::predef(match hive {
        Hive::CurrentUser => HKEY_CURRENT_USER,
        Hive::LocalMachine => HKEY_LOCAL_MACHINE,
    })
}

fn trouble<'a>(verb: &'a str, hive: Hive, path: &'a str) -> impl Fn(io::Error) -> Trouble + 'a {
    move |error| Trouble::of(format!(r"{verb} {}\{path}", hive.name()), &error)
}

fn open(hive: Hive, path: &str) -> Result<Option<RegKey>, Trouble> {
    match root(hive).open_subkey_with_flags(path, KEY_READ) {
        Ok(key) => Ok(Some(key)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(trouble("read", hive, path)(error)),
    }
}

fn open_to_write(hive: Hive, path: &str) -> io::Result<RegKey> {
    root(hive).open_subkey_with_flags(path, KEY_READ | KEY_WRITE)
}

pub(super) fn tree(hive: Hive, path: &str) -> Result<Option<Tree>, Trouble> {
    let Some(key) = open(hive, path)? else { return Ok(None) };
    let mut tree =
        Tree { values: values_of(&key).map_err(trouble("read", hive, path))?, ..Tree::default() };
    for name in key.enum_keys() {
        let name = name.map_err(trouble("read", hive, path))?;
        // A key that goes in between is not there.
        if let Some(child) = self::tree(hive, &format!(r"{path}\{name}"))? {
            tree.children.insert(name, child);
        }
    }
    Ok(Some(tree))
}

pub(super) fn values(hive: Hive, path: &str) -> Result<BTreeMap<String, Value>, Trouble> {
    match open(hive, path)? {
        Some(key) => values_of(&key).map_err(trouble("read", hive, path)),
        None => Ok(BTreeMap::new()),
    }
}

fn values_of(key: &RegKey) -> io::Result<BTreeMap<String, Value>> {
    let value = |(name, value): (String, RegValue<'_>)| {
        let kind = KINDS.iter().position(|it| *it == value.vtype);
        let kind = kind.and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX);
        (name, Value { kind, bytes: value.bytes.into_owned() })
    };
    key.enum_values().map(|it| it.map(value)).collect()
}

pub(super) fn create_key(hive: Hive, path: &str) -> Result<(), Trouble> {
    root(hive).create_subkey(path).map(drop).map_err(trouble("create", hive, path))
}

pub(super) fn set(hive: Hive, path: &str, name: &str, value: &Value) -> Result<(), Trouble> {
    let write = || {
        let kind = usize::try_from(value.kind).ok().and_then(|at| KINDS.get(at));
        let kind = kind.ok_or(ErrorKind::InvalidInput)?;
        let value = RegValue { bytes: Cow::Borrowed(&value.bytes), vtype: kind.clone() };
        open_to_write(hive, path)?.set_raw_value(name, &value)
    };
    write().map_err(trouble("write", hive, &format!(r"{path}\{name}")))
}

pub(super) fn unset(hive: Hive, path: &str, name: &str) -> Result<(), Trouble> {
    let delete = || open_to_write(hive, path)?.delete_value(name);
    delete().map_err(trouble("delete", hive, &format!(r"{path}\{name}")))
}

pub(super) fn delete_tree(hive: Hive, path: &str) -> Result<(), Trouble> {
    root(hive).delete_subkey_all(path).map_err(trouble("delete", hive, path))
}

/// Windows itself refuses to delete a key with keys below it, should one have come just now.
pub(super) fn delete_empty(hive: Hive, path: &str) -> Result<(), Trouble> {
    let Some(key) = open(hive, path)? else { return Ok(()) };
    let info = key.query_info().map_err(trouble("read", hive, path))?;
    if info.sub_keys > 0 || info.values > 0 {
        return Ok(());
    }
    drop(key);
    root(hive).delete_subkey(path).map_err(trouble("delete", hive, path))
}
