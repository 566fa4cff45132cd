//! The macro that turns a list of fields into a structure, its codec and its description.

/// Defines events. Texts, where an event has them, follow the fixed fields.
///
/// An event that has grown says which version it has now and how many bytes were added to the fixed
/// part of version 1: fields in them are read as their defaults where an older driver wrote it.
macro_rules! events {
    ($(
        $(#[$doc:meta])*
        event $name:ident($id:literal, keyword $keyword:literal, level $level:literal
            $(, version $version:literal adds $added:literal bytes)?) {
            $($(#[doc = $field_doc:literal])+ $field:ident: $kind:ty,)+
            $(; $($(#[doc = $text_doc:literal])+ $text:ident,)+)?
        }
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[doc = $field_doc])+ pub $field: $kind,)+
            $($($(#[doc = $text_doc])+ pub $text: $crate::wire::Text,)+)?
        }

        impl $name {
            /// Bytes of the fixed part.
            pub const FIXED_BYTES: u16 = 12 $(+ <$kind as $crate::wire::Field>::TYPE.bytes)+;
            /// Bytes of the fixed part of version 1.
            pub const FIRST_FIXED_BYTES: u16 = Self::FIXED_BYTES $(- $added)?;
        }

        impl $crate::event::Event for $name {
            const ID: u16 = $id;
            const VERSION: u8 = 1 $(- 1 + $version)?;
            const KEYWORD: u64 = $keyword;
            const LEVEL: u8 = $level;
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static [$crate::wire::FieldInfo] = &[
                $($crate::wire::FieldInfo {
                    name: stringify!($field),
                    kind: <$kind as $crate::wire::Field>::TYPE,
                    doc: concat!($($field_doc),+),
                },)+
                $($($crate::wire::FieldInfo {
                    name: stringify!($text),
                    kind: $crate::wire::TEXT_TYPE,
                    doc: concat!($($text_doc),+),
                },)+)?
            ];
            const METADATA: &'static [u8] = &$crate::metadata::event_metadata::<
                { $crate::metadata::event_metadata_bytes(Self::NAME, Self::FIELDS) },
            >(Self::NAME, Self::FIELDS);

            fn encode(&self, prefix: $crate::event::Prefix, out: &mut [u8]) -> Option<usize> {
                let mut writer = $crate::wire::Writer::new(out);
                $crate::event::decode::put_prefix(&mut writer, Self::FIXED_BYTES, prefix);
                $($crate::wire::Field::put(&self.$field, &mut writer);)+
                $($(self.$text.put(&mut writer);)+)?
                writer.bytes(&[0; $crate::event::MAC_BYTES]);
                writer.finish()
            }

            fn decode(
                payload: &[u8],
            ) -> Result<($crate::event::Prefix, Self), $crate::event::DecodeError> {
                #[allow(unused_mut, unused_variables, clippy::allow_attributes,
                    reason = "texts are read only by events that have them")]
                let (prefix, mut fixed, mut texts) =
                    $crate::event::decode::split(payload, Self::FIRST_FIXED_BYTES)?;
                let event = Self {
                    $($field: $crate::event::decode::field(&mut fixed, stringify!($field))?,)+
                    $($($text: $crate::wire::Text::take(&mut texts).ok_or(
                        $crate::event::DecodeError::Malformed { field: stringify!($text) })?,)+)?
                };
                Ok((prefix, event))
            }
        }
    )+};
}

pub(crate) use events;
