//! One listener: which paths it serves, and its connections.

mod http1;
mod preface;
mod reads;
mod sent;
mod slow;

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream as StdStream};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Poll, Waker};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::coop::unconstrained;
use tokio::time::{sleep, timeout};

pub(super) use self::sent::Sent;
use self::slow::Paced;
use super::aggregate::Aggregate;
use super::endpoint::serve;
use super::gate::{Gate, Phase, until};
use super::head::Names;
use super::hub::Hub;
use super::tls::Identity;

/// How long after the grace a connection has for the last words of its stream.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Requests that one connection of HTTP/2 may have open at once.
const HTTP2_STREAMS_MAX: u32 = 256;
/// How long accepting rests when the system has no more descriptors: others must end first.
const REST: Duration = Duration::from_millis(50);

/// A listener that is served.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) name: String,
    pub(super) hub: Arc<Hub>,
    map: RwLock<Arc<Map>>,
    phase: watch::Sender<Phase>,
}

/// What a listener serves, until the next reload.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) names: Names,
    pub(super) identity: Option<Identity>,
    pub(super) paths: HashMap<String, Place>,
}

/// What is at a path.
#[derive(Debug)]
pub(super) enum Place {
    Endpoint(Arc<Gate>),
    /// Where clients of HTTP+SSE open their stream, and where they are told to post.
    Stream {
        gate: Arc<Gate>,
        messages: String,
    },
    Messages(Arc<Gate>),
    /// Several services as one.
    Together(Arc<Aggregate>),
}

/// Accepted connections on their way to the thread that serves them.
pub(super) type Hand = mpsc::Sender<(StdStream, Arc<Front>)>;

impl Front {
    pub(super) fn new(name: String, hub: &Arc<Hub>, map: Map) -> Front {
        let (phase, _) = watch::channel(Phase::Serving);
        Front { name, hub: Arc::clone(hub), map: RwLock::new(Arc::new(map)), phase }
    }

    /// What it serves now. A request holds on to it, whatever is loaded meanwhile.
    pub(super) fn map(&self) -> Arc<Map> {
        Arc::clone(&self.map.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace(&self, map: Map) {
        *self.map.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(map);
    }

    /// Takes no new connection, and ends those that are open after what they have in hand.
    pub(super) fn close(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    /// Accepts connections and hands them round, so that every thread has as many.
    pub(super) async fn accept(self: Arc<Front>, socket: TcpListener, hands: Arc<[Hand]>) {
        let Ok(socket) = tokio::net::TcpListener::from_std(socket) else { return };
        let (mut phase, mut own) = (self.hub.phases.subscribe(), self.phase.subscribe());
        let connections_max = i64::try_from(self.hub.limits.connections_max).unwrap_or(i64::MAX);
        let mut turn = hands.iter().cycle();
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                () = until(&mut phase, Phase::Draining) => return,
                () = until(&mut own, Phase::Draining) => return,
            };
            match accepted {
                Ok((stream, _)) => {
                    let full = self.hub.metrics.connections.get() >= connections_max;
                    // One too many is closed at once: reading its request would be work for nothing.
                    if let (false, Ok(stream), Some(hand)) = (full, stream.into_std(), turn.next()) {
                        let _ = hand.send((stream, Arc::clone(&self))).await;
                    }
                }
                Err(_) => sleep(REST).await,
            }
        }
    }
}

/// Serves one connection until it ends.
pub(super) async fn connection(front: Arc<Front>, stream: StdStream) {
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let _ = stream.set_nodelay(true);
    let hub = Arc::clone(&front.hub);
    hub.metrics.connections.inc();
    let map = front.map();
    let head_time = hub.limits.head_time;
    match &map.identity {
        None => {
            // Who says too little to tell is let go.
            if let Ok(Ok(http2)) = timeout(head_time, preface::begins_http2(&stream)).await {
                hub.metrics.accepted(http2, false);
                speak(front, stream, http2).await;
            }
        }
        // A client that cannot agree on TLS in time, or at all, is let go. Boxed: the tasks of all others are small without it.
        Some(identity) => {
            let spoken = Box::pin(async {
                if let Ok(Ok(stream)) = timeout(head_time, identity.accept(stream)).await {
                    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    hub.metrics.accepted(http2, true);
                    speak(front, stream, http2).await;
                }
            });
            spoken.await;
        }
    }
    hub.metrics.connections.dec();
}

pub(super) async fn speak<S>(front: Arc<Front>, stream: S, http2: bool)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if http2 {
        let limits = front.hub.limits;
        let for_requests = Arc::clone(&front);
        let service = service_fn(move |request: Request<Incoming>| {
            let front = Arc::clone(&for_requests);
            async move {
                let reply = serve(&front, request.map(Sent::Http2)).await;
                Ok::<_, Infallible>(reply.map(|body| Paced::new(body, limits.unread_time)))
            }
        });
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new());
        builder.max_concurrent_streams(HTTP2_STREAMS_MAX);
        builder.max_header_list_size(u32::try_from(limits.head_bytes_max).unwrap_or(u32::MAX));
        builder.keep_alive_interval(limits.keep_alive);
        // Boxed, as what has TLS.
        let mut connection = Box::pin(builder.serve_connection(TokioIo::new(stream), service));
        until_over(&front, connection.as_mut(), |connection| connection.graceful_shutdown()).await;
    } else {
        let told = Arc::<AtomicBool>::default();
        let connection = pin!(http1::converse(Arc::clone(&front), stream, Arc::clone(&told)));
        until_over(&front, connection, |_| told.store(true, Ordering::Relaxed)).await;
    }
}

/// Serves until the connection ends, by itself or soon after it is `told` to, or must. One that broke is its client's loss; what
/// it was for is recorded where it was decided.
async fn until_over<C: Future>(front: &Front, mut connection: Pin<&mut C>, tell: impl FnOnce(Pin<&mut C>)) {
    let (mut phase, mut own) = (front.hub.phases.subscribe(), front.phase.subscribe());
    if ends_before(connection.as_mut(), (&mut phase, &mut own)).await {
        return;
    }
    tell(connection.as_mut());
    tokio::select! {
        _ = connection.as_mut() => {}
        () = over(&mut phase) => {}
    }
}

/// True if the connection ends before it is told to.
async fn ends_before(
    mut connection: Pin<&mut impl Future>,
    (phase, own): (&mut watch::Receiver<Phase>, &mut watch::Receiver<Phase>),
) -> bool {
    let (signs, mut looked) = ([phase.clone(), own.clone()], None::<Waker>);
    // It is looked at seldom: then, whatever the connection has used up of its turn.
    let mut told = pin!(unconstrained(async {
        tokio::select! {
            () = until(phase, Phase::Draining) => {}
            () = until(own, Phase::Draining) => {}
        }
    }));
    poll_fn(|context| {
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        // The connection is woken some times a request, and told to end once: that is looked for when there is a sign of it.
        let waits = looked.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if waits && signs.iter().all(|sign| matches!(sign.has_changed(), Ok(false))) {
            return Poll::Pending;
        }
        looked = Some(context.waker().clone());
        told.as_mut().poll(context).map(|()| false)
    })
    .await
}

async fn over(phase: &mut watch::Receiver<Phase>) {
    until(phase, Phase::Over).await;
    sleep(LAST_WORDS).await;
}

/// Binds what a listener is to be served at.
///
/// # Errors
/// If the address cannot be had.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpListener::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
