//! What we and the supervisor say to each other over the control socket; its end of file means that a side is gone.

use std::io::{self, Read};

/// Asks the supervisor to end the command: TERM, then KILL after the grace. Any other byte is a signal to forward.
pub(crate) const STOP: u8 = 0;
/// Comes with a terminal and its local flags, eight bytes: they are put back if we die before [`FORGET`].
pub(crate) const KEEP: u8 = 255;
pub(crate) const FORGET: u8 = 254;

/// One thing that the supervisor says to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// The command runs, with this process id.
    Started(i32),
    /// The command could not be started, for this `errno`.
    Failed(i32),
    /// The command ended with this code.
    Exited(i32),
    /// The command was ended by this signal.
    Signalled(i32),
}

impl Report {
    /// The five bytes of this report.
    pub(crate) fn encode(self) -> [u8; REPORT_BYTES] {
        let (kind, value) = match self {
            Report::Started(pid) => (b'S', pid),
            Report::Failed(errno) => (b'F', errno),
            Report::Exited(code) => (b'X', code),
            Report::Signalled(signal) => (b'K', signal),
        };
        let [a, b, c, d] = value.to_le_bytes();
        [kind, a, b, c, d]
    }

    /// Reads the next report; `None` at the end of the stream.
    ///
    /// # Errors
    /// What reading says, and `InvalidData` for bytes that no supervisor of this version sends.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Report>> {
        let mut bytes = [0; REPORT_BYTES];
        match from.read_exact(&mut bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let [kind, value @ ..] = bytes;
        let value = i32::from_le_bytes(value);
        match kind {
            b'S' => Ok(Some(Report::Started(value))),
            b'F' => Ok(Some(Report::Failed(value))),
            b'X' => Ok(Some(Report::Exited(value))),
            b'K' => Ok(Some(Report::Signalled(value))),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "unknown report of the supervisor")),
        }
    }
}

const REPORT_BYTES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_survives_the_socket() {
        for report in [
            Report::Started(7),
            Report::Failed(2),
            Report::Exited(255),
            Report::Signalled(9),
            Report::Exited(-1),
        ] {
            assert_eq!(Report::read(&mut report.encode().as_slice()).unwrap(), Some(report));
        }
    }

    #[test]
    fn a_cut_report_is_the_end() {
        assert_eq!(Report::read(&mut [b'S', 0, 0].as_slice()).unwrap(), None);
    }

    #[test]
    fn a_foreign_report_is_an_error() {
        assert!(Report::read(&mut [b'?', 0, 0, 0, 0].as_slice()).is_err());
    }
}
