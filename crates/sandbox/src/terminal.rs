//! A terminal in single-key mode, put back by the supervisor if we are killed before we could do it ourselves.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use nix::sys::termios::{FlushArg, LocalFlags, SetArg, tcflush, tcgetattr, tcsetattr};

use crate::control::{FORGET, KEEP};

/// Entrusts a terminal to the supervisor for as long as a question stands on it.
#[derive(Debug)]
pub struct TerminalKeeper {
    control: UnixStream,
}

impl TerminalKeeper {
    pub(crate) fn new(control: &UnixStream) -> io::Result<TerminalKeeper> {
        Ok(TerminalKeeper { control: control.try_clone()? })
    }

    /// From now on the supervisor gives `terminal` its local flags back if we die. Without a supervisor nothing happens.
    pub fn keep(&self, terminal: BorrowedFd<'_>, local_flags: u64) {
        let mut order = vec![KEEP];
        order.extend_from_slice(&local_flags.to_le_bytes());
        let descriptors = [terminal.as_raw_fd()];
        let with = [ControlMessage::ScmRights(&descriptors)];
        let bytes = [IoSlice::new(&order)];
        let _ = sendmsg::<()>(self.control.as_raw_fd(), &bytes, &with, MsgFlags::MSG_NOSIGNAL, None);
    }

    /// The terminal is as it was.
    pub fn forget(&self) {
        let _ = (&self.control).write_all(&[FORGET]);
    }
}

/// What the supervisor was entrusted with.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    terminal: Option<(OwnedFd, Option<u64>)>,
    /// Bytes of the flags that are still to come.
    flags: Vec<u8>,
    wanted: usize,
}

impl Kept {
    /// Takes what is for it out of `order` and gives the rest.
    pub(crate) fn take(&mut self, order: u8) -> Option<u8> {
        if self.wanted > 0 {
            self.wanted -= 1;
            self.flags.push(order);
            if let (0, Ok(bytes)) = (self.wanted, <[u8; 8]>::try_from(self.flags.as_slice()))
                && let Some((_, flags)) = &mut self.terminal
            {
                *flags = Some(u64::from_le_bytes(bytes));
            }
            return None;
        }
        match order {
            KEEP => {
                self.flags.clear();
                self.wanted = 8;
            }
            FORGET => self.terminal = None,
            other => return Some(other),
        }
        None
    }

    /// True while a question stands on a terminal.
    pub(crate) fn is_kept(&self) -> bool {
        self.terminal.is_some()
    }

    fn hold(&mut self, terminal: OwnedFd) {
        self.terminal = Some((terminal, None));
    }

    /// We were left alone: the terminal is put back, unless somebody else did so already.
    pub(crate) fn put_back(&mut self) {
        let Some((terminal, Some(flags))) = self.terminal.take() else { return };
        let Ok(mut mode) = tcgetattr(&terminal) else { return };
        let before = LocalFlags::from_bits_truncate(nix::libc::tcflag_t::try_from(flags).unwrap_or_default());
        if mode.local_flags.contains(LocalFlags::ICANON) || !before.contains(LocalFlags::ICANON) {
            return;
        }
        mode.local_flags = before;
        // Keys meant for the question shall not reach the program that reads next.
        let _ = tcflush(&terminal, FlushArg::TCIFLUSH);
        let _ = tcsetattr(&terminal, SetArg::TCSANOW, &mode);
    }
}

/// What came on the control socket, with the terminals that came along, and whether its other end is closed. Whoever is killed
/// right after an order has given it all the same.
pub(crate) fn orders(control: &UnixStream, kept: &mut Kept) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    loop {
        let mut bytes = [0; 64];
        let mut room = nix::cmsg_space!([std::os::fd::RawFd; 1]);
        let mut slices = [IoSliceMut::new(&mut bytes)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let (count, descriptors) =
            match recvmsg::<()>(control.as_raw_fd(), &mut slices, Some(&mut room), flags) {
                Ok(message) => {
                    let with = message.cmsgs().into_iter().flatten();
                    let descriptors = with.filter_map(|part| match part {
                        ControlMessageOwned::ScmRights(descriptors) => Some(descriptors),
                        _ => None,
                    });
                    (message.bytes, descriptors.flatten().collect::<Vec<_>>())
                }
                Err(Errno::EINTR) => continue,
                Err(errno) if io::Error::from(errno).kind() == ErrorKind::WouldBlock => return (all, false),
                Err(_) => return (all, true),
            };
        for descriptor in descriptors {
            // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
            #[expect(unsafe_code, reason = "a descriptor comes over a socket as a number")]
            kept.hold(unsafe { OwnedFd::from_raw_fd(descriptor) });
        }
        if count == 0 {
            return (all, true);
        }
        all.extend(bytes.iter().take(count));
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn orders_for_the_terminal_are_told_from_others() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let keeper = TerminalKeeper::new(&ours).unwrap();
        let mut kept = Kept::default();
        let null = std::fs::File::open("/dev/null").unwrap();
        (&ours).write_all(&[15]).unwrap();
        // A flag's byte may look like an order.
        keeper.keep(null.as_fd(), 0x0f00_fe00_00ff_0000);
        (&ours).write_all(&[2]).unwrap();
        let (came, closed) = orders(&theirs, &mut kept);
        assert!(!closed);
        let rest: Vec<u8> = came.into_iter().filter_map(|order| kept.take(order)).collect();
        assert_eq!(rest, [15, 2]);
        assert!(matches!(kept.terminal, Some((_, Some(0x0f00_fe00_00ff_0000)))));
        keeper.forget();
        let (came, _) = orders(&theirs, &mut kept);
        assert!(came.into_iter().all(|order| kept.take(order).is_none()));
        assert!(kept.terminal.is_none());
        // What was entrusted just before the end is heard with the end.
        keeper.keep(null.as_fd(), 7);
        drop((ours, keeper));
        let (came, closed) = orders(&theirs, &mut kept);
        assert!(closed && came.into_iter().all(|order| kept.take(order).is_none()));
        assert!(matches!(kept.terminal, Some((_, Some(7)))));
        // What is no terminal is left alone.
        kept.put_back();
    }

    #[test]
    fn a_terminal_in_single_key_mode_gets_its_flags_back_and_another_stays() {
        for taken in [true, false] {
            let pair = nix::pty::openpty(None, None).unwrap();
            let before = tcgetattr(&pair.slave).unwrap();
            let mut mode = before.clone();
            mode.local_flags.remove(LocalFlags::ECHO);
            if taken {
                mode.local_flags.remove(LocalFlags::ICANON | LocalFlags::ISIG);
            }
            tcsetattr(&pair.slave, SetArg::TCSANOW, &mode).unwrap();
            let mut kept = Kept::default();
            kept.hold(pair.slave.try_clone().unwrap());
            let flags = u64::from(before.local_flags.bits()).to_le_bytes();
            assert!([KEEP].into_iter().chain(flags).all(|order| kept.take(order).is_none()));
            kept.put_back();
            let after = tcgetattr(&pair.slave).unwrap().local_flags;
            assert_eq!(after, if taken { before.local_flags } else { mode.local_flags });
        }
    }
}
