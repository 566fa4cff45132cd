//! One constant in C for each number, behind the headers, and the values that bindgen found.

use crate::declared::Declared;
use std::collections::BTreeMap;
use weir_abi::layout::Layout;

/// What the number has to be.
pub(crate) enum Is {
    /// This.
    Equal(u64),
    /// Not less: C's structure goes on after what the driver looks at.
    AtLeast(u64),
    /// What this expression of Rust is.
    Rust(String),
}

/// A number that the headers are asked for.
pub(crate) struct Probe {
    /// Of the constant in C.
    pub(crate) name: String,
    /// Its value in C, as people read it.
    pub(crate) expression: String,
    pub(crate) is: Is,
}

impl Probe {
    fn new(number: usize, expression: String, is: Is) -> Self {
        Self { name: format!("weir_probe_{number}"), expression, is }
    }

    /// Its line of C; where `is_off`, with another value.
    pub(crate) fn c(&self, is_off: bool) -> String {
        let Self { name, expression, is } = self;
        let off = match (is_off, is) {
            (false, _) => "",
            (true, Is::AtLeast(_)) => " - 1",
            (true, Is::Equal(_) | Is::Rust(_)) => " + 1",
        };
        format!(
            "static const unsigned long long {name} = (unsigned long long)({expression}){off};\n"
        )
    }
}

/// Every number: sizes, alignments and offsets of the table, and the constants.
pub(crate) fn of(layouts: &[Layout], declared: &Declared, has_ebpf: bool) -> Vec<Probe> {
    let mut wanted: Vec<(String, Is)> = Vec::new();
    let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    for Layout { name, size, align, is_whole, fields } in layouts {
        if name.starts_with("ebpf_") && !has_ebpf {
            continue;
        }
        let is = if *is_whole { Is::Equal } else { Is::AtLeast };
        wanted.push((format!("sizeof({name})"), is(wide(*size))));
        wanted.push((format!("__alignof({name})"), is(wide(*align))));
        for (field, offset) in *fields {
            let expression = format!("__builtin_offsetof({name}, {field})");
            wanted.push((expression, Is::Equal(wide(*offset))));
        }
    }
    for constant in &declared.constants {
        for name in &constant.c_names {
            wanted.push((name.clone(), Is::Rust(constant.path.clone())));
        }
    }
    let numbered = wanted.into_iter().enumerate();
    numbered.map(|(number, (expression, is))| Probe::new(number, expression, is)).collect()
}

/// The values, from bindgen's text: `pub const weir_probe_1: … = 24;`.
pub(crate) fn values(bindings: &str) -> BTreeMap<String, u64> {
    let mut values = BTreeMap::new();
    for line in bindings.lines() {
        let Some(rest) = line.trim_start().strip_prefix("pub const weir_probe_") else { continue };
        let (Some((number, rest)), true) = (rest.split_once(':'), rest.ends_with(';')) else {
            continue;
        };
        let value = rest.rsplit('=').next().unwrap_or("").trim_matches([' ', ';']);
        let value = value.parse::<u64>().ok();
        if let Some(value) = value {
            values.insert(format!("weir_probe_{number}"), value);
        }
    }
    values
}
