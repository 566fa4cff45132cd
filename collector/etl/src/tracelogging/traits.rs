//! What a provider says of itself: its name and the group it is in.

use super::BuildError;
use super::parse::sized;
use crate::Guid;
use crate::fields::bytes::Bytes;

/// `EtwProviderTraitTypeGroup`.
///
/// Source: learn.microsoft.com/windows/win32/etw/provider-traits (read 2026-11)
const GROUP: u8 = 1;

/// Bytes of a trait before its data.
const TRAIT_HEAD_BYTES: usize = 3;

/// A provider's name and group, from the data of an event's extended item 12,
/// `EVENT_HEADER_EXT_TYPE_PROV_TRAITS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderTraits {
    /// The name; what is not UTF-8 in it became U+FFFD.
    pub name: String,
    /// The group that providers of one maker or purpose share.
    pub group: Option<Guid>,
}

/// Why a provider's traits could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraitsError {
    /// Their size is none, or larger than the bytes there are.
    #[error("read a provider's traits: their size is wrong")]
    Size,
    /// They end within the name.
    #[error("read a provider's traits: they end within its name")]
    Name,
}

impl TraitsError {
    /// A label for counting.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Name => "name",
        }
    }
}

impl ProviderTraits {
    /// Reads them. Unknown traits are passed over; a broken one ends the list and costs neither the
    /// name nor the traits before it.
    ///
    /// # Errors
    /// The data are cut or are no traits.
    pub fn parse(blob: &[u8]) -> Result<Self, TraitsError> {
        let mut bytes = sized(blob).ok_or(TraitsError::Size)?;
        let name = bytes.until_nul().ok_or(TraitsError::Name)?;
        let mut traits = Self { name: String::from_utf8_lossy(name).into_owned(), group: None };
        while let Some((kind, data)) = take_trait(&mut bytes) {
            if kind == GROUP && traits.group.is_none() {
                traits.group = data.try_into().ok().map(Guid);
            }
        }
        Ok(traits)
    }
}

fn take_trait<'a>(bytes: &mut Bytes<'a>) -> Option<(u8, &'a [u8])> {
    let size = usize::from(bytes.u16()?);
    let kind = bytes.byte()?;
    let data = bytes.take(size.checked_sub(TRAIT_HEAD_BYTES)?)?;
    Some((kind, data))
}

/// The traits of a provider, as [`ProviderTraits::parse`] reads them.
///
/// # Errors
/// The name has a NUL in it or is too long.
pub fn provider_traits(name: &str, group: Option<Guid>) -> Result<Vec<u8>, BuildError> {
    let mut blob = vec![0, 0];
    super::build::put_name(name, &mut blob)?;
    if let Some(Guid(group)) = group {
        blob.extend([19, 0, GROUP]);
        blob.extend(group);
    }
    super::build::put_size(&mut blob)?;
    Ok(blob)
}
