//! Rows of lists that several files have: a copy of a list, or the same one as text and as JSON, says
//! nothing twice. Within one file, doubles are what the tool said.

use core::fmt::Debug;
use std::collections::BTreeMap;
use weir_stages::checks::Piece;
use weir_stages::checks::facts::Place;

/// Rows that files before had, without their places, and how often the one that had most had them.
#[derive(Default)]
pub(super) struct Rows {
    seen: BTreeMap<String, usize>,
}

impl Rows {
    /// Takes rows out that files before had: `pieces` are those of one file.
    pub(super) fn keep_new(&mut self, pieces: &mut Vec<Piece>) {
        let mut of_file = BTreeMap::new();
        pieces.retain_mut(|piece| {
            match piece {
                Piece::Programs(it) => self.keep(it, |row| &mut row.place, &mut of_file),
                Piece::Links(it) => self.keep(it, |row| &mut row.place, &mut of_file),
                Piece::Maps(it) => self.keep(it, |row| &mut row.place, &mut of_file),
                Piece::Sessions(it) => self.keep(it, |row| &mut row.place, &mut of_file),
                Piece::Ports(it) => self.keep(it, |row| &mut row.place, &mut of_file),
                Piece::MapDump(it) => {
                    return self.is_new(it, |row| &mut row.place, &mut of_file);
                }
                Piece::Store(it) => return self.is_new(it, |row| &mut row.place, &mut of_file),
                // Of these one counts, or each has its own file.
                Piece::Service(_)
                | Piece::WfpState(_)
                | Piece::Trace(_)
                | Piece::Boot(_)
                | Piece::System(_)
                | Piece::Telemetry(_)
                | Piece::Object(_) => {}
            }
            true
        });
        for (row, count) in of_file {
            let most = self.seen.entry(row).or_default();
            *most = count.max(*most);
        }
    }

    fn keep<T: Debug>(
        &self,
        rows: &mut Vec<T>,
        place: impl Fn(&mut T) -> &mut Place,
        of_file: &mut BTreeMap<String, usize>,
    ) {
        rows.retain_mut(|row| self.is_new(row, &place, of_file));
    }

    /// Whether no file before had as many of this row as this one has so far.
    fn is_new<T: Debug>(
        &self,
        row: &mut T,
        place: impl Fn(&mut T) -> &mut Place,
        of_file: &mut BTreeMap<String, usize>,
    ) -> bool {
        let at = core::mem::take(place(row));
        // Types differ in their names too, so a program never counts as a link.
        let words = format!("{row:?}");
        *place(row) = at;
        let before = self.seen.get(&words).copied().unwrap_or_default();
        let count = of_file.entry(words).or_default();
        *count += 1;
        *count > before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_stages::checks::facts::ListedProgram;

    fn program(file: &str, line: u64, id: u32) -> ListedProgram {
        let (kind, name) = ("sock_addr".to_owned(), "p".to_owned());
        ListedProgram { id, kind, name, map_ids: vec![7], place: Place::new(file, line) }
    }

    /// Lines of the rows that are left of each file.
    fn lines(files: &[(&str, &[u32])]) -> Vec<Vec<u64>> {
        let mut rows = Rows::default();
        let mut left = Vec::new();
        for (file, ids) in files {
            let list = ids.iter().zip(1..).map(|(id, line)| program(file, line, *id)).collect();
            let mut pieces = vec![Piece::Programs(list)];
            rows.keep_new(&mut pieces);
            let [Piece::Programs(list)] = &pieces[..] else { panic!("the list is gone") };
            assert!(list.iter().all(|it| it.place.file == *file));
            left.push(list.iter().map(|it| it.place.line).collect());
        }
        left
    }

    #[test]
    fn a_copy_of_a_list_adds_nothing_and_what_is_new_in_it_is_kept() {
        assert_eq!(lines(&[("a", &[1, 2]), ("b", &[1, 2, 3])]), [vec![1, 2], vec![3]]);
    }

    #[test]
    fn doubles_within_a_file_stay_doubles() {
        assert_eq!(lines(&[("a", &[1, 1])]), [vec![1, 2]]);
        assert_eq!(lines(&[("a", &[1]), ("b", &[1, 1])]), [vec![1], vec![2]]);
        assert_eq!(
            lines(&[("a", &[1, 1]), ("b", &[1]), ("c", &[1, 1])]),
            [vec![1, 2], vec![], vec![]]
        );
    }
}
