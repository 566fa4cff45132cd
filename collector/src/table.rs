//! Tables on the terminal: one look for all of them.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};

/// A line under the header and at both ends, none between rows.
const STYLE: TableStyle = UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());

/// A table with these columns.
pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(header);
    table
}

/// A number, to the right.
pub(crate) fn number(value: u64) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}
