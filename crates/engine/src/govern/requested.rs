//! What a server's request to the client may hold where a rule lets it ask: no other server's context, no tools, no endless
//! text, no secrets of a person, no address that nobody named.

use std::cell::Cell;
use std::sync::Arc;

use bailiwick_guard::{form, shows_address};
use bailiwick_mcp::message::keys_clear;
use bailiwick_mcp::{Governed, Kind, Value, method};
use bailiwick_policy::{GuardAction, Requests, Verdict};

use crate::decision::Reason;
use crate::engine::{Engine, Judgement};

/// How a server asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asks<'p> {
    /// By a request of its own.
    Request,
    /// Inside of an answer, or of word of a task, about this target.
    Inside(&'p str, Forms<'p>),
    /// By an error that has addresses to be opened (2025-11-25).
    Error(Forms<'p>),
}

/// Bytes of the forms of one answer so far.
pub(crate) type Forms<'p> = &'p Cell<usize>;

impl Engine {
    /// Adds to the judgement of the rules what the content of a request says.
    pub(crate) fn requested(
        &mut self,
        governed: Governed,
        params: Option<Value<'_>>,
        asks: Asks<'_>,
        judgement: &mut Judgement<'_>,
    ) {
        let policy = Arc::clone(&self.policy);
        let layers = policy.guards().requests();
        if governed == Governed::Sampling {
            sampling(params, layers, judgement);
            self.sampled(asks, layers, judgement);
        } else if governed == Governed::Elicitation {
            elicitation(params, layers, asks, judgement);
        }
    }

    /// Counts a sampling request for the request of the client that it comes with.
    fn sampled(&mut self, asks: Asks<'_>, layers: &[Requests], judgement: &mut Judgement<'_>) {
        if judgement.verdict == Verdict::Deny {
            return;
        }
        let before = match asks {
            Asks::Inside(target, _) => self.run.asked_back.sampled(target),
            Asks::Request | Asks::Error(_) => match self.run.to_server.least_sampled() {
                Some(count) => Some(count),
                // What belongs to no request of the client shares one count for the run.
                None => Some(&mut self.run.sampled_alone),
            },
        };
        let action = strictest(layers, |own| match &before {
            Some(before) if **before < own.calls_max => None,
            Some(_) | None => Some(own.sampling),
        });
        let found =
            Found { code: "calls", message: "more sampling requests than one request may bring", at: None };
        found.take(action, judgement);
        if let (Some(count), true) = (before, judgement.verdict != Verdict::Deny) {
            *count = count.saturating_add(1);
        }
    }
}

impl Engine {
    /// An error that asks for addresses to be opened shows no others beside them.
    pub(crate) fn addresses_beside(&self, error: Value<'_>, asked: Value<'_>, judgement: &mut Judgement<'_>) {
        let urls: Vec<_> = asked.elements().filter_map(|entry| entry.get("url")?.text()).collect();
        if urls.is_empty() {
            return;
        }
        let (start, end) = asked.span();
        let shows = |own: &Value<'_>| {
            let is_beside = own.span().0 < start || own.span().0 >= end;
            let is_other = |text: &str| urls.iter().all(|url| shows_address(text, url));
            is_beside && own.text().is_some_and(|own| is_other(&own))
        };
        if let Some(beside) = error.descendants().find(shows) {
            let action = strictest(self.policy.guards().requests(), |own| Some(own.url));
            Found::new(("url-message", "another address in the words beside an address"), beside)
                .take(action, judgement);
        }
    }

    /// Word of the end of an elicitation goes on only where the client got that elicitation.
    pub(crate) fn end_of_elicitation(&self, params: Option<Value<'_>>, judgement: &mut Judgement<'_>) {
        let message = "word of an elicitation that did not go to the client";
        Found { code: "elicitation-id", message, at: None }.take(self.unelicited(params), judgement);
    }
}

/// Something in a request that is not let through as it is.
#[derive(Debug, Clone, Copy)]
struct Found {
    code: &'static str,
    message: &'static str,
    /// Byte of the message at which it stands.
    at: Option<usize>,
}

impl Found {
    fn new((code, message): (&'static str, &'static str), value: Value<'_>) -> Found {
        Found { code, message, at: Some(value.span().0) }
    }

    /// Does what the policy says.
    fn take(self, action: GuardAction, judgement: &mut Judgement<'_>) {
        let verdict = match action {
            GuardAction::Off => return,
            GuardAction::Log | GuardAction::Annotate | GuardAction::Strip | GuardAction::Redact => {
                Verdict::Allow
            }
            GuardAction::Ask => Verdict::Ask,
            GuardAction::Quarantine | GuardAction::Block => Verdict::Deny,
        };
        judgement.verdict = judgement.verdict.max(verdict);
        self.tell(action, action.word(), judgement);
    }

    fn tell(self, action: GuardAction, detail: &str, judgement: &mut Judgement<'_>) {
        let place = match self.at {
            Some(at) => format!("byte {at} of the message"),
            None => "the message".to_owned(),
        };
        judgement.reasons.push(Reason::Guard {
            guard: "requests",
            code: self.code.into(),
            place,
            message: self.message.into(),
            action,
            detail: detail.to_owned(),
            // Layers speak of requests as a whole: it is looked up in the policy that decided.
            said: None,
        });
    }

    /// Changes what need not be refused: where a layer would stop it, to `text`.
    fn change(
        self,
        action: GuardAction,
        (span, text): ((usize, usize), String),
        detail: &str,
        judgement: &mut Judgement<'_>,
    ) {
        if action < GuardAction::Ask {
            return self.take(action, judgement);
        }
        judgement.splice.replace(span, text);
        self.tell(GuardAction::Redact, detail, judgement);
    }
}

/// The strictest of what the layers do that have something against it.
fn strictest(layers: &[Requests], action: impl Fn(&Requests) -> Option<GuardAction>) -> GuardAction {
    layers.iter().filter_map(action).max().unwrap_or_default()
}

/// `sampling/createMessage`: refused with tools; other servers' context and too many tokens are cut.
fn sampling(params: Option<Value<'_>>, layers: &[Requests], judgement: &mut Judgement<'_>) {
    let any = strictest(layers, |own| Some(own.sampling));
    let Some(params) = params.filter(|params| params.is_object()) else {
        return Found { code: "tokens", message: "a sampling request without a bound", at: None }
            .take(any, judgement);
    };
    spelling("sampling/createMessage", params, any, judgement);
    let given = |key: &str| params.get(key).filter(|value| value.kind() != Kind::Null);
    if let Some(tools) = given("tools").or_else(|| given("toolChoice")) {
        Found::new(("tools", "a sampling request with tools"), tools).take(any, judgement);
    }
    if let Some(context) = params.get("includeContext").filter(|context| !context.is_text("none")) {
        let found = Found::new(("context", "a sampling request for the context of servers"), context);
        found.change(any, (context.span(), "\"none\"".to_owned()), "set to `none`", judgement);
    }
    let tokens = params.get("maxTokens");
    let action = strictest(layers, |own| {
        (!tokens.is_some_and(|tokens| is_within(tokens, own.tokens_max))).then_some(own.sampling)
    });
    let stops = |own: &&Requests| own.sampling >= GuardAction::Ask;
    let cap = layers.iter().filter(stops).map(|own| own.tokens_max).min().unwrap_or_default();
    let detail = format!("set to {cap}");
    let words = ("tokens", "a sampling request for more tokens than the policy lets");
    match tokens {
        Some(tokens) => {
            Found::new(words, tokens).change(action, (tokens.span(), cap.to_string()), &detail, judgement);
        }
        None => {
            let start = params.span().0.saturating_add(1);
            let comma = if params.members().next().is_some() { "," } else { "" };
            let text = format!("\"maxTokens\":{cap}{comma}");
            Found::new(words, params).change(action, ((start, start), text), &detail, judgement);
        }
    }
}

/// True for a number from 0 to `most`.
fn is_within(number: Value<'_>, most: u64) -> bool {
    // INVARIANT: a policy has no greater bound than 10^9, which a double holds exactly.
    let most = u32::try_from(most).map_or(f64::from(u32::MAX), f64::from);
    number.kind() == Kind::Number && number.raw().parse::<f64>().is_ok_and(|own| (0.0..=most).contains(&own))
}

/// `elicitation/create`, and an entry of an error that asks for addresses to be opened.
fn elicitation(
    params: Option<Value<'_>>,
    layers: &[Requests],
    asks: Asks<'_>,
    judgement: &mut Judgement<'_>,
) {
    let is_error = matches!(asks, Asks::Error(_));
    let either = strictest(layers, |own| Some(own.form.max(own.url)));
    let Some(params) = params.filter(|params| params.is_object()) else {
        if is_error {
            let action = strictest(layers, |own| Some(own.url));
            let message = "an error that asks for addresses and names none";
            Found { code: "url-unclear", message, at: None }.take(action, judgement);
        }
        return;
    };
    spelling("elicitation/create", params, either, judgement);
    let mode = params.get("mode");
    let is_mode = |known: &str| mode.is_some_and(|mode| mode.is_text(known));
    if let Some(mode) = mode.filter(|_| !is_mode("url") && !is_mode("form")) {
        Found::new(("mode", "a mode of elicitation that is not known"), mode).take(either, judgement);
    }
    let is_url = is_mode("url") || params.get("url").is_some() || is_error;
    if is_url {
        address(params, layers, judgement);
    }
    let is_form = !(is_mode("url") || is_error) || params.get("requestedSchema").is_some();
    let action = strictest(layers, |own| Some(own.form));
    if !is_form || action == GuardAction::Off {
        return;
    }
    let before = match asks {
        Asks::Inside(_, forms) | Asks::Error(forms) => {
            forms.replace(forms.get().saturating_add(params.raw().len()))
        }
        Asks::Request => 0,
    };
    if let Some(fault) = form(params, before) {
        Found { code: fault.code, message: fault.message, at: Some(fault.at) }.take(action, judgement);
    }
}

/// The address that a person is to open, and what is said beside it.
fn address(params: Value<'_>, layers: &[Requests], judgement: &mut Judgement<'_>) {
    let url = params.get("url");
    let text = url.and_then(Value::text).unwrap_or_default();
    let faults = layers.iter().filter_map(|own| Some((own.url, own.url_fault(&text)?)));
    if let Some((action, fault)) = faults.max_by_key(|(action, _)| *action) {
        Found::new(fault, url.unwrap_or(params)).take(action, judgement);
    }
    let shows = |own: &Value<'_>| {
        let is_other = url.is_none_or(|url| url.span() != own.span());
        is_other && own.text().is_some_and(|own| shows_address(&own, &text))
    };
    if let Some(message) = params.descendants().find(shows) {
        let action = strictest(layers, |own| Some(own.url));
        Found::new(("url-message", "another address in the words beside an address"), message)
            .take(action, judgement);
    }
}

/// A governed key in another case would tell a lenient client what nobody has looked at.
fn spelling(method: &str, params: Value<'_>, action: GuardAction, judgement: &mut Judgement<'_>) {
    let fields = method::find(method).map_or(&[][..], |row| row.fields);
    if !keys_clear(params, fields) {
        Found::new(("spelling", "a key of a request in another case"), params).take(action, judgement);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use bailiwick_mcp::{Limits, Parser};
    use bailiwick_policy::{Context, Load, Source, Verdict, compile};

    use super::{Asks, elicitation};
    use crate::engine::Judgement;

    /// No policy extends a file.
    struct Nothing;

    impl Load for Nothing {
        fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
            Err(reference.to_owned())
        }
    }

    /// Bytes of forms that are read of an answer that asks for a password, and what comes of it.
    fn read(requests: &str) -> (usize, Verdict) {
        let text = format!("version: 1\ndefault: deny\nguards: {{ requests: {requests} }}\n");
        let source = Source { name: "policy.yaml".to_owned(), text };
        let policy = compile(vec![source], &mut Nothing, &Context::default()).unwrap();
        let mut parser = Parser::default();
        let params = r#"{"message":"x","requestedSchema":{"properties":{"password":{"type":"string"}}}}"#;
        let params = parser.parse(params.as_bytes(), &Limits::DEFAULT).unwrap().root();
        let (forms, mut judgement) = (Cell::new(0), Judgement::allow());
        let layers = policy.guards().requests();
        elicitation(Some(params), layers, Asks::Inside("t", &forms), &mut judgement);
        (forms.get(), judgement.verdict)
    }

    #[test]
    fn a_form_is_not_read_where_that_is_off() {
        assert_eq!(read("{ form: off }"), (0, Verdict::Allow));
        let (bytes, verdict) = read("{ form: log }");
        assert!(bytes > 0 && verdict == Verdict::Allow);
        let (bytes, verdict) = read("{ url: off }");
        assert!(bytes > 0 && verdict == Verdict::Deny);
    }
}
