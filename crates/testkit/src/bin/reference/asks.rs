//! Tools that ask the client first: by requests of their own before 2026-07-28, inside of their answers since.

use rmcp::ErrorData;
use rmcp::model::RequestStateCodec;
use serde_json::{Value, json};

use crate::answers::say;

/// A question with a form.
pub(crate) fn form(message: &str, properties: Value, required: &[&str]) -> Value {
    json!({"mode": "form", "message": message,
        "requestedSchema": {"type": "object", "properties": properties, "required": required}})
}

/// What a model is asked.
pub(crate) fn sample(text: &str, tokens_max: u32) -> Value {
    json!({"messages": [{"role": "user", "content": {"type": "text", "text": text}}], "maxTokens": tokens_max})
}

/// The form of a tool that asks by a request of its own.
pub(crate) fn form_of(tool: &str, arguments: &Value) -> Option<Value> {
    let text = |default: Value| json!({"type": "string", "default": default});
    let titled = |words: [&str; 3], noun: &str| -> Vec<Value> {
        let each = words.iter().enumerate();
        each.map(|(n, word)| json!({"const": format!("value{}", n + 1), "title": format!("{word} {noun}")}))
            .collect()
    };
    let ordinals = ["First", "Second", "Third"];
    Some(match tool {
        "test_elicitation" => form(
            arguments.get("message").and_then(Value::as_str).unwrap_or_default(),
            json!({"username": {"type": "string", "description": "User's response"},
                "email": {"type": "string", "description": "User's email address"}}),
            &["username", "email"],
        ),
        "test_elicitation_sep1034_defaults" => form(
            "Defaults",
            json!({"name": text(json!("John Doe")), "age": {"type": "integer", "default": 30},
                "score": {"type": "number", "default": 95.5},
                "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
                "verified": {"type": "boolean", "default": true}}),
            &[],
        ),
        "test_elicitation_sep1330_enums" => form(
            "Choices",
            json!({"untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
                "titledSingle": {"type": "string", "oneOf": titled(ordinals, "Option")},
                "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"],
                    "enumNames": ["Option One", "Option Two", "Option Three"]},
                "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
                "titledMulti": {"type": "array", "items": {"anyOf": titled(ordinals, "Choice")}}}),
            &[],
        ),
        _ => return None,
    })
}

/// One round of a call whose questions are inside of its answers.
pub(crate) struct Round<'r> {
    /// What the client answered, by the keys of the questions.
    pub(crate) given: Value,
    /// What it carried back.
    pub(crate) state: Option<&'r str>,
    pub(crate) codec: &'r RequestStateCodec,
    /// What the client can answer.
    pub(crate) able: Value,
}

impl Round<'_> {
    fn given(&self, key: &str) -> Option<&Value> {
        self.given.get(key)
    }

    /// The content of a form that was filled in.
    pub(crate) fn accepted(&self, key: &str) -> Option<&Value> {
        let answer = self.given(key)?;
        (answer["action"] == "accept").then(|| answer.get("content")).flatten()
    }

    fn seal(&self, state: &Value) -> Result<String, ErrorData> {
        self.codec.seal_json(state).map_err(|error| ErrorData::internal_error(error.to_string(), None))
    }

    /// What was sealed; an error for what somebody else made.
    fn opened(&self) -> Result<Value, ErrorData> {
        let Some(state) = self.state else { return Ok(Value::Null) };
        self.codec.open_json(state).map_err(|_| ErrorData::invalid_params("`requestState` is not ours", None))
    }

    /// The outcome of `tool`, if it asks inside of its answers: a result, or `input_required`.
    pub(crate) fn outcome(&self, tool: &str) -> Option<Result<Value, ErrorData>> {
        let kind = match tool {
            "test_input_required_result_elicitation" | "test_streaming_elicitation" => self.asks_name(),
            "test_input_required_result_sampling" => match self.given("capital_question") {
                Some(answer) => say(&format!("The model says: {}", answer["content"])),
                None => asks(json!({"capital_question": model("What is the capital of France?", 100)})),
            },
            "test_input_required_result_list_roots" => match self.given("client_roots") {
                Some(answer) => say(&format!("Roots: {}", answer["roots"])),
                None => asks(json!({"client_roots": {"method": "roots/list"}})),
            },
            "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => {
                return Some(self.keeps_state());
            }
            "test_input_required_result_multiple_inputs" => return Some(self.asks_three()),
            "test_input_required_result_multi_round" => return Some(self.asks_twice()),
            "test_input_required_result_capabilities" => {
                let mut requests = serde_json::Map::new();
                if self.able.get("sampling").is_some() {
                    requests.insert("capital".to_owned(), model("What is the capital of France?", 100));
                }
                if self.able.get("elicitation").is_some() {
                    requests.insert("user_name".to_owned(), name_form());
                }
                asks(Value::Object(requests))
            }
            _ => return None,
        };
        Some(Ok(kind))
    }

    fn asks_name(&self) -> Value {
        match self.accepted("user_name") {
            Some(content) => say(&format!("Hello, {}!", content["name"].as_str().unwrap_or_default())),
            None => asks(json!({"user_name": name_form()})),
        }
    }

    fn keeps_state(&self) -> Result<Value, ErrorData> {
        let state = self.opened()?;
        if !state.is_null() && self.accepted("confirm").is_some() {
            return Ok(say("state-ok"));
        }
        let confirm = json!({"ok": {"type": "boolean"}});
        let mut asked = asks(json!({"confirm": elicit(form("Please confirm", confirm, &["ok"]))}));
        asked["requestState"] = self.seal(&json!({"round": 1}))?.into();
        Ok(asked)
    }

    fn asks_three(&self) -> Result<Value, ErrorData> {
        self.opened()?;
        if self.accepted("user_name").is_some()
            && self.given("greeting").is_some()
            && self.given("client_roots").is_some()
        {
            return Ok(say("all answered"));
        }
        let mut asked = asks(json!({"user_name": name_form(), "greeting": model("Generate a greeting", 50),
            "client_roots": {"method": "roots/list"}}));
        asked["requestState"] = self.seal(&json!({"round": 1}))?.into();
        Ok(asked)
    }

    fn asks_twice(&self) -> Result<Value, ErrorData> {
        let state = self.opened()?;
        if let Some(color) = self.accepted("step2") {
            return Ok(say(&format!("{} likes {}", state["name"], color["color"])));
        }
        let (mut asked, state) = match self.accepted("step1") {
            Some(step1) => {
                let color = json!({"color": {"type": "string"}});
                let question = form("Step 2: What is your favorite color?", color, &["color"]);
                (asks(json!({"step2": elicit(question)})), json!({"round": 2, "name": step1["name"]}))
            }
            None => {
                let name = json!({"name": {"type": "string"}});
                let question = form("Step 1: What is your name?", name, &["name"]);
                (asks(json!({"step1": elicit(question)})), json!({"round": 1}))
            }
        };
        asked["requestState"] = self.seal(&state)?.into();
        Ok(asked)
    }
}

/// The answer that asks.
pub(crate) fn asks(requests: Value) -> Value {
    json!({"resultType": "input_required", "inputRequests": requests})
}

pub(crate) fn elicit(params: Value) -> Value {
    json!({"method": "elicitation/create", "params": params})
}

pub(crate) fn name_form() -> Value {
    elicit(form("What is your name?", json!({"name": {"type": "string"}}), &["name"]))
}

fn model(text: &str, tokens_max: u32) -> Value {
    json!({"method": "sampling/createMessage", "params": sample(text, tokens_max)})
}
