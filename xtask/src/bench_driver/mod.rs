//! `cargo xtask bench driver`: what the driver's image costs in the simulated kernel.
//!
//! The image is the one that ships, unless `WEIR_SYS` names another; what it calls is not Windows'.
//! So each time is printed with its parts, of which only the last is the driver's: `segments`,
//! `flows`. What does not depend on the kernel below is in `space`: pool, stack, image. `machine`
//! is what all of them measure on; `noise` tells figures that mean nothing.

mod flows;
mod machine;
mod noise;
mod segments;
mod space;

use crate::run::Outcome;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{Cell, CellAlignment, LineStyle, Table};
use weir_sim_kernel::image::built;
use weir_sim_kernel::measure::stay_on_this_processor;
use weir_sim_kernel::{Kernel, Options};

/// Prints every figure.
pub(crate) fn run() -> Outcome {
    let image = built().map_err(|error| error.to_string())?;
    // A file that is no driver is told of before anything is built to measure it.
    let options = Options { image: Some(image.clone()), ..Options::default() };
    drop(Kernel::try_boot(options)?.end());
    if cfg!(debug_assertions) {
        // The simulator is part of what is measured.
        let verb = ["run", "--release", "--locked", "--package", "xtask", "--", "bench", "driver"];
        return crate::run::tool("cargo", &verb);
    }
    // Before this process is bound to one of them.
    let machine = noise::machine();
    let is_bound = if stay_on_this_processor() { "bound to one processor" } else { "not bound" };
    let size = image.metadata().map_err(|error| error.to_string())?.len();
    println!("{} ({size} bytes) in the simulated kernel;", image.display());
    println!("{machine}; best of several rounds, warm, {is_bound}.");
    println!("Times are of this machine and of the simulator's functions, not those of Windows.");
    println!(
        "What a call costs is measured in a loop; between the driver's own instructions it costs"
    );
    println!("more, so what is left for `driver`, or `rest`, is the most that these can take.");
    println!(
        "`spread`: the middle pass over the best. `noisy`: less than nothing would be left, or of"
    );
    println!("two rows the one that does less took longer.");
    let costs = segments::print(&image)?;
    flows::print(&image, &costs)?;
    space::print(&image)
}

/// A table with a title, if it has one, and these columns; all but the first are numbers.
fn table<const N: usize>(title: &str, header: [&str; N]) -> Table {
    if !title.is_empty() {
        println!("\n{title}");
    }
    let mut table = Table::new();
    let style = UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());
    table.load_style(style).set_header(header);
    table
}

/// Appends a row.
fn row(table: &mut Table, name: &str, numbers: impl IntoIterator<Item = String>) {
    let right = |text| Cell::new(text).set_alignment(CellAlignment::Right);
    let cells = numbers.into_iter().map(right);
    table.add_row([Cell::new(name)].into_iter().chain(cells).collect::<Vec<_>>());
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
const fn float(number: u64) -> f64 {
    number as f64
}

fn bytes(number: usize) -> f64 {
    float(u64::try_from(number).unwrap_or(u64::MAX))
}
