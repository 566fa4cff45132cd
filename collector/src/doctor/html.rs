//! The report as one self-contained page.

use super::view::View;

/// The page.
pub(super) fn page(view: &View<'_>) -> String {
    format!("<!doctype html><title>weir doctor: {}</title>", view.verdict)
}
