//! The few BTF records that define maps; total over arbitrary bytes.
//!
//! The crates that read BTF build every type and string of the section (and one maps files); a
//! map definition needs only variables, structures and the sizes of types, so this reads those.
//! Source: docs.kernel.org/bpf/btf.html (read 2026-11).

use std::collections::BTreeSet;

/// Kinds of type, bits 24 to 28 of `info`.
mod kind {
    pub(super) const INT: u32 = 1;
    pub(super) const POINTER: u32 = 2;
    pub(super) const ARRAY: u32 = 3;
    pub(super) const STRUCT: u32 = 4;
    pub(super) const UNION: u32 = 5;
    pub(super) const ENUM: u32 = 6;
    pub(super) const TYPEDEF: u32 = 8;
    pub(super) const VOLATILE: u32 = 9;
    pub(super) const CONST: u32 = 10;
    pub(super) const RESTRICT: u32 = 11;
    pub(super) const FUNCTION_PROTOTYPE: u32 = 13;
    pub(super) const VARIABLE: u32 = 14;
    pub(super) const DATA_SECTION: u32 = 15;
    pub(super) const FLOAT: u32 = 16;
    pub(super) const DECLARATION_TAG: u32 = 17;
    pub(super) const TYPE_TAG: u32 = 18;
    pub(super) const ENUM64: u32 = 19;
}

/// Most links followed from one type, so that a cycle ends.
const LINKS_MAX: usize = 32;

/// Longest name read, so that one endless string costs each type only this much.
const NAME_BYTES_MAX: usize = 512;

/// Bytes of a `.BTF.ext` header that has the fields of CO-RE relocations.
const CORE_HEADER_BYTES: usize = 32;

/// Bytes of the header and of a type's fixed part.
const HEADER_BYTES: usize = 24;
const TYPE_BYTES: usize = 12;

/// The types of a `.BTF` section.
pub(super) struct Btf<'a> {
    strings: &'a [u8],
    /// Type `id` is at position `id - 1`.
    types: Vec<Type<'a>>,
}

/// One type: its fixed part and the bytes after it.
#[derive(Clone, Copy)]
pub(super) struct Type<'a> {
    name: u32,
    info: u32,
    /// Size of the type, or the id of another one.
    size_or_type: u32,
    rest: &'a [u8],
}

impl<'a> Btf<'a> {
    /// Splits the section into types; `None` if it is malformed.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let is_btf = bytes.get(..4) == Some(&[0x9f, 0xeb, 1, 0]);
        let header = usize::try_from(word(bytes, 4)?).ok()?;
        if !is_btf || header < HEADER_BYTES {
            return None;
        }
        let body = bytes.get(header..)?;
        let mut left = part(body, word(bytes, 8)?, word(bytes, 12)?)?;
        let strings = part(body, word(bytes, 16)?, word(bytes, 20)?)?;
        let mut types = Vec::new();
        while !left.is_empty() {
            let (name, info) = (word(left, 0)?, word(left, 4)?);
            let size_or_type = word(left, 8)?;
            let rest_bytes = rest_bytes(info)?;
            let rest = left.get(TYPE_BYTES..TYPE_BYTES.checked_add(rest_bytes)?)?;
            types.push(Type { name, info, size_or_type, rest });
            left = left.get(TYPE_BYTES + rest_bytes..)?;
        }
        Some(Self { strings, types })
    }

    /// The structure that is the type of the variable `name`.
    pub(super) fn variable(&self, name: &str) -> Option<Type<'a>> {
        let variable =
            self.types.iter().find(|t| t.kind() == kind::VARIABLE && self.name(t.name) == name)?;
        self.resolve(variable.size_or_type).filter(|t| t.kind() == kind::STRUCT)
    }

    /// Members of a structure: name and type id.
    pub(super) fn members(&self, structure: Type<'a>) -> impl Iterator<Item = (&'a str, u32)> {
        let (members, _) = structure.rest.as_chunks::<12>();
        members.iter().filter_map(|member| {
            let (name, id) = (word(member, 0)?, word(member, 4)?);
            Some((self.name(name), id))
        })
    }

    /// The number that `__uint(name, N)` carries: a pointer to an array of N elements.
    pub(super) fn number(&self, id: u32) -> Option<u32> {
        let array = self.pointee(id).and_then(|id| self.resolve(id))?;
        if array.kind() == kind::ARRAY { word(array.rest, 8) } else { None }
    }

    /// Size of the type that `__type(name, T)` carries: a pointer to T.
    pub(super) fn pointee_bytes(&self, id: u32) -> Option<u32> {
        self.bytes_of(self.pointee(id)?)
    }

    fn pointee(&self, id: u32) -> Option<u32> {
        self.resolve(id).filter(|t| t.kind() == kind::POINTER).map(|t| t.size_or_type)
    }

    fn bytes_of(&self, id: u32) -> Option<u32> {
        let mut elements = 1_u32;
        let mut id = id;
        for _ in 0..LINKS_MAX {
            let resolved = self.resolve(id)?;
            let bytes = match resolved.kind() {
                kind::INT | kind::STRUCT | kind::UNION | kind::ENUM | kind::ENUM64 => {
                    resolved.size_or_type
                }
                kind::FLOAT => resolved.size_or_type,
                kind::POINTER => 8,
                kind::ARRAY => {
                    elements = elements.checked_mul(word(resolved.rest, 8)?)?;
                    id = word(resolved.rest, 0)?;
                    continue;
                }
                _ => return None,
            };
            return elements.checked_mul(bytes);
        }
        None
    }

    /// The type behind names and qualifiers.
    fn resolve(&self, id: u32) -> Option<Type<'a>> {
        let mut id = id;
        for _ in 0..LINKS_MAX {
            let found = *self.types.get(usize::try_from(id).ok()?.checked_sub(1)?)?;
            match found.kind() {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                    id = found.size_or_type
                }
                _ => return Some(found),
            }
        }
        None
    }

    fn name(&self, offset: u32) -> &'a str {
        let bytes = usize::try_from(offset).ok().and_then(|offset| self.strings.get(offset..));
        let bytes = bytes.map(|bytes| bytes.get(..NAME_BYTES_MAX).unwrap_or(bytes));
        let name = bytes.and_then(|bytes| bytes.split(|&byte| byte == 0).next());
        name.and_then(|name| core::str::from_utf8(name).ok()).unwrap_or("")
    }
}

impl Type<'_> {
    const fn kind(&self) -> u32 {
        (self.info >> 24) & 0x1f
    }
}

/// Slots of the code section `name` that have a CO-RE relocation, from `.BTF.ext` and the strings
/// of `.BTF`; `None` if the sections are malformed.
pub(super) fn core_relocations(
    extension: &[u8],
    btf: &[u8],
    name: &str,
) -> Option<BTreeSet<usize>> {
    let header = usize::try_from(word(extension, 4)?).ok()?;
    let mut slots = BTreeSet::new();
    if header < CORE_HEADER_BYTES {
        return Some(slots);
    }
    let body = extension.get(header..)?;
    let records = part(body, word(extension, 24)?, word(extension, 28)?)?;
    if records.is_empty() {
        return Some(slots);
    }
    let btf = Btf::parse(btf)?;
    let record_bytes = usize::try_from(word(records, 0)?).ok()?.max(4);
    let mut left = records.get(4..)?;
    while !left.is_empty() {
        let is_meant = btf.name(word(left, 0)?) == name;
        let count = usize::try_from(word(left, 4)?).ok()?;
        let bytes = count.checked_mul(record_bytes)?;
        let block = left.get(8..bytes.checked_add(8)?)?;
        if is_meant {
            let offsets = block.chunks_exact(record_bytes).filter_map(|record| word(record, 0));
            slots.extend(offsets.filter_map(|offset| usize::try_from(offset / 8).ok()));
        }
        left = left.get(8 + bytes..)?;
    }
    Some(slots)
}

/// Bytes after a type's fixed part; `None` for a kind that does not exist.
fn rest_bytes(info: u32) -> Option<usize> {
    let members = usize::try_from(info & 0xffff).ok()?;
    match (info >> 24) & 0x1f {
        kind::INT | kind::VARIABLE | kind::DECLARATION_TAG => Some(4),
        kind::ARRAY => Some(12),
        kind::STRUCT | kind::UNION | kind::DATA_SECTION | kind::ENUM64 => Some(12 * members),
        kind::ENUM | kind::FUNCTION_PROTOTYPE => Some(8 * members),
        1..=19 => Some(0),
        _ => None,
    }
}

fn part(body: &[u8], offset: u32, bytes: u32) -> Option<&[u8]> {
    let offset = usize::try_from(offset).ok()?;
    body.get(offset..offset.checked_add(usize::try_from(bytes).ok()?)?)
}

fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    let word = bytes.get(offset..offset.checked_add(4)?)?;
    word.try_into().ok().map(u32::from_le_bytes)
}
