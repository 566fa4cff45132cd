//! Why a file is no manifest.

use super::{DEEP_MAX, MANIFEST_BYTES_MAX};

/// Why a manifest could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is something else.
    #[error("it is no XML, which begins with `<`")]
    NotXml,
    /// It is longer than manifests are.
    #[error("it has more than {} MiB, and manifests have one or two", MANIFEST_BYTES_MAX >> 20)]
    TooLong,
    /// It breaks the rules of XML.
    #[error("line {line}, column {column}: {what}")]
    Malformed {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// The rule.
        what: String,
    },
    /// It ends within an element.
    #[error("line {line}: it ends before `</{element}>`")]
    CutOff {
        /// Its last line.
        line: usize,
        /// The innermost element that is open.
        element: String,
    },
    /// Elements are in elements in elements.
    #[error("line {line}: elements are more than {DEEP_MAX} deep")]
    TooDeep {
        /// From 1.
        line: usize,
    },
    /// It is XML of another kind.
    #[error("it is XML without a `provider`")]
    NoProvider,
    /// A provider cannot be told from others.
    #[error("line {line}: provider `{name}` has no `guid`, or one that is no GUID")]
    ProviderId {
        /// From 1.
        line: usize,
        /// The provider's name, which may be missing.
        name: String,
    },
}

impl ManifestError {
    /// A label for counting.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotXml => "not_xml",
            Self::TooLong => "too_long",
            Self::Malformed { .. } => "malformed",
            Self::CutOff { .. } => "cut_off",
            Self::TooDeep { .. } => "too_deep",
            Self::NoProvider => "no_provider",
            Self::ProviderId { .. } => "provider_id",
        }
    }
}
