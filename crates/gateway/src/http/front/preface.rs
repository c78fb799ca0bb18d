//! Which protocol a client without TLS speaks: known by what it says first, which stays to be read.

use std::io;

use rustix::io::retry_on_intr;
use rustix::net::{RecvFlags, recv};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// What a connection of HTTP/2 begins with (RFC 9113, section 3.4).
const PREFACE: [u8; 24] = *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Waits until what the client said can be told from the preface of HTTP/2, or is it, in however many pieces it comes.
///
/// # Errors
/// If the client leaves before that.
pub(super) async fn begins_http2(stream: &TcpStream) -> io::Result<bool> {
    loop {
        let ready = stream.ready(Interest::READABLE).await?;
        match stream.try_io(Interest::READABLE, || look(stream)) {
            // Nothing more is to come.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && ready.is_read_closed() => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            decided => return decided,
        }
    }
}

/// What is there, without taking it. As long as it may become either, the socket counts as one that holds nothing: so one is woken
/// by what comes next and not by what is there.
fn look(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    let (read, _) = retry_on_intr(|| recv(stream, &mut first[..], RecvFlags::PEEK))?;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let said = first.get(..read).unwrap_or_default();
    match PREFACE.strip_prefix(said) {
        Some([]) => Ok(true),
        Some(_) => Err(io::ErrorKind::WouldBlock.into()),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{Shutdown, TcpListener, TcpStream as StdStream};
    use std::time::Duration;

    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::{PREFACE, begins_http2};

    /// A client that has nothing held back from the wire, and its connection as the gateway has it.
    fn connected() -> (StdStream, StdStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = StdStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_nodelay(true).unwrap();
        let (ours, _) = listener.accept().unwrap();
        ours.set_nonblocking(true).unwrap();
        (client, ours)
    }

    /// What is made of `pieces`, each of which is seen before the next one comes; nothing if it is undecided to the end.
    fn decided(pieces: &[&[u8]], leaves: bool) -> Option<std::io::Result<bool>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (mut client, ours) = connected();
        runtime.block_on(async {
            let stream = TcpStream::from_std(ours).unwrap();
            let mut decision = std::pin::pin!(begins_http2(&stream));
            let mut said = None;
            for piece in pieces {
                assert!(said.is_none(), "decided before {piece:?}");
                client.write_all(piece).unwrap();
                said = timeout(Duration::from_millis(30), decision.as_mut()).await.ok();
            }
            if leaves {
                client.shutdown(Shutdown::Write).unwrap();
                said = timeout(Duration::from_secs(10), decision.as_mut()).await.ok();
            }
            if let Some(Ok(_)) = said {
                let whole = pieces.concat();
                let mut read = vec![0; whole.len() + 1];
                let bytes = stream.try_read(&mut read).unwrap();
                assert_eq!(read.get(..bytes), Some(&whole[..]), "all of it is still there");
            }
            said
        })
    }

    #[test]
    fn a_preface_is_known_in_however_many_pieces_it_comes() {
        for at in 1..PREFACE.len() {
            let (first, rest) = PREFACE.split_at(at);
            assert!(matches!(decided(&[first, rest], false), Some(Ok(true))), "cut at {at}");
        }
        let single: Vec<&[u8]> = PREFACE.chunks(1).collect();
        assert!(matches!(decided(&single, false), Some(Ok(true))));
    }

    #[test]
    fn what_is_no_preface_is_known_by_its_first_other_byte() {
        for pieces in
            [&[&b"G"[..]][..], &[b"P", b"O"], &[b"PRI * HTTP/2.0\r\n\r\n", b"X"], &[b"PRI * HTTP/1.1\r\n"]]
        {
            assert!(matches!(decided(pieces, false), Some(Ok(false))), "{pieces:?}");
        }
    }

    #[test]
    fn who_leaves_or_stops_before_it_is_known_is_not_served() {
        assert!(decided(&[b"PRI * HTTP"], false).is_none(), "it is waited for");
        for pieces in [&[][..], &[&b"PRI * HTTP"[..]]] {
            assert!(matches!(decided(pieces, true), Some(Err(_))), "{pieces:?}");
        }
    }
}
