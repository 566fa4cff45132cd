//! Sources that give little at a time, fail, or shrink.

use super::made;
use core::cell::Cell;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom};
use weir_etl::write::Clock;
use weir_etl::{OpenError, Trace};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// One byte at a time, with an interruption before each.
    Slow,
    /// The so-manieth call of `read` or `seek` fails.
    Fails(usize),
    /// After so many calls there is nothing any more.
    Shrinks(usize),
}

struct Source {
    file: Cursor<Vec<u8>>,
    fault: Fault,
    calls: usize,
    is_interrupted: Cell<bool>,
}

impl Source {
    fn new(file: Vec<u8>, fault: Fault) -> Self {
        Self { file: Cursor::new(file), fault, calls: 0, is_interrupted: Cell::new(false) }
    }

    fn call(&mut self) -> io::Result<()> {
        self.calls += 1;
        match self.fault {
            Fault::Fails(call) if self.calls > call => Err(ErrorKind::ConnectionReset.into()),
            Fault::Shrinks(calls) if self.calls == calls + 1 => {
                self.file.get_mut().truncate(100);
                Ok(())
            }
            Fault::Slow | Fault::Fails(_) | Fault::Shrinks(_) => Ok(()),
        }
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.call()?;
        if self.fault != Fault::Slow {
            return self.file.read(out);
        }
        if !self.is_interrupted.replace(!self.is_interrupted.get()) {
            return Err(ErrorKind::Interrupted.into());
        }
        let bytes = out.len().min(1);
        self.file.read(&mut out[..bytes])
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.call()?;
        self.file.seek(to)
    }
}

/// The stamps of all records, or the error that ended reading; it must come again.
fn stamps(source: Source) -> Result<Vec<Option<i64>>, ErrorKind> {
    let mut trace = Trace::open(source).map_err(|error| match error {
        OpenError::Io(error) => error.kind(),
        OpenError::Empty | OpenError::NotATrace { .. } => ErrorKind::InvalidData,
    })?;
    let mut stamps = Vec::new();
    loop {
        match trace.next_record() {
            Ok(Some(record)) => stamps.push(record.stamp),
            Ok(None) => return Ok(stamps),
            Err(error) => {
                let again = trace.next_record().expect_err("no record follows an error");
                assert_eq!(again.kind(), error.kind());
                return Err(error.kind());
            }
        }
    }
}

#[test]
fn a_source_that_gives_a_byte_at_a_time_gives_the_same_records() {
    for file in [made::kinds(), made::zero_tail(), made::compressed(weir_etl::Format::Xpress)] {
        let whole = stamps(Source::new(file.clone(), Fault::Fails(usize::MAX))).unwrap();
        assert_eq!(stamps(Source::new(file, Fault::Slow)).as_ref(), Ok(&whole));
    }
}

#[test]
fn an_error_of_the_source_comes_out_wherever_it_happens_and_stays() {
    for file in [made::described(Clock::Qpc), made::compressed(weir_etl::Format::Xpress)] {
        let mut call = 0;
        while let Err(kind) = stamps(Source::new(file.clone(), Fault::Fails(call))) {
            assert_eq!(kind, ErrorKind::ConnectionReset, "call {call}");
            call += 1;
        }
        assert!(call > 20, "{call} calls");
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_an_error() {
    let file = made::described(Clock::Qpc);
    let (mut errors, mut call) = (0, 0);
    while let Err(kind) = stamps(Source::new(file.clone(), Fault::Shrinks(call))) {
        let expect = [ErrorKind::UnexpectedEof, ErrorKind::InvalidData];
        assert!(expect.contains(&kind), "call {call}: {kind}");
        errors += 1;
        call += 1;
    }
    assert!(errors > 20, "{errors} errors");
}
