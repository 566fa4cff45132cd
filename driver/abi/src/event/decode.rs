//! Decoding of any event from any bytes.

use super::{
    Attached, AttachmentVerdict, Cleanup, CopyFallback, Counters, Detached, DriverState,
    ErrorEvent, Event, FlowClosed, FlowEstablished, FlowRundown, FlowUninspected, Invocation,
    MAC_BYTES, Prefix, Verdict,
};
use crate::wire::{Field, Reader, Writer};

/// Why a payload is not the event that its id says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// No event of this id is known.
    UnknownEvent {
        /// The id.
        id: u16,
    },
    /// The payload ends before this version's fields do.
    Short {
        /// Bytes needed at least.
        needed: usize,
        /// Bytes there.
        found: usize,
    },
    /// A field holds what it cannot hold.
    Malformed {
        /// Its name.
        field: &'static str,
    },
}

impl DecodeError {
    /// A name for the kind of error, bounded, for labels.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::UnknownEvent { .. } => "unknown_event",
            Self::Short { .. } => "short",
            Self::Malformed { .. } => "malformed",
        }
    }
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnknownEvent { id } => write!(f, "no event has the id {id}"),
            Self::Short { needed, found } => {
                write!(f, "payload has {found} bytes, its fields need {needed}")
            }
            Self::Malformed { field } => write!(f, "field `{field}` is malformed"),
        }
    }
}

impl core::error::Error for DecodeError {}

pub(super) fn put_prefix(writer: &mut Writer<'_>, fixed_bytes: u16, prefix: Prefix) {
    fixed_bytes.put(writer);
    prefix.cpu.put(writer);
    prefix.epoch.put(writer);
    prefix.sequence.put(writer);
}

/// Splits a payload into its prefix, its fixed fields and what follows them, MAC left out; it has
/// at least so many bytes of fixed fields.
pub(super) fn split(
    payload: &[u8],
    fixed_bytes: u16,
) -> Result<(Prefix, Reader<'_>, Reader<'_>), DecodeError> {
    let needed = usize::from(fixed_bytes).saturating_add(MAC_BYTES);
    let short = DecodeError::Short { needed, found: payload.len() };
    let body = payload.len().checked_sub(MAC_BYTES).ok_or(short)?;
    let fixed_length = u16::take(&mut Reader::new(payload)).ok_or(short)?;
    if fixed_length < fixed_bytes || body < usize::from(fixed_length) {
        return Err(short);
    }
    let mut reader = Reader::new(payload.get(..usize::from(fixed_length)).ok_or(short)?);
    let _fixed_length = u16::take(&mut reader);
    let prefix = Prefix {
        cpu: u16::take(&mut reader).ok_or(short)?,
        epoch: u32::take(&mut reader).ok_or(short)?,
        sequence: u32::take(&mut reader).ok_or(short)?,
    };
    let texts = Reader::new(payload.get(usize::from(fixed_length)..body).ok_or(short)?);
    Ok((prefix, reader, texts))
}

/// The next fixed field; its default where the fixed part ends before it, which [`split`] lets
/// happen only to fields that a later version added.
pub(super) fn field<F: Field + Default>(
    fixed: &mut Reader<'_>,
    name: &'static str,
) -> Result<F, DecodeError> {
    if fixed.rest().is_empty() {
        return Ok(F::default());
    }
    F::take(fixed).ok_or(DecodeError::Malformed { field: name })
}

macro_rules! records {
    ($($kind:ident($event:ty),)+) => {
        /// Any event, decoded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Record<'a> {
            $(#[doc = concat!("A `", stringify!($kind), "` event.")] $kind($event),)+
            /// A `Counters` event.
            Counters(Counters<'a>),
        }

        impl<'a> Record<'a> {
            /// Decodes the payload of an event of this id.
            ///
            /// # Errors
            /// Where the id is unknown or the bytes are no such event.
            pub fn decode(id: u16, payload: &'a [u8]) -> Result<(Prefix, Self), DecodeError> {
                match id {
                    $(<$event>::ID => {
                        <$event>::decode(payload).map(|(prefix, event)| (prefix, Self::$kind(event)))
                    })+
                    Counters::ID => Counters::decode(payload)
                        .map(|(prefix, event)| (prefix, Self::Counters(event))),
                    _ => Err(DecodeError::UnknownEvent { id }),
                }
            }
        }

        /// Name of the event of this id; `None` for one that this version does not know.
        #[must_use]
        pub const fn kind_name(id: u16) -> Option<&'static str> {
            match id {
                $(<$event>::ID => Some(<$event>::NAME),)+
                Counters::ID => Some(Counters::NAME),
                _ => None,
            }
        }

        /// Metadata of the event of this id and version; `None` where this version does not know
        /// what its payload holds.
        #[must_use]
        pub const fn kind_metadata(id: u16, version: u8) -> Option<&'static [u8]> {
            match (id, version) {
                $((<$event>::ID, <$event>::VERSION) => Some(<$event>::METADATA),)+
                (Counters::ID, Counters::VERSION) => Some(Counters::METADATA),
                _ => None,
            }
        }
    };
}

records! {
    Invocation(Invocation),
    Verdict(Verdict),
    Cleanup(Cleanup),
    CopyFallback(CopyFallback),
    FlowEstablished(FlowEstablished),
    FlowClosed(FlowClosed),
    Attached(Attached),
    Detached(Detached),
    DriverState(DriverState),
    Error(ErrorEvent),
    FlowRundown(FlowRundown),
    AttachmentVerdict(AttachmentVerdict),
    FlowUninspected(FlowUninspected),
}
