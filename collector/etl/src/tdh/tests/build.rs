//! Writes descriptions as Windows does: header, properties, strings behind them.

use super::PROVIDER;
use crate::Guid;

/// Class of the events that hold descriptions, in the order of its bytes.
pub(super) const CLASS: Guid = Guid([
    0xc1, 0xf6, 0xcc, 0xbb, 0xd1, 0x6c, 0xc4, 0x48, 0x80, 0xff, 0x83, 0x94, 0x82, 0xe3, 0x76, 0x71,
]);
pub(super) const EVENT_INFO: u8 = 32;
pub(super) const MAP_INFO: u8 = 33;

/// Flags of a property.
pub(super) const STRUCT: u32 = 1;
pub(super) const PARAM_LENGTH: u32 = 2;
pub(super) const PARAM_COUNT: u32 = 4;
pub(super) const FIXED_COUNT: u32 = 0x20;

/// A property. Of a structure, `in_type` is its first member and `out_type` their number.
#[derive(Clone, Debug, Default)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) flags: u32,
    pub(super) in_type: u16,
    pub(super) out_type: u16,
    pub(super) map: &'static str,
    pub(super) count: u16,
    pub(super) length: u16,
}

/// One value of a type.
pub(super) fn one(name: &'static str, in_type: u16, out_type: u16) -> Property {
    Property { name, in_type, out_type, count: 1, ..Property::default() }
}

/// A description of an event. Empty names are left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Info {
    pub(super) id: u16,
    pub(super) version: u8,
    pub(super) opcode: u8,
    pub(super) source: u32,
    pub(super) provider: &'static str,
    pub(super) level: &'static str,
    pub(super) channel: &'static str,
    pub(super) keywords: &'static [&'static str],
    pub(super) task: &'static str,
    pub(super) opcode_name: &'static str,
    pub(super) message: &'static str,
    pub(super) event_name: &'static str,
    pub(super) properties: Vec<Property>,
    /// Properties at the end that belong to structures.
    pub(super) members: usize,
}

impl Info {
    pub(super) fn with(properties: Vec<Property>) -> Self {
        Self { id: 1, provider: "Test-Provider", task: "Task", properties, ..Self::default() }
    }

    pub(super) fn build(&self) -> Vec<u8> {
        let mut strings = Strings { at: 112 + 24 * self.properties.len(), bytes: Vec::new() };
        let mut blob = Vec::new();
        blob.extend(PROVIDER.0);
        blob.extend([9; 16]);
        blob.extend(self.id.to_le_bytes());
        blob.extend([self.version, 16, 4, self.opcode, 0, 0]);
        blob.extend(0x8000_u64.to_le_bytes());
        let none = [0; 4];
        blob.extend(self.source.to_le_bytes());
        for name in [self.provider, self.level, self.channel] {
            blob.extend(strings.put(name));
        }
        blob.extend(strings.put_list(self.keywords));
        for name in [self.task, self.opcode_name, self.message] {
            blob.extend(strings.put(name));
        }
        // Provider's message, binary XML and its size.
        blob.extend([none; 3].concat());
        blob.extend(strings.put(self.event_name));
        blob.extend(none);
        let total = u32::try_from(self.properties.len()).unwrap();
        let members = u32::try_from(self.members).unwrap();
        blob.extend(total.to_le_bytes());
        blob.extend((total - members).to_le_bytes());
        blob.extend(none);
        for it in &self.properties {
            blob.extend(it.flags.to_le_bytes());
            blob.extend(strings.put(it.name));
            blob.extend([it.in_type.to_le_bytes(), it.out_type.to_le_bytes()].concat());
            blob.extend(strings.put(it.map));
            blob.extend([it.count.to_le_bytes(), it.length.to_le_bytes()].concat());
            blob.extend(none);
        }
        blob.extend(strings.bytes);
        blob
    }
}

/// A map.
#[derive(Clone, Debug)]
pub(super) struct Map {
    pub(super) name: &'static str,
    pub(super) flags: u32,
    pub(super) entries: Vec<(u32, &'static str)>,
}

impl Map {
    pub(super) fn build(&self) -> Vec<u8> {
        let mut strings = Strings { at: 16 + 8 * self.entries.len(), bytes: Vec::new() };
        let mut record = PROVIDER.0.to_vec();
        record.extend(strings.put(self.name));
        record.extend(self.flags.to_le_bytes());
        record.extend(u32::try_from(self.entries.len()).unwrap().to_le_bytes());
        record.extend([0; 4]);
        for (value, name) in &self.entries {
            record.extend(strings.put(name));
            record.extend(value.to_le_bytes());
        }
        record.extend(strings.bytes);
        record
    }
}

struct Strings {
    at: usize,
    bytes: Vec<u8>,
}

impl Strings {
    /// Appends a string with the space and the NUL that the message compiler puts behind it; its
    /// offset.
    fn put(&mut self, text: &str) -> [u8; 4] {
        if text.is_empty() {
            return [0; 4];
        }
        let at = self.at + self.bytes.len();
        let units = text.encode_utf16().chain([u16::from(b' '), 0]);
        self.bytes.extend(units.flat_map(u16::to_le_bytes));
        u32::try_from(at).unwrap().to_le_bytes()
    }

    fn put_list(&mut self, texts: &[&str]) -> [u8; 4] {
        let offsets: Vec<_> = texts.iter().map(|text| self.put(text)).collect();
        self.bytes.extend([0; 2]);
        offsets.first().copied().unwrap_or_default()
    }
}
