//! Plays a transcript to an [`Engine`] in simulated time, as the relay of the gateway would hand it over.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bailiwick_engine::{
    Answer, ApprovedBy, Effect, Engine, Event, Mode, Opinion, Outcome, Pins, QuestionId, Scanner, Settings,
};
use bailiwick_mcp::framing::{Frame, Lines};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Id, Item, Limits, Malformation, Malformed, Parser, Timestamp};
use bailiwick_policy::{Context, Load, Policy, Principal, Source, bundled, compile};
use bailiwick_testkit::cases::{self, Case, Deed, Observed, Seen, Way};

/// Where relative paths and `~` lead.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) workspace: String,
    pub(crate) home: String,
}

/// Stands in transcripts where the engine's own ids hold what no server can guess.
pub(crate) const NONCE: &str = "NONCE";

/// What the binary says with `--ask never`.
pub(crate) const NOBODY: &str = "nobody is asked here: start it with `--ask terminal`, or add an `allow` rule (for a pin: `bailiwick lock`)";

/// Sees everything that the engine is handed, before it is, and everything that it decides.
pub(crate) trait Watch {
    fn begin(&mut self, _settings: &Settings, _policy: &Policy, _pins: Option<&Pins>) {}
    fn text(&mut self, _at: Timestamp, _to: Direction, _line: &[u8], _malformed: Option<&Malformed>) {}
    fn lost(&mut self, _at: Timestamp, _to: Direction, _cause: Malformation, _id: (Option<&Id<'_>>, bool)) {}
    fn answer(&mut self, _at: Timestamp, _question: QuestionId, _answer: &Answer) {}
    fn tick(&mut self, _at: Timestamp) {}
    fn server_ended(&mut self, _at: Timestamp, _why: &str) {}
    fn reload(&mut self, _at: Timestamp, _policy: &Policy) {}
    fn outcome(&mut self, _outcome: &Outcome<'_>) {}
}

struct Nobody;

impl Watch for Nobody {}

/// What came of each step.
pub(crate) fn play(case: &Case, places: &Places) -> Vec<Observed> {
    play_watched(case, places, &mut Nobody)
}

/// The same, while somebody watches.
pub(crate) fn play_watched(case: &Case, places: &Places, watch: &mut dyn Watch) -> Vec<Observed> {
    let policy = match policy(case, &case.policies, places) {
        Ok(policy) => policy,
        Err(error) => panic!("{}: the policy does not load:\n{error}", case.name),
    };
    let mut stage = Stage::new(case, policy, watch);
    case.steps.iter().map(|step| stage.step(case, step, places)).collect()
}

/// The policy of these layers, or the error as a person reads it.
pub(crate) fn policy(case: &Case, layers: &[String], places: &Places) -> Result<Policy, String> {
    let mut files = Folder { case };
    let sources = layers.iter().map(|name| files.source(name)).collect::<Result<Vec<_>, _>>()?;
    let context = Context { workspace: Some(places.workspace.clone()), home: Some(places.home.clone()) };
    compile(sources, &mut files, &context).map_err(|problems| problems.render(false))
}

struct Folder<'c> {
    case: &'c Case,
}

impl Folder<'_> {
    fn source(&self, name: &str) -> Result<Source, String> {
        let text = match bundled(name) {
            Some(text) => text.to_owned(),
            None => self.case.policy_text(name).map_err(|error| format!("{name}: {error}"))?,
        };
        Ok(Source { name: name.to_owned(), text })
    }
}

impl Load for Folder<'_> {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        self.source(reference)
    }
}

/// The pins of the case's lock file.
pub(crate) fn pins(case: &Case) -> Option<Pins> {
    let locked = case.lock.as_ref()?;
    let mut pins = Pins::default();
    let kinds = [
        (Item::Tool, &locked.tools),
        (Item::Prompt, &locked.prompts),
        (Item::ResourceTemplate, &locked.resource_templates),
    ];
    for (item, list) in kinds {
        for json in list {
            let mut parser = Parser::default();
            let document = parser.parse(json.as_bytes(), &Limits::DEFAULT).expect("a pinned item is JSON");
            let value = document.root();
            let name = value.get(item.key()).and_then(|name| name.text()).expect("a pinned item has a name");
            pins.add(item, &name, value);
        }
    }
    let mut parser = Parser::default();
    pins.instructions = Some(match &locked.instructions {
        Some(json) => {
            let document = parser.parse(json.as_bytes(), &Limits::DEFAULT).expect("instructions are JSON");
            bailiwick_engine::pins::digest(document.root())
        }
        None => bailiwick_engine::pins::absent(),
    });
    Some(pins)
}

/// The limits of the wire, by the names of their flags.
fn limits(case: &Case) -> Limits {
    let given: BTreeMap<&str, usize> = case
        .limits
        .iter()
        .map(|(name, value)| (name.as_str(), usize::try_from(*value).expect("it fits")))
        .collect();
    let of = |name: &str, default: usize| given.get(name).copied().unwrap_or(default);
    Limits {
        message_bytes_max: of("max-message-bytes", Limits::DEFAULT.message_bytes_max),
        depth_max: of("max-depth", Limits::DEFAULT.depth_max),
        values_max: of("max-values", Limits::DEFAULT.values_max),
        batch_max: of("max-batch", Limits::DEFAULT.batch_max),
        pending_max: of("max-pending", Limits::DEFAULT.pending_max),
        ..Limits::DEFAULT
    }
}

/// An engine with the framers of both directions, and the questions that are open.
struct Stage<'w> {
    watch: &'w mut dyn Watch,
    engine: Engine,
    limits: Limits,
    readers: [Lines; 2],
    questions: VecDeque<QuestionId>,
}

/// Any moment will do: the engine knows no calendar.
const START: Timestamp = Timestamp(1_800_000_000_000_000);

impl<'w> Stage<'w> {
    fn new(case: &Case, policy: Policy, watch: &'w mut dyn Watch) -> Stage<'w> {
        let limits = limits(case);
        let settings = Settings {
            mode: match case.mode.as_str() {
                "enforce" => Mode::Enforce,
                "shadow" => Mode::Shadow,
                "observe" => Mode::Observe,
                other => panic!("{}: no mode `{other}`", case.name),
            },
            server: case.server.as_str().into(),
            principal: Arc::new(Principal {
                id: case.principal.clone(),
                roles: case.roles.clone(),
                ..Principal::default()
            }),
            limits,
            nonce: NONCE.to_owned(),
        };
        let pins = pins(case);
        watch.begin(&settings, &policy, pins.as_ref());
        let engine = Engine::new(settings, Arc::new(policy), Arc::clone(&SCANNER), pins);
        Stage {
            watch,
            engine,
            limits,
            readers: [Lines::new(&limits), Lines::new(&limits)],
            questions: VecDeque::new(),
        }
    }

    fn step(&mut self, case: &Case, step: &cases::Step, places: &Places) -> Observed {
        let at = START.plus_micros(step.at_ms * 1_000);
        let mut observed = Observed::default();
        match &step.deed {
            Deed::Say { way, line } => self.say(at, *way, line, &mut observed),
            Deed::Answer(answer) => {
                // Without a question nothing comes of it, and what must come is missed.
                let Some(question) = self.questions.pop_front() else { return observed };
                let answer = match answer {
                    cases::Answer::Approve => Answer::Approve(ApprovedBy::new("", "at the terminal")),
                    cases::Answer::Deny(why) => Answer::Deny(why.clone()),
                    cases::Answer::Nobody => Answer::Deny(NOBODY.to_owned()),
                    cases::Answer::Opinion(opinion) => {
                        let by = "judge".to_owned();
                        Answer::Opinion(opinion.clone().map(|score| Opinion { score, by }))
                    }
                };
                let mut out = Vec::new();
                self.watch.answer(at, question, &answer);
                self.engine.answer(at, question, &answer, &mut out);
                self.take(out, &mut observed);
            }
            Deed::Reload(file) => match policy(case, std::slice::from_ref(file), places) {
                Ok(policy) => {
                    self.watch.reload(at, &policy);
                    self.engine.replace_policy(Arc::new(policy));
                }
                Err(error) => panic!("{}: {error}", step.place),
            },
            Deed::Tick => {
                let mut out = Vec::new();
                self.watch.tick(at);
                self.engine.tick(at, &mut out);
                self.take(out, &mut observed);
            }
            Deed::ServerEnds => {
                let mut out = Vec::new();
                let why = "the server ended before it answered";
                self.watch.server_ended(at, why);
                self.engine.server_ended(at, why, &mut out);
                self.take(out, &mut observed);
            }
            Deed::EngineOnly(_) => {}
        }
        observed
    }

    fn say(&mut self, at: Timestamp, way: Way, line: &[u8], observed: &mut Observed) {
        let direction = match way {
            Way::ToServer => Direction::ToServer,
            Way::ToClient => Direction::ToClient,
        };
        let mut lines = std::mem::replace(&mut self.readers[way as usize], Lines::new(&self.limits));
        lines.extend(line);
        lines.extend(b"\n");
        let mut parser = Parser::default();
        while let Some(frame) = lines.next() {
            let mut out = Vec::new();
            match frame {
                Frame::Line(line) => {
                    let packet = Packet::parse(&mut parser, line, &self.limits);
                    self.watch.text(at, direction, line, packet.as_ref().err());
                    self.engine.receive(at, direction, packet, &mut out);
                }
                Frame::CarriageReturn(_) => {
                    let cause = Malformation::CarriageReturn;
                    self.watch.lost(at, direction, cause, (None, false));
                    let packet = Err(Malformed::new(cause));
                    self.engine.receive(at, direction, packet, &mut out);
                }
                Frame::TooLong { id, request, .. } => {
                    self.watch.lost(at, direction, Malformation::TooLong, (id.as_ref(), request));
                    self.engine.too_long(at, direction, (id, request), &mut out);
                }
            }
            self.take(out, observed);
        }
        self.readers[way as usize] = lines;
    }

    fn take(&mut self, outcomes: Vec<Outcome<'_>>, observed: &mut Observed) {
        for outcome in outcomes {
            self.watch.outcome(&outcome);
            observed.decisions.push(seen(&outcome));
            for effect in outcome.effects {
                match effect {
                    Effect::Send { to: Direction::ToServer, message } => {
                        observed.lines[0].push(message.bytes().to_vec())
                    }
                    Effect::Send { to: Direction::ToClient, message } => {
                        observed.lines[1].push(message.bytes().to_vec())
                    }
                    Effect::Ask(question) => self.questions.push_back(question.id),
                    Effect::Withdraw(question) => self.questions.retain(|open| *open != question),
                    Effect::Quarantine(_) => {}
                }
            }
        }
    }
}

/// A decision in the words of the record.
fn seen(outcome: &Outcome<'_>) -> Seen {
    let decision = &outcome.decision;
    let described = decision.reasons.iter().map(|reason| reason.describe(&decision.policy));
    Seen {
        event: match decision.event {
            Event::Decision => "decision",
            Event::Completion => "outcome",
            Event::Malformed => "malformed",
            Event::Approval => "approval",
            Event::Opinion => "opinion",
            Event::Pin => "pin",
        }
        .to_owned(),
        direction: match decision.direction {
            Direction::ToServer => "to_server",
            Direction::ToClient => "to_client",
        }
        .to_owned(),
        method: decision.method.clone().into_owned(),
        target: decision.target.as_deref().unwrap_or_default().to_owned(),
        verdict: decision.verdict.word().to_owned(),
        effect: decision.action.as_str().to_owned(),
        reasons: described.map(|reason| (reason.id.into_owned(), reason.message.into_owned())).collect(),
    }
}

/// The guards, built once.
static SCANNER: std::sync::LazyLock<Arc<Scanner>> = std::sync::LazyLock::new(|| Arc::new(Scanner::new()));
