//! Enumerations of the contract: one byte on the wire, one name in metrics and JSON.

/// Declares an enumeration whose unknown values decode to `Unknown` instead of failing.
///
/// A collector that is older than the driver then keeps the rest of the event.
macro_rules! open_enum {
    ($(#[$doc:meta])* pub enum $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $value:literal => $text:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $value,)+
            /// A value that this version does not know.
            #[default]
            Unknown = 255,
        }

        impl $name {
            /// Every known value, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value of a byte on the wire.
            #[must_use]
            pub const fn from_raw(raw: u8) -> Self {
                match raw {
                    $($value => Self::$variant,)+
                    _ => Self::Unknown,
                }
            }

            /// The byte on the wire.
            #[must_use]
            pub const fn raw(self) -> u8 {
                match self {
                    $(Self::$variant => $value,)+
                    Self::Unknown => 255,
                }
            }

            /// The number as an index into arrays that hold one place per known value.
            #[must_use]
            pub const fn index(self) -> usize {
                match self {
                    $(Self::$variant => $value,)+
                    Self::Unknown => 255,
                }
            }

            /// The name in labels, JSON and tables.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown => "unknown",
                }
            }
        }

        impl $crate::wire::Field for $name {
            const TYPE: $crate::wire::FieldType = $crate::wire::FieldType::of(1, 4, 0);
            fn put(&self, out: &mut $crate::wire::Writer<'_>) {
                out.bytes(&[self.raw()]);
            }
            fn take(from: &mut $crate::wire::Reader<'_>) -> Option<Self> {
                let [raw] = from.array::<1>()?;
                Some(Self::from_raw(raw))
            }
        }
    };
}

pub(crate) use open_enum;
