//! What all listeners and services of one gateway share, and how a reload changes what there is.

use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::aggregate::{Aggregate, Wholes};
use super::ask::Approver;
use super::authenticate::Authenticate;
use super::front::{Front, Map, Place};
use super::gate::{Gate, Phase};
use super::limits::HttpLimits;
use super::metrics::Metrics;
use super::office::Office;
use super::plan::{Listener, Plan, Serves, Service};
use super::recorder::Recorder;
use super::server::Target;
use super::stdio::{Source, Stable};

/// What a gateway has of everything.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) recorder: Arc<Recorder>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) limits: HttpLimits,
    pub(super) authenticate: Arc<dyn Authenticate>,
    approver: Option<Arc<dyn Approver>>,
    pub(super) phases: watch::Sender<Phase>,
    /// New listeners on their way to the thread that accepts.
    pub(super) sockets: mpsc::UnboundedSender<(Arc<Front>, TcpListener)>,
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    fronts: Vec<Arc<Front>>,
    gates: Vec<Arc<Gate>>,
    /// Sessions over several services, by their path.
    wholes: HashMap<String, Arc<Wholes>>,
    /// Services that are gone from the plan, while somebody has something in hand.
    retired: Vec<(Instant, Arc<Gate>)>,
}

/// How long a service that is gone is kept at least: a request may be on its way to it.
const RETIRED: Duration = Duration::from_secs(1);

impl Places {
    fn all(&self) -> impl Iterator<Item = &Arc<Gate>> {
        self.gates.iter().chain(self.retired.iter().map(|(_, gate)| gate))
    }
}

impl Hub {
    pub(super) fn new(
        recorder: Arc<Recorder>,
        (authenticate, approver): (Arc<dyn Authenticate>, Option<Arc<dyn Approver>>),
        limits: HttpLimits,
        sockets: mpsc::UnboundedSender<(Arc<Front>, TcpListener)>,
    ) -> Hub {
        let (phases, _) = watch::channel(Phase::Serving);
        let metrics = Arc::new(Metrics::new());
        Hub { recorder, metrics, limits, authenticate, approver, phases, sockets, places: Mutex::default() }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn serves(&self) -> bool {
        *self.phases.borrow() == Phase::Serving
    }

    /// Serves what `plan` says from now on. What is in both plans goes on; what has gone finishes what it has in hand.
    ///
    /// # Errors
    /// If a listener has no socket, two have one name, or a route leads nowhere. Then nothing has changed.
    pub(super) fn adopt(self: &Arc<Hub>, plan: Plan) -> io::Result<()> {
        let mut places = self.places();
        let Plan { listeners, services, routes } = plan;
        for (index, listener) in listeners.iter().enumerate() {
            let known = places.fronts.iter().any(|front| front.name == listener.name);
            let twice = listeners.iter().take(index).any(|other| other.name == listener.name);
            if twice || !known && listener.socket.is_none() {
                return Err(io::Error::other(format!("the listener `{}` has no socket", listener.name)));
            }
        }
        for route in &routes {
            let known = |name: &&String| services.iter().any(|service| service.name == **name);
            if let Some(unknown) = route.serves.names().iter().find(|name| !known(name)) {
                return Err(io::Error::other(format!("there is no service `{unknown}`")));
            }
        }
        let gates: Vec<Arc<Gate>> =
            services.into_iter().map(|service| Arc::new(self.gate(&places.gates, service))).collect();
        let mut fronts = Vec::new();
        for Listener { name, socket, names, identity } in listeners {
            let serves = |listeners: &[String]| listeners.is_empty() || listeners.contains(&name);
            let mut paths = HashMap::new();
            for route in routes.iter().filter(|route| serves(&route.listeners)) {
                let named = |name: &String| gates.iter().find(|gate| gate.name == *name).cloned();
                let gate = match &route.serves {
                    Serves::One(name) => named(name),
                    Serves::Together(names) => {
                        let sessions = Arc::clone(places.wholes.entry(route.path.clone()).or_default());
                        let together = Aggregate::new(names.iter().filter_map(named).collect(), sessions);
                        paths.insert(route.path.clone(), Place::Together(Arc::new(together)));
                        continue;
                    }
                };
                let Some(gate) = &gate else { continue };
                paths.insert(route.path.clone(), Place::Endpoint(Arc::clone(gate)));
                if let Some(stream) = &route.sse {
                    let messages = format!("{stream}/message");
                    let place = Place::Stream { gate: Arc::clone(gate), messages: messages.clone() };
                    paths.insert(stream.clone(), place);
                    paths.insert(messages, Place::Messages(Arc::clone(gate)));
                }
            }
            let map = Map { names, identity, paths };
            let known = places.fronts.iter().find(|front| front.name == name).cloned();
            match (known, socket) {
                (Some(front), None) => {
                    front.replace(map);
                    fronts.push(front);
                }
                (_, Some(socket)) => {
                    let front = Arc::new(Front::new(name, self, map));
                    let _ = self.sockets.send((Arc::clone(&front), socket));
                    fronts.push(front);
                }
                // INVARIANT: looked at above.
                (None, None) => {}
            }
        }
        let old = std::mem::replace(&mut places.fronts, fronts);
        for front in old.iter().filter(|old| !places.fronts.iter().any(|now| Arc::ptr_eq(now, old))) {
            front.close();
        }
        for gate in std::mem::replace(&mut places.gates, gates) {
            gate.superseded.store(true, Ordering::Relaxed);
            if !places.gates.iter().any(|now| Arc::ptr_eq(&now.office, &gate.office)) {
                gate.phases.send_replace(Phase::Draining);
                places.retired.push((Instant::now(), gate));
            }
        }
        Ok(())
    }

    /// A service as it is now, with the sessions that it had.
    fn gate(&self, before: &[Arc<Gate>], service: Service) -> Gate {
        let Service { name, target, forward, run_by, limits, deciding, .. } = service;
        let same = |gate: &&Arc<Gate>| {
            gate.name == name && gate.target.is(&target) && gate.office.with.continues(&deciding)
        };
        let kept = before.iter().find(same);
        let (office, sessions, stable, phases) = match kept {
            Some(gate) => {
                gate.office.replace_policy(deciding.policy);
                (
                    Arc::clone(&gate.office),
                    Arc::clone(&gate.sessions),
                    gate.stable.clone(),
                    Arc::clone(&gate.phases),
                )
            }
            None => {
                let source = match &target {
                    Target::Http(_) => None,
                    Target::Events(endpoint) => Some(Source::Events(Box::new(endpoint.clone()))),
                    Target::Stdio(command) => Some(Source::Command(command.clone())),
                };
                let stable = source.map(|source| Arc::new(Stable::new(source, &limits)));
                let phases = Arc::new(watch::channel(Phase::Serving).0);
                let approver = self.approver.clone();
                let office = Arc::new(Office::new(&self.recorder, approver, &phases, deciding));
                (office, Arc::default(), stable, phases)
            }
        };
        let phase = phases.subscribe();
        Gate {
            name,
            office,
            sessions,
            stable,
            target,
            metrics: Arc::clone(&self.metrics),
            limits,
            forward,
            run_by,
            phases,
            phase,
            superseded: AtomicBool::new(false),
        }
    }

    /// Another policy decides in the service of that name from now on; false if there is none.
    pub(super) fn replace_policy(&self, service: &str, policy: &Arc<bailiwick_engine::Policy>) -> bool {
        let places = self.places();
        let found = places.gates.iter().find(|gate| gate.name == service);
        found.map(|gate| gate.office.replace_policy(Arc::clone(policy))).is_some()
    }

    /// Ends what was idle for too long, and services that are gone once nobody has anything in hand there.
    pub(super) fn expire(&self) {
        let mut places = self.places();
        places.gates.iter().for_each(|gate| gate.expire());
        places.wholes.values().for_each(|wholes| wholes.expire(&self.limits));
        let quiet = |since: &Instant, gate: &Gate| since.elapsed() >= RETIRED && gate.sessions.in_hand() == 0;
        let done: Vec<_> = places.retired.extract_if(.., |(since, gate)| quiet(since, gate)).collect();
        drop(places);
        done.iter().for_each(|(_, gate)| gate.end("the service was taken away"));
    }

    /// Lets every service know how far the gateway is.
    pub(super) fn enter(&self, phase: Phase) {
        self.phases.send_replace(phase);
        let places = self.places();
        for gate in places.all() {
            gate.phases.send_replace(phase);
        }
    }

    /// Ends all runs and processes.
    pub(super) fn end(&self) {
        let places = std::mem::take(&mut *self.places());
        places.all().for_each(|gate| gate.end("the gateway ends"));
    }
}
