//! The Rust that `src/lib.rs` includes: one assertion for each thing that both sides say.

use crate::declared::{Declared, Function};
use crate::probes::{Is, Probe};
use core::fmt::Write as _;
use std::collections::BTreeMap;

/// All assertions. Each is an item of its own, so one build names everything that is off.
pub(crate) fn write(
    probes: &[Probe],
    values: &BTreeMap<String, u64>,
    guids: &BTreeMap<String, [u8; 16]>,
    declared: &Declared,
) -> Result<String, String> {
    let mut text = String::new();
    let mut count = 0usize;
    let mut state = |condition: String, says: String| {
        count += 1;
        _ = writeln!(text, "const _: () = assert!({condition}, \"{says}\");");
    };
    for Probe { name, expression, is } in probes {
        let value = values.get(name);
        let value = value.ok_or_else(|| format!("bindgen found no value for `{expression}`"))?;
        let says = format!("{expression}: the headers say {value}");
        match is {
            Is::Equal(ours) => {
                state(format!("{ours} == {value}u64"), format!("{says}, driver/nt {ours}"))
            }
            Is::AtLeast(ours) => {
                state(format!("{ours} <= {value}u64"), format!("{says}, driver/nt {ours} or more"));
            }
            // Through i64, as clang extends the sign of a negative number.
            Is::Rust(path) => state(
                format!("{path} as i64 as u64 == {value}u64"),
                format!("{says}, and {path} is another number"),
            ),
        }
    }
    for (module, name) in &declared.guids {
        let bytes = guids.get(name).ok_or_else(|| format!("{name} was not read"))?;
        state(
            format!("crate::shape::same_bytes(&crate::ffi::{module}::{name}.0, &{bytes:?})"),
            format!("{name}: another identifier in the headers"),
        );
    }
    for function in &declared.functions {
        state(
            compared(function, "crate::wdk"),
            format!("{}: arguments or result of other sizes in the headers", function.name),
        );
    }
    for (path, name) in &declared.callbacks {
        state(
            format!(
                "crate::shape::same(<crate::ffi::{path} as Shape>::SHAPE, \
                 <crate::wdk::{name} as Shape>::SHAPE)"
            ),
            format!("{name}: arguments or result of other sizes in the headers"),
        );
    }
    _ = writeln!(text, "/// How many things were compared.\npub const COMPARED: usize = {count};");
    text += &kernel(declared);
    Ok(text)
}

/// The comparison of one function with a declaration of the same name in `module`.
fn compared(function: &Function, module: &str) -> String {
    let arguments = vec!["_"; function.arguments].join(", ");
    let Function { module: file, name, .. } = function;
    format!(
        "crate::shape::same(\
         shape(crate::ffi::{file}::{name} as unsafe extern \"system\" fn({arguments}) -> _), \
         shape({module}::{name} as unsafe extern \"C\" fn({arguments}) -> _))"
    )
}

/// The functions of the kernel itself once more, against wdk-sys.
fn kernel(declared: &Declared) -> String {
    let mut text = String::new();
    let kernel = ["etw", "ex", "io", "ke", "zw"];
    for function in declared.functions.iter().filter(|it| kernel.contains(&it.module.as_str())) {
        let condition = compared(function, "wdk_sys::ntddk");
        _ = writeln!(
            text,
            "#[cfg(all(windows, feature = \"wdk\"))]\n\
             const _: () = assert!({condition}, \"{}: otherwise in wdk-sys\");",
            function.name
        );
    }
    text
}
