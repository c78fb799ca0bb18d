//! The server itself: which answer belongs to which request.
#![expect(deprecated, reason = "the suite still tests what 2026-07-28 took away")]

use std::sync::Arc;
use std::time::Duration;

use rmcp::handler::server::ServerHandler;
use rmcp::model::*;
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::task_manager::TaskManager;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::{ErrorData, RoleServer};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::time::sleep;

use crate::answers::{self, say};
use crate::asks::{Round, asks, elicit, form, form_of, name_form, sample};
use crate::jobs;

/// One server for all sessions and requests.
#[derive(Clone)]
pub(crate) struct Reference {
    sessions: Arc<LocalSessionManager>,
    tasks: TaskManager,
    codec: Arc<RequestStateCodec>,
    changes: broadcast::Sender<Change>,
}

/// What changed, for those who subscribed.
#[derive(Debug, Clone, Copy)]
enum Change {
    Tools,
    Prompts,
}

/// Streams of one session that are closed when a tool wants its client to come back.
const STREAMS_MAX: u64 = 32;
const KEY: &[u8] = b"a fixture keeps no secrets, but 32 bytes";

impl Reference {
    pub(crate) fn new(sessions: &Arc<LocalSessionManager>) -> Reference {
        Reference {
            sessions: Arc::clone(sessions),
            tasks: TaskManager::new(),
            codec: Arc::new(RequestStateCodec::new(KEY)),
            changes: broadcast::channel(16).0,
        }
    }

    fn round<'r>(
        &'r self,
        given: Option<&InputResponses>,
        state: Option<&'r str>,
        context: &RequestContext<RoleServer>,
    ) -> Round<'r> {
        let given = given.and_then(|given| serde_json::to_value(given).ok()).unwrap_or_default();
        let able = context.client_capabilities().and_then(|able| serde_json::to_value(able).ok());
        Round { given, state, codec: &self.codec, able: able.unwrap_or_default() }
    }

    /// Asks by a request of its own, and says what came.
    async fn asks_back(
        &self,
        tool: &str,
        arguments: &Value,
        context: &RequestContext<RoleServer>,
    ) -> Result<Option<Value>, ErrorData> {
        if tool == "test_sampling" {
            let prompt = arguments.get("prompt").and_then(Value::as_str).unwrap_or_default();
            let answer = context.peer.create_message(read(sample(prompt, 100))?).await.map_err(broken)?;
            let answer = serde_json::to_value(answer).unwrap_or_default();
            let text = answer["content"]["text"].as_str().unwrap_or_default().to_owned();
            return Ok(Some(say(&format!("LLM response: {text}"))));
        }
        let Some(form) = form_of(tool, arguments) else { return Ok(None) };
        let answer = context.peer.create_elicitation(read(form)?).await.map_err(broken)?;
        let answer = serde_json::to_value(answer).unwrap_or_default();
        let (action, content) = (answer["action"].as_str().unwrap_or_default(), &answer["content"]);
        let before = if tool == "test_elicitation" { "User response" } else { "Elicitation completed" };
        Ok(Some(say(&format!("{before}: action={action}, content={content}"))))
    }

    /// The tools that say something while they run.
    async fn talks(
        &self,
        tool: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<Option<Value>, ErrorData> {
        let pause = || sleep(Duration::from_millis(50));
        match tool {
            "test_tool_with_logging" | "test_logging_tool" => {
                let modern = context.meta.protocol_version().is_some();
                for words in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
                    if !modern || context.meta.log_level().is_some() {
                        let said = read(json!({"level": "info", "data": words}))?;
                        context.peer.notify_logging_message(said).await.map_err(broken)?;
                    }
                    pause().await;
                }
                Ok(Some(say("logged")))
            }
            "test_tool_with_progress" => {
                for progress in [0, 50, 100] {
                    if let Some(token) = context.meta.get_progress_token() {
                        let report = json!({"progressToken": token, "progress": progress, "total": 100});
                        context.peer.notify_progress(read(report)?).await.map_err(broken)?;
                    }
                    pause().await;
                }
                Ok(Some(say("done")))
            }
            "test_reconnection" => {
                self.hang_up(context).await;
                sleep(Duration::from_millis(100)).await;
                Ok(Some(say("the client came back")))
            }
            "test_trigger_tool_change" | "test_trigger_prompt_change" => {
                let tools = tool == "test_trigger_tool_change";
                // Nobody may listen.
                let _ = self.changes.send(if tools { Change::Tools } else { Change::Prompts });
                if context.meta.protocol_version().is_none() {
                    let told = match tools {
                        true => context.peer.notify_tool_list_changed().await,
                        false => context.peer.notify_prompt_list_changed().await,
                    };
                    told.map_err(broken)?;
                }
                Ok(Some(say("said")))
            }
            _ => Ok(None),
        }
    }

    /// Closes the streams of the session that the call belongs to; what comes then waits for the client.
    async fn hang_up(&self, context: &RequestContext<RoleServer>) {
        let head = context.extensions.get::<http::request::Parts>();
        let id = head.and_then(|head| head.headers.get("mcp-session-id")).and_then(|id| id.to_str().ok());
        let sessions = self.sessions.sessions.read().await;
        let Some(session) = id.and_then(|id| sessions.get(id)).cloned() else { return };
        drop(sessions);
        for stream in 0..STREAMS_MAX {
            // There are fewer.
            let _ = session.close_sse_stream(stream, None).await;
        }
    }

    /// A tool that becomes a task; nothing if it does not, or not yet.
    fn job(
        &self,
        tool: &str,
        arguments: &Value,
        round: &Round<'_>,
        context: &RequestContext<RoleServer>,
    ) -> Result<Option<CallToolResponse>, ErrorData> {
        let declared = context.client_capabilities().is_some_and(|able| able.supports_tasks());
        if !declared {
            return match jobs::REQUIRED.contains(&tool) {
                true => Err(ErrorData::missing_required_client_capability(
                    ClientCapabilities::builder().enable_tasks().build(),
                )),
                false => Ok(None),
            };
        }
        if tool == "slow_compute" && arguments.get("seconds").and_then(Value::as_f64) == Some(0.0) {
            return Ok(None);
        }
        let name = round.accepted("user_name").and_then(|content| content["name"].as_str());
        if tool == "test_tool_with_task" && name.is_none() {
            return Ok(Some(read::<InputRequiredResult>(asks(json!({"user_name": name_form()})))?.into()));
        }
        let task = jobs::begin(&self.tasks, tool, arguments, name.map(str::to_owned));
        Ok(task.map(|task| CreateTaskResult::new(task).into()))
    }
}

impl ServerHandler for Reference {
    fn get_info(&self) -> ServerConfig {
        let capabilities = read(answers::capabilities()).unwrap_or_default();
        ServerConfig::new(capabilities).with_server_info(Implementation::new("bailiwick-reference", "1"))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        result(answers::tools())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let tools: ListToolsResult = read(answers::tools()).ok()?;
        tools.tools.into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.map_or(Value::Null, Value::Object);
        let tool = &*request.name;
        let round = self.round(request.input_responses.as_ref(), request.request_state.as_deref(), &context);
        if let Some(answer) = answers::fixed(tool, &arguments) {
            return Ok(result::<CallToolResult>(answer)?.into());
        }
        if let Some(begun) = self.job(tool, &arguments, &round, &context)? {
            return Ok(begun);
        }
        if tool == "test_missing_capability" && round.able.get("sampling").is_none() {
            let able = ClientCapabilities::builder().enable_sampling().build();
            return Err(ErrorData::missing_required_client_capability(able));
        }
        if let Some(outcome) = round.outcome(tool) {
            let outcome = outcome?;
            return Ok(match outcome.get("resultType") {
                Some(_) => read::<InputRequiredResult>(outcome)?.into(),
                None => result::<CallToolResult>(outcome)?.into(),
            });
        }
        let said = match self.talks(tool, &context).await? {
            Some(said) => Some(said),
            None => self.asks_back(tool, &arguments, &context).await?,
        };
        match (said, tool) {
            (Some(said), _) => Ok(result::<CallToolResult>(said)?.into()),
            (None, "slow_compute" | "test_nothing" | "test_missing_capability") => {
                Ok(result::<CallToolResult>(say("done"))?.into())
            }
            (None, _) => Err(ErrorData::invalid_params(format!("Unknown tool: {tool}"), None)),
        }
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        result(answers::prompts())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = serde_json::to_value(&request.arguments).unwrap_or_default();
        if let Some(prompt) = answers::prompt(&request.name, &arguments) {
            return Ok(result::<GetPromptResult>(prompt)?.into());
        }
        let round = self.round(request.input_responses.as_ref(), None, &context);
        match round.accepted("user_context") {
            _ if request.name != "test_input_required_result_prompt" => {
                Err(ErrorData::invalid_params(format!("Unknown prompt: {}", request.name), None))
            }
            Some(content) => {
                let text = format!("In {}", content["context"].as_str().unwrap_or_default());
                let message = json!({"role": "user", "content": {"type": "text", "text": text}});
                Ok(result::<GetPromptResult>(json!({"messages": [message]}))?.into())
            }
            None => {
                let question = "What context should the prompt use?";
                let form = form(question, json!({"context": {"type": "string"}}), &["context"]);
                Ok(read::<InputRequiredResult>(asks(json!({"user_context": elicit(form)})))?.into())
            }
        }
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        result(answers::resources())
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        result(answers::templates())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        match answers::resource(&request.uri) {
            Some(resource) => Ok(result::<ReadResourceResult>(resource)?.into()),
            None => {
                let data = Some(json!({"uri": request.uri}));
                Err(ErrorData::resource_not_found("Resource not found", data))
            }
        }
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        result(json!({"completion": {"values": [], "total": 0, "hasMore": false}}))
    }

    async fn set_level(
        &self,
        _: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn subscribe(
        &self,
        _: SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                () = context.cancelled() => return Ok(()),
            };
            // What was not asked for is not sent; the sink says so, and that is all right.
            let _ = match change {
                Ok(Change::Tools) => context.sink().notify_tool_list_changed().await,
                Ok(Change::Prompts) => context.sink().notify_prompt_list_changed().await,
                Err(_) => return Ok(()),
            };
        }
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        Ok(GetTaskResult::new(self.tasks.get_task(&request.task_id)?))
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks.update_task(&request.task_id, request.input_responses)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks.cancel_task(&request.task_id)
    }
}

/// A type of the protocol out of its JSON.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value).map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

/// A whole result: before 2026-07-28 the SDK takes the member off again.
pub(crate) fn result<T: DeserializeOwned>(mut value: Value) -> Result<T, ErrorData> {
    value["resultType"] = "complete".into();
    read(value)
}

fn broken(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}
