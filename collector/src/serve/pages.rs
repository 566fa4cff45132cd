//! The page's files, embedded: nothing is read from disk and nothing comes from elsewhere.

/// The page.
pub(super) const HTML: &str = include_str!("page/index.html");

/// Its style.
pub(super) const CSS: &str = include_str!("page/weir.css");

/// Its script.
pub(super) const JS: &str = include_str!("page/weir.js");

/// Its icon.
pub(super) const ICON: &str = include_str!("page/icon.svg");
