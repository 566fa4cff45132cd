//! Definitions of maps: BTF in `.maps`, or the older structure in `maps`.

use super::btf::Btf;
use super::error::LoadError;
use super::kind::MapKind;
use super::map::stride;
use super::object::{Object, Role};

/// Most maps of an object (Linux: `MAX_USED_MAPS` 64).
const MAPS_MAX: usize = 64;

/// Bytes of keys and values that one map may hold.
const MAP_BYTES_MAX: u64 = 1 << 30;

/// Longest key and value.
const KEY_BYTES_MAX: u32 = 4096;
const VALUE_BYTES_MAX: u32 = 1 << 20;

/// `BPF_F_NO_PREALLOC`: when memory is taken, which nobody sees.
const NO_PREALLOCATION: u32 = 1;

/// A map to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) name: String,
    /// Section and offset of the definition, which relocations name.
    pub(super) place: (usize, u64),
    pub(super) kind: MapKind,
    pub(super) key_bytes: u32,
    pub(super) value_bytes: u32,
    pub(super) entries_max: u32,
}

/// Fields of a definition as they are collected.
#[derive(Default)]
struct Fields {
    kind: u32,
    key_bytes: u32,
    value_bytes: u32,
    entries_max: u32,
    flags: u32,
}

/// Reads the definitions of all maps in the object, in the order of their symbols.
///
/// # Errors
/// If a definition is incomplete or of an unsupported kind or size.
pub(super) fn definitions(object: &Object) -> Result<Vec<Definition>, LoadError> {
    let btf = object.sections.values().find(|section| section.role == Role::Btf);
    let btf = btf.and_then(|section| Btf::parse(&section.bytes));
    let mut found: Vec<Definition> = Vec::new();
    for symbol in &object.symbols {
        let section = symbol.section.and_then(|index| Some((index, object.sections.get(&index)?)));
        let Some((index, section)) = section else { continue };
        if !symbol.is_object || symbol.name.is_empty() {
            continue;
        }
        let refuse = |reason| LoadError::Map { name: symbol.name.clone(), reason };
        let fields = match section.role {
            Role::Maps => {
                let btf = btf.as_ref().ok_or_else(|| refuse("the object has no BTF"))?;
                from_btf(btf, &symbol.name).map_err(refuse)?
            }
            Role::LegacyMaps => from_structure(&section.bytes, symbol.value)
                .ok_or_else(|| refuse("its definition is cut short"))?,
            Role::Code
            | Role::ReadOnlyData
            | Role::Data
            | Role::Btf
            | Role::BtfExtension
            | Role::Other => continue,
        };
        let place = (index, symbol.value);
        found.push(check(symbol.name.clone(), place, &fields).map_err(refuse)?);
        if found.len() > MAPS_MAX {
            return Err(refuse("there are more than 64 maps"));
        }
    }
    Ok(found)
}

fn from_btf(btf: &Btf<'_>, name: &str) -> Result<Fields, &'static str> {
    let structure = btf.variable(name).ok_or("BTF does not describe it")?;
    let mut fields = Fields::default();
    for (member, id) in btf.members(structure) {
        let (field, value) = match member {
            "type" => (&mut fields.kind, btf.number(id)),
            "max_entries" => (&mut fields.entries_max, btf.number(id)),
            "map_flags" => (&mut fields.flags, btf.number(id)),
            "key_size" => (&mut fields.key_bytes, btf.number(id)),
            "value_size" => (&mut fields.value_bytes, btf.number(id)),
            "key" => (&mut fields.key_bytes, btf.pointee_bytes(id)),
            "value" => (&mut fields.value_bytes, btf.pointee_bytes(id)),
            "values" => return Err("maps of maps and program arrays are not supported"),
            // Pinning and ids matter to loaders that share maps; here each program has its own.
            _ => continue,
        };
        *field = value.ok_or("BTF describes a field in an unknown way")?;
    }
    Ok(fields)
}

/// Source: microsoft/ebpf-for-windows, include/ebpf_structs.h (`ebpf_map_definition_in_file_t`).
fn from_structure(bytes: &[u8], offset: u64) -> Option<Fields> {
    let offset = usize::try_from(offset).ok()?;
    let (words, _) = bytes.get(offset..offset.checked_add(16)?)?.as_chunks::<4>();
    let mut words = words.iter().map(|&word| u32::from_le_bytes(word));
    Some(Fields {
        kind: words.next()?,
        key_bytes: words.next()?,
        value_bytes: words.next()?,
        entries_max: words.next()?,
        flags: 0,
    })
}

fn check(name: String, place: (usize, u64), fields: &Fields) -> Result<Definition, &'static str> {
    let kind = MapKind::from_number(fields.kind)?;
    let &Fields { key_bytes, value_bytes, entries_max, flags, .. } = fields;
    if kind.is_array() && key_bytes != 4 {
        return Err("the key of an array has 4 bytes");
    }
    if !(1..=KEY_BYTES_MAX).contains(&key_bytes) {
        return Err("the key has no size, or more than 4096 bytes");
    }
    if !(1..=VALUE_BYTES_MAX).contains(&value_bytes) {
        return Err("the value has no size, or more than 1 MiB");
    }
    if entries_max == 0 {
        return Err("max_entries is missing");
    }
    let piece = usize::try_from(value_bytes).map_or(usize::MAX, stride);
    let piece = u64::try_from(piece).unwrap_or(u64::MAX);
    let entry_bytes = u64::from(key_bytes).saturating_add(piece);
    if entry_bytes.saturating_mul(u64::from(entries_max)) > MAP_BYTES_MAX {
        return Err("it takes more than 1 GiB");
    }
    if flags & !NO_PREALLOCATION != 0 {
        return Err("its map_flags are not supported");
    }
    Ok(Definition { name, place, kind, key_bytes, value_bytes, entries_max })
}
