//! Who a person is on this machine, as the kernel and the user database say.

use std::os::unix::net::UnixStream;

use bailiwick_engine::Principal;
use nix::unistd::{Uid, User};

/// Whoever runs this process.
pub(crate) fn myself() -> Principal {
    user(Uid::current())
}

/// Whoever runs the process at the other end; the kernel says it, not the peer.
pub(crate) fn peer(stream: &UnixStream) -> std::io::Result<Principal> {
    let peer = rustix::net::sockopt::socket_peercred(stream)?;
    Ok(user(Uid::from_raw(peer.uid.as_raw())))
}

/// `user:NAME`, or `uid:NUMBER` where the user database has no name.
fn user(uid: Uid) -> Principal {
    let name = User::from_uid(uid).ok().flatten().map(|user| format!("user:{}", user.name));
    Principal { id: name.unwrap_or_else(|| format!("uid:{uid}")), ..Principal::default() }
}
