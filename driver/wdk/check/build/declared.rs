//! What `driver/nt` declares, read from its source: constants, identifiers, functions.

use crate::names;
use std::path::Path;
use syn::{ForeignItem, ImplItem, Item, Type};

/// A number of `driver/nt`.
pub(crate) struct Constant {
    /// Its value in Rust, from the crate's root.
    pub(crate) path: String,
    /// What C calls the same number.
    pub(crate) c_names: Vec<String>,
}

/// A function.
pub(crate) struct Function {
    /// Its file.
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) arguments: usize,
}

/// All of it.
#[derive(Default)]
pub(crate) struct Declared {
    pub(crate) constants: Vec<Constant>,
    /// Identifiers: module and name.
    pub(crate) guids: Vec<(String, String)>,
    pub(crate) functions: Vec<Function>,
    /// Function types: path in Rust and C's name.
    pub(crate) callbacks: Vec<(String, String)>,
}

/// Files that declare nothing of the headers: what the compiler itself calls, and the list.
const LEFT_OUT: [&str; 2] = ["crt", "mod"];

/// Reads the files of `driver/nt/src/ffi`, and `status.rs` beside them.
pub(crate) fn read(folder: &Path, has_ebpf: bool) -> Result<Declared, String> {
    let mut declared = Declared::default();
    let say = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(say)? {
        paths.push(entry.map_err(say)?.path());
    }
    paths.sort_unstable();
    for path in paths {
        let module = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if LEFT_OUT.contains(&module.as_str()) || (module == "ebpf" && !has_ebpf) {
            continue;
        }
        for item in parse(&path)?.items {
            declared.add(&module, item);
        }
    }
    for item in parse(&folder.join("../status.rs"))?.items {
        declared.add_statuses(item);
    }
    if [declared.constants.len(), declared.functions.len(), declared.guids.len()].contains(&0) {
        return Err(format!("{} declares nothing: has it moved?", folder.display()));
    }
    let callbacks =
        names::CALLBACKS.iter().filter(|(path, _)| has_ebpf || !path.starts_with("ebpf"));
    declared.callbacks = callbacks.map(|(path, name)| ((*path).into(), (*name).into())).collect();
    Ok(declared)
}

impl Declared {
    fn add(&mut self, module: &str, item: Item) {
        match item {
            Item::Const(item) => {
                let name = item.ident.to_string();
                if is_named(&item.ty, "Guid") {
                    self.guids.push((module.to_owned(), name));
                } else if !is_named(&item.ty, "Layout") && !matches!(*item.ty, Type::Reference(_)) {
                    let path = format!("crate::ffi::{module}::{name}");
                    self.constants.push(Constant { path, c_names: names::of_constant(&name) });
                }
            }
            Item::ForeignMod(block) => {
                for item in block.items {
                    let ForeignItem::Fn(function) = item else { continue };
                    let (name, inputs) = (function.sig.ident.to_string(), function.sig.inputs);
                    if !names::NOT_COMPARED.contains(&name.as_str()) {
                        let module = module.to_owned();
                        self.functions.push(Function { module, name, arguments: inputs.len() });
                    }
                }
            }
            _ => {}
        }
    }

    fn add_statuses(&mut self, item: Item) {
        let Item::Impl(block) = item else { return };
        for item in block.items {
            let ImplItem::Const(status) = item else { continue };
            let name = status.ident.to_string();
            // As the unsigned number: some headers write it with a sign, some without.
            let path = format!("crate::NtStatus::{name}.number()");
            let c_names = vec![format!("(unsigned int)(STATUS_{name})")];
            self.constants.push(Constant { path, c_names });
        }
    }
}

fn is_named(kind: &Type, name: &str) -> bool {
    matches!(kind, Type::Path(path) if path.path.segments.last().is_some_and(|it| it.ident == name))
}

fn parse(path: &Path) -> Result<syn::File, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    syn::parse_file(&text).map_err(|error| format!("{}: {error}", path.display()))
}
