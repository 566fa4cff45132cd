//! Which program of an object is meant, and where its functions begin and end.

use super::error::LoadError;
use super::object::{Object, Role, Section};

/// Section names of the hook's programs begin so.
const SECTION_PREFIX: &str = "flow_classify";

/// A function of a code section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) section: usize,
    /// Its first slot in the section and the slot after its last.
    pub(super) first: usize,
    pub(super) end: usize,
}

impl Function {
    pub(super) fn range(&self) -> core::ops::Range<usize> {
        self.first..self.end
    }
}

/// The functions of a code section of `slots` slots, by position. A function ends where the next
/// begins; a section without function symbols is one function.
pub(super) fn functions(object: &Object, section: usize, slots: usize) -> Vec<Function> {
    let starts = object.symbols.iter().filter(|s| s.is_function && s.section == Some(section));
    let mut starts: Vec<_> = starts
        .filter(|symbol| symbol.value % 8 == 0)
        .filter_map(|symbol| Some((usize::try_from(symbol.value / 8).ok()?, symbol.name.clone())))
        .filter(|(first, _)| *first < slots)
        .collect();
    starts.sort();
    starts.dedup_by_key(|(first, _)| *first);
    if starts.is_empty() {
        let name = object.sections.get(&section).map_or_else(String::new, |s| s.name.clone());
        starts.push((0, name));
    }
    let ends: Vec<_> = starts.iter().skip(1).map(|(first, _)| *first).chain([slots]).collect();
    let functions = starts.into_iter().zip(ends);
    functions.map(|((first, name), end)| Function { name, section, first, end }).collect()
}

/// Finds the program: the only one in a `flow_classify` section, or the one named.
pub(super) fn select(object: &Object, name: Option<&str>) -> Result<Function, LoadError> {
    let is_meant = |section: &Section| match name {
        Some(name) => section.name == name,
        None => section.name.starts_with(SECTION_PREFIX),
    };
    let sections: Vec<_> = object.programs().filter(|(_, section)| is_meant(section)).collect();
    let mut found = Vec::new();
    for (index, _) in &sections {
        found.extend(functions(object, *index, object.code(*index)?.len()));
    }
    if found.is_empty()
        && let Some(name) = name
    {
        let code = object.sections.iter().filter(|(_, section)| section.role == Role::Code);
        for (&index, _) in code {
            let all = functions(object, index, object.code(index)?.len());
            found.extend(all.into_iter().filter(|function| function.name == name));
        }
    }
    let mut names = match sections.len() {
        0 | 1 => found.iter().map(|function| function.name.clone()).collect::<Vec<_>>(),
        _ => sections.iter().map(|(_, section)| section.name.clone()).collect(),
    };
    names.dedup();
    match (found.pop(), found.is_empty()) {
        (Some(function), true) => Ok(function),
        (Some(_), false) => Err(LoadError::SeveralPrograms { found: names }),
        (None, _) => Err(LoadError::NoProgram {
            name: name.map(str::to_owned),
            found: object.section_names().map(str::to_owned).collect(),
        }),
    }
}
