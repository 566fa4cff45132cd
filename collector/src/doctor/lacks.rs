//! Evidence that is missing, told once: many services, keys or maps lack for one reason.

use super::view::{GapView, View};
use crate::failure::one_line;

/// Why some evidence of a kind is missing, and of which.
pub(super) struct Lack {
    pub(super) kind: &'static str,
    pub(super) which: Vec<String>,
    pub(super) why: String,
}

/// What is missing, each kind and reason once.
pub(super) fn lacks<'a>(view: &'a View<'a>, is_wanted: impl Fn(&GapView<'_>) -> bool) -> Vec<Lack> {
    let mut lacks: Vec<Lack> = Vec::new();
    for gap in view.gaps.iter().filter(|it| is_wanted(it)) {
        let (kind, why, which) = (gap.kind, one_line(gap.why), gap.which.map(one_line));
        match lacks.iter_mut().find(|it| it.kind == kind && it.why == why) {
            Some(lack) => lack.which.extend(which.filter(|it| !lack.which.contains(it))),
            None => lacks.push(Lack { kind, which: which.into_iter().collect(), why }),
        }
    }
    lacks
}

impl Lack {
    /// What, as in `sc.exe queryex (bfe, weir)`.
    pub(super) fn what(&self) -> String {
        if self.which.is_empty() {
            return self.kind.to_owned();
        }
        format!("{} ({})", self.kind, self.which.join(", "))
    }
}
