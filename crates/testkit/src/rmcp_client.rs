//! A client built on rmcp. It plays the same script as the drivers in `tests/peers`, in this process.

use crate::script::request_of;
use rmcp::model::{
    ClientCapabilities, ClientConfig, ClientRequest, Implementation, ProgressNotificationParam,
    ProtocolVersion, ServerResult,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestHandle, RunningService, ServiceError};
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::process::Command;
use tokio::sync::mpsc;

type Session = RunningService<RoleClient, Listener>;

/// Plays the script and gives one line per step, as a driver would print it.
pub(crate) fn play(script: &Value) -> Vec<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(converse(script))
}

struct Listener {
    config: ClientConfig,
    progress: mpsc::UnboundedSender<ProgressNotificationParam>,
}

impl ClientHandler for Listener {
    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        // The receiver is gone only after the last step.
        let _ = self.progress.send(params);
    }

    fn get_info(&self) -> ClientConfig {
        self.config.clone()
    }
}

async fn converse(script: &Value) -> Vec<Value> {
    let wanted = script["protocol"].as_str().expect("a version");
    let version = ProtocolVersion::KNOWN_VERSIONS
        .iter()
        .find(|known| known.as_str() == wanted)
        .expect("a known version")
        .clone();
    let lifecycle = if version.has_initialize() {
        ClientLifecycleMode::Initialize
    } else {
        ClientLifecycleMode::Discover { preferred_versions: vec![version.clone()] }
    };
    let (progress, mut reports) = mpsc::unbounded_channel();
    let config = ClientConfig::new(ClientCapabilities::default(), Implementation::new("rmcp", "1"))
        .with_protocol_version(version);
    let starting = TokioChildProcess::builder(command(script)).stderr(Stdio::null()).spawn();
    let (transport, _no_stderr) = starting.expect("the server starts");
    let session = match (Listener { config, progress }).serve_with_lifecycle(transport, lifecycle).await {
        Ok(session) => session,
        Err(error) => {
            return vec![json!({"step": "connect", "error": {"code": null, "message": error.to_string()}})];
        }
    };
    let mut lines = vec![json!({"step": "connect", "ok": greeting(&session)})];
    for step in script["steps"].as_array().expect("steps") {
        lines.push(match perform(&session, &mut reports, step).await {
            Ok(result) => json!({"step": step["do"], "ok": result}),
            Err(ServiceError::McpError(error)) => {
                json!({"step": step["do"], "error": {"code": error.code.0, "message": error.message}})
            }
            Err(error) => json!({"step": step["do"], "error": {"code": null, "message": error.to_string()}}),
        });
    }
    session.cancel().await.expect("the session ends");
    lines
}

fn command(script: &Value) -> Command {
    let words: Vec<&str> =
        script["command"].as_array().expect("words").iter().filter_map(Value::as_str).collect();
    let mut command = Command::new(words[0]);
    let environment = script["env"].as_object().expect("an environment");
    command
        .args(&words[1..])
        .env_clear()
        .envs(environment.iter().map(|(k, v)| (k, v.as_str().unwrap_or_default())));
    command.current_dir(script["cwd"].as_str().expect("a folder"));
    command
}

/// The `connect` line of the other drivers.
fn greeting(session: &Session) -> Value {
    let info = session.peer_info().expect("a connected server said who it is");
    json!({
        "version": info.protocol_version.as_str(), "server": info.server_info,
        "capabilities": info.capabilities, "instructions": info.instructions,
    })
}

async fn perform(
    session: &Session,
    reports: &mut mpsc::UnboundedReceiver<ProgressNotificationParam>,
    step: &Value,
) -> Result<Value, ServiceError> {
    let handle = send(session, step).await?;
    let token = handle.progress_token.clone();
    match step["do"].as_str() {
        Some("cancel_call") => {
            while reports.recv().await.is_some_and(|report| report.progress_token != token) {}
            handle.cancel(Some("the user changed their mind".to_owned())).await?;
            Ok(json!({"cancelled": true}))
        }
        Some("call_with_progress") => {
            let result = value(&handle.await_response().await?);
            // The answer comes after the reports on the wire, and rmcp hands over both in order.
            let mut progress = Vec::new();
            while let Ok(report) = reports.try_recv() {
                progress.push(json!({"progress": report.progress, "total": report.total}));
            }
            Ok(json!({"progress": progress, "result": result}))
        }
        _ => Ok(value(&handle.await_response().await?)),
    }
}

async fn send(session: &Session, step: &Value) -> Result<RequestHandle<RoleClient>, ServiceError> {
    let (method, params) = request_of(step);
    let request: ClientRequest = serde_json::from_value(json!({"method": method, "params": params}))
        .expect("a request of the protocol");
    session.send_cancellable_request(request, PeerRequestOptions::no_options()).await
}

fn value(result: &ServerResult) -> Value {
    serde_json::to_value(result).expect("a result is JSON")
}
