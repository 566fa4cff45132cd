//! The generated page about checks.

use super::check::Group;
use super::table::CHECKS;
use core::fmt::Write as _;

/// The page about the doctor's checks.
#[must_use]
pub fn checks_markdown() -> String {
    let mut out = "# The doctor's checks\n\n\
        `weir doctor` judges them in this order; [doctor.md](doctor.md) says how it is used.\n\
        An id is never given to another check.\n\
        A check whose evidence is missing, or was collected without the rights that it takes, is `unknown`, never `ok`.\n\
        Where a check fails and one of those that it follows from has failed, it is `unknown` too: mended, it is judged again.\n"
        .to_owned();
    for group in Group::ALL {
        let _infallible = writeln!(out, "\n## {}\n", group.title());
        out.push_str("| id | holds | looks at | needs | collected by | follows from |\n");
        out.push_str("|---|---|---|---|---|---|\n");
        for check in CHECKS.iter().filter(|it| it.group == group) {
            let needs: Vec<&str> = check.needs.iter().map(|it| it.name()).collect();
            let about = check.about.replace('|', "\\|");
            let _infallible = writeln!(
                out,
                "| [{}]({}) | {} | {} | {} | {} | {} |",
                check.id,
                link(check.docs),
                check.title,
                about,
                needs.join(", "),
                check.privilege.name(),
                check.after.join(", ")
            );
        }
    }
    out
}

/// The page is in `docs` itself.
fn link(docs: &str) -> &str {
    docs.strip_prefix("docs/").unwrap_or(docs)
}
