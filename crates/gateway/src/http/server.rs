//! Threads and connections: one runtime per core, each connection on one of them for as long as it lives.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream as StdStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::admin;
use super::endpoint::serve;
use super::gate::{Gate, Phase, Way, Worker, until};
use super::stdio::{Command, Stable};
use super::upstream::{self, Link};

/// Accepted connections on their way to their thread.
const HANDED_MAX: usize = 256;
/// How often runs are looked through for idle ones, at most and at least.
const SWEEP: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// Where the upstream is.
#[derive(Debug, Clone)]
pub enum Target {
    Http(upstream::Target),
    Stdio(Command),
}

/// The threads of a gateway that serves.
#[derive(Debug)]
pub(super) struct Threads {
    gate: Arc<Gate>,
    phase: watch::Sender<Phase>,
    threads: Vec<JoinHandle<()>>,
    stable: Option<Arc<Stable>>,
}

impl Threads {
    /// Begins to accept.
    ///
    /// # Errors
    /// If a runtime, a thread or a socket cannot be had.
    pub(super) fn start(
        gate: &Arc<Gate>,
        phase: watch::Sender<Phase>,
        target: &Target,
        (listener, admin): (TcpListener, Option<TcpListener>),
        workers: usize,
    ) -> io::Result<Threads> {
        let stable = match target {
            Target::Http(_) => None,
            Target::Stdio(command) => Some(Arc::new(Stable::new(command.clone()))),
        };
        let mut threads = Vec::new();
        let mut hands = Vec::new();
        for index in 0..workers.max(1) {
            let runtime = runtime()?;
            let (sender, receiver) = mpsc::channel(HANDED_MAX);
            hands.push(sender);
            let way = match (target, &stable) {
                (_, Some(stable)) => Way::Stdio(Arc::clone(stable)),
                (Target::Http(target), None) => {
                    let _inside = runtime.enter();
                    Way::Http(Box::new(Link::new(target.clone(), &gate.limits)))
                }
                (Target::Stdio(_), None) => continue,
            };
            let worker = Arc::new(Worker { gate: Arc::clone(gate), way });
            let body = move || runtime.block_on(work(&worker, receiver));
            threads.push(thread::Builder::new().name(format!("http-{index}")).spawn(body)?);
        }
        let runtime = runtime()?;
        listener.set_nonblocking(true)?;
        let for_thread = Arc::clone(gate);
        let body = move || runtime.block_on(accept(&for_thread, listener, admin, hands));
        threads.push(thread::Builder::new().name("accept".into()).spawn(body)?);
        Ok(Threads { gate: Arc::clone(gate), phase, threads, stable })
    }

    /// Takes nothing new, lets what runs finish within the grace, and ends every thread and run.
    pub(super) fn stop(self) {
        let Threads { gate, phase, threads, stable } = self;
        let _ = phase.send(Phase::Draining);
        let end = Instant::now() + gate.limits.grace;
        while gate.metrics.connections.get() > 0 && Instant::now() < end {
            thread::sleep(DRAIN_LOOK);
        }
        let _ = phase.send(Phase::Over);
        for thread in threads {
            // A worker that panicked has ended, too.
            let _ = thread.join();
        }
        if let Some(stable) = stable {
            stable.clear();
        }
        for run in gate.sessions.drain() {
            drop(run.ended("the gateway ends"));
            run.stop("the gateway ends");
        }
    }
}

/// How often it is looked whether all calls are done.
const DRAIN_LOOK: Duration = Duration::from_millis(20);
/// How long after the grace a connection has for the last words of its stream.
const LAST_WORDS: Duration = Duration::from_millis(500);

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Accepts connections and hands them round, so that every thread has as many.
async fn accept(
    gate: &Arc<Gate>,
    listener: TcpListener,
    admin: Option<TcpListener>,
    hands: Vec<mpsc::Sender<(StdStream, SocketAddr)>>,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    if let Some(admin) = admin {
        tokio::spawn(admin::serve(Arc::clone(gate), admin));
    }
    let mut phase = gate.phase.clone();
    let mut turn = hands.iter().cycle();
    let mut sweep = tokio::time::interval((gate.limits.session_idle / 4).clamp(SWEEP.0, SWEEP.1));
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let full = gate.metrics.connections.get() >= i64::try_from(gate.limits.connections_max).unwrap_or(i64::MAX);
                    // One too many is closed at once: reading its request would be work for nothing.
                    if let (false, Ok(stream), Some(hand)) = (full, stream.into_std(), turn.next()) {
                        let _ = hand.send((stream, peer)).await;
                    }
                }
                // Too many open files, mostly: others must end first.
                Err(_) => sleep(Duration::from_millis(50)).await,
            },
            _ = sweep.tick() => expire(gate),
            () = until(&mut phase, Phase::Draining) => break,
        }
    }
    drop((listener, hands));
    // The admin listener says that it is not ready until the very end.
    until(&mut phase, Phase::Over).await;
}

/// Ends what was idle for too long.
fn expire(gate: &Gate) {
    let (sessions, alone) = gate.sessions.expire(&gate.limits);
    let runs = sessions.into_iter().map(|session| Arc::clone(&session.run)).chain(alone);
    for run in runs {
        drop(run.ended("idle for too long"));
        run.stop("idle for too long");
    }
    gate.metrics.sessions.set(i64::try_from(gate.sessions.len()).unwrap_or(i64::MAX));
}

async fn work(worker: &Arc<Worker>, mut handed: mpsc::Receiver<(StdStream, SocketAddr)>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            stream = handed.recv() => match stream {
                Some((stream, _)) => {
                    connections.spawn(connection(Arc::clone(worker), stream));
                }
                None => break,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn connection(worker: Arc<Worker>, stream: StdStream) {
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let _ = stream.set_nodelay(true);
    let gate = Arc::clone(&worker.gate);
    let (mut draining, mut ending) = (gate.phase.clone(), gate.phase.clone());
    gate.metrics.connections.inc();
    let service = service_fn(|request| {
        let worker = Arc::clone(&worker);
        async move { Ok::<_, std::convert::Infallible>(serve(worker, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new());
    builder.header_read_timeout(gate.limits.head_time);
    builder.max_buf_size(gate.limits.head_bytes_max.max(8 << 10));
    builder.max_headers(gate.limits.headers_max);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    // A connection that broke is its client's loss; what it was for is recorded where it was decided.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = until(&mut draining, Phase::Draining) => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                _ = connection.as_mut() => {}
                () = over(&mut ending) => {}
            }
        }
    }
    gate.metrics.connections.dec();
}

async fn over(phase: &mut watch::Receiver<Phase>) {
    until(phase, Phase::Over).await;
    sleep(LAST_WORDS).await;
}

/// Runs until `stop` says so. `poll` is called a few times a second; true asks for the end.
pub(super) fn wait<T>(signals: &Receiver<T>, mut each: impl FnMut(Option<T>) -> bool) {
    loop {
        let happened = match signals.recv_timeout(TICK) {
            Ok(signal) => Some(signal),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => None,
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return,
        };
        if each(happened) {
            return;
        }
    }
}

/// How often the policy's files are looked at.
const TICK: Duration = Duration::from_millis(250);
