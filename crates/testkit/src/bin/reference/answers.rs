//! Everything that needs no thought: lists, and answers that are always the same.

use serde_json::{Value, json};

const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const SILENCE: &str = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA==";

/// What the server can do.
pub(crate) fn capabilities() -> Value {
    json!({
        "tools": {"listChanged": true}, "prompts": {"listChanged": true},
        "resources": {"subscribe": true, "listChanged": true}, "logging": {}, "completions": {},
        "extensions": {"io.modelcontextprotocol/tasks": {}},
    })
}

/// A result that says `text`.
pub(crate) fn say(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

/// A result that says `text` and is an error.
pub(crate) fn fail(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}], "isError": true})
}

/// The tools whose answer is always the same, and one that repeats its argument.
pub(crate) fn fixed(name: &str, arguments: &Value) -> Option<Value> {
    let text = |key: &str| arguments.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let image = json!({"type": "image", "data": PIXEL, "mimeType": "image/png"});
    Some(match name {
        "test_simple_text" => say("This is a simple text response for testing."),
        "test_image_content" => json!({"content": [image]}),
        "test_audio_content" => {
            json!({"content": [{"type": "audio", "data": SILENCE, "mimeType": "audio/wav"}]})
        }
        "test_embedded_resource" => json!({"content": [{"type": "resource", "resource": {
            "uri": "test://embedded-resource", "mimeType": "text/plain", "text": "This is an embedded resource content."}}]}),
        "test_multiple_content_types" => json!({"content": [
            {"type": "text", "text": "Multiple content types test:"}, image,
            {"type": "resource", "resource": {"uri": "test://mixed-content-resource", "mimeType": "application/json",
                "text": "{\"test\":\"data\",\"value\":123}"}}]}),
        "test_error_handling" => fail("This tool intentionally returns an error for testing"),
        "json_schema_2020_12_tool" => say(&text("name")),
        "test_headers" => say(&text("region")),
        "greet" => say(&format!("Hello, {}!", text("name"))),
        _ => return None,
    })
}

/// The tools that take arguments; all others take none.
const WITH_ARGUMENTS: [(&str, &[(&str, &str)]); 7] = [
    ("test_sampling", &[("prompt", "string")]),
    ("test_elicitation", &[("message", "string")]),
    ("greet", &[("name", "string")]),
    ("slow_compute", &[("seconds", "number"), ("label", "string")]),
    ("confirm_delete", &[("filename", "string")]),
    ("test_headers", &[]),
    ("json_schema_2020_12_tool", &[]),
];

const WITHOUT_ARGUMENTS: [&str; 29] = [
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_error_handling",
    "test_tool_with_logging",
    "test_logging_tool",
    "test_tool_with_progress",
    "test_reconnection",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_input_required_result_elicitation",
    "test_streaming_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_tampered_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_capabilities",
    "test_missing_capability",
    "test_trigger_tool_change",
    "test_trigger_prompt_change",
    "failing_job",
    "protocol_error_job",
    "multi_input",
    "test_tool_with_task",
    "test_nothing",
];

/// Every tool.
pub(crate) fn tools() -> Value {
    let own = WITH_ARGUMENTS.iter().map(|(name, fields)| {
        let fields: serde_json::Map<String, Value> =
            fields.iter().map(|(key, kind)| ((*key).to_owned(), json!({"type": kind}))).collect();
        (*name, json!({"type": "object", "properties": fields}))
    });
    let bare = WITHOUT_ARGUMENTS.iter().map(|name| (*name, json!({"type": "object", "properties": {}})));
    let tools = own.chain(bare).map(|(name, schema)| {
        let schema = match name {
            "test_headers" => json!({"type": "object", "required": ["region"],
                "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}),
            "json_schema_2020_12_tool" => json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "$defs": {"address": {"$anchor": "addressDef", "type": "object",
                    "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
                "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
                    "contactMethod": {"type": "string", "enum": ["phone", "email"]}, "phone": {"type": "string"}, "email": {"type": "string"}},
                "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
                "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
                "then": {"required": ["phone"]}, "else": {"required": ["email"]}, "additionalProperties": false,
            }),
            _ => schema,
        };
        json!({"name": name, "description": format!("the fixture {name}"), "inputSchema": schema})
    });
    json!({"tools": tools.collect::<Vec<_>>()})
}

/// Every prompt.
pub(crate) fn prompts() -> Value {
    let arguments = |names: &[&str]| -> Vec<Value> {
        names.iter().map(|name| json!({"name": name, "description": "text", "required": true})).collect()
    };
    json!({"prompts": [
        {"name": "test_simple_prompt", "description": "a simple one"},
        {"name": "test_prompt_with_arguments", "description": "one with arguments", "arguments": arguments(&["arg1", "arg2"])},
        {"name": "test_prompt_with_embedded_resource", "description": "one with a resource", "arguments": arguments(&["resourceUri"])},
        {"name": "test_prompt_with_image", "description": "one with an image"},
        {"name": "test_input_required_result_prompt", "description": "one that asks"},
    ]})
}

/// One prompt, if its answer is always the same.
pub(crate) fn prompt(name: &str, arguments: &Value) -> Option<Value> {
    let text = |key: &str| arguments.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let user = |content: Value| json!({"role": "user", "content": content});
    let words = |text: &str| user(json!({"type": "text", "text": text}));
    let messages = match name {
        "test_simple_prompt" => vec![words("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            vec![words(&format!("Prompt with arguments: arg1='{}', arg2='{}'", text("arg1"), text("arg2")))]
        }
        "test_prompt_with_embedded_resource" => vec![
            user(
                json!({"type": "resource", "resource": {"uri": text("resourceUri"), "mimeType": "text/plain",
                "text": "Embedded resource content for testing."}}),
            ),
            words("Please process the embedded resource above."),
        ],
        "test_prompt_with_image" => vec![
            user(json!({"type": "image", "data": PIXEL, "mimeType": "image/png"})),
            words("Please analyze the image above."),
        ],
        _ => return None,
    };
    Some(json!({"messages": messages}))
}

/// Every resource.
pub(crate) fn resources() -> Value {
    json!({"resources": [
        {"uri": "test://static-text", "name": "static-text", "description": "text", "mimeType": "text/plain"},
        {"uri": "test://static-binary", "name": "static-binary", "description": "an image", "mimeType": "image/png"},
        {"uri": "test://watched-resource", "name": "watched", "description": "watched", "mimeType": "text/plain"},
    ]})
}

/// Every template.
pub(crate) fn templates() -> Value {
    json!({"resourceTemplates": [
        {"uriTemplate": "test://template/{id}/data", "name": "template", "description": "by id", "mimeType": "application/json"},
    ]})
}

/// What is in a resource.
pub(crate) fn resource(uri: &str) -> Option<Value> {
    let text = |kind: &str, text: &str| json!({"uri": uri, "mimeType": kind, "text": text});
    let content = match uri {
        "test://static-text" => text("text/plain", "This is the content of the static text resource."),
        "test://static-binary" => json!({"uri": uri, "mimeType": "image/png", "blob": PIXEL}),
        "test://watched-resource" => text("text/plain", "watched"),
        _ => {
            let id = uri.strip_prefix("test://template/")?.strip_suffix("/data")?;
            let data = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
            text("application/json", &data.to_string())
        }
    };
    Some(json!({"contents": [content]}))
}
