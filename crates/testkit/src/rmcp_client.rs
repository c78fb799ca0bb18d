//! A client built on rmcp. It plays the same script as the drivers in `tests/peers`, in this process.

use crate::script::request_of;
use rmcp::model::{
    ClientCapabilities, ClientConfig, ClientRequest, Implementation, ProgressNotificationParam,
    ProtocolVersion, ServerResult,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestHandle, RunningService, ServiceError};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess, UnixSocketHttpClient};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::net::{TcpStream, UnixListener};
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
    let listener = Listener { config, progress };
    let started = match script["command"][0].as_str().filter(|word| word.starts_with("http://")) {
        Some(url) => {
            let socket = socket_to(url);
            let path = socket.path().join("http").display().to_string();
            // It writes what it is given into the first line of a request, where servers expect a path.
            let at = url.splitn(4, '/').last().expect("a path");
            let with = StreamableHttpClientTransportConfig::with_uri(format!("/{at}"));
            let client = UnixSocketHttpClient::new(&path, url);
            let transport = StreamableHttpClientTransport::with_client(client, with);
            let session = listener.serve_with_lifecycle(transport, lifecycle).await;
            session.map(|session| (session, Some(socket))).map_err(|error| error.to_string())
        }
        None => {
            let starting = TokioChildProcess::builder(command(script)).stderr(Stdio::null()).spawn();
            let (transport, _no_stderr) = starting.expect("the server starts");
            let session = listener.serve_with_lifecycle(transport, lifecycle).await;
            session.map(|session| (session, None)).map_err(|error| error.to_string())
        }
    };
    let (session, _socket) = match started {
        Ok(started) => started,
        Err(error) => {
            return vec![json!({"step": "connect", "error": {"code": null, "message": error}})];
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

/// A socket in a folder of its own, by which `url` is reached. Of rmcp's two clients over HTTP this is the one on hyper; the other
/// would bring a second library for HTTP along.
fn socket_to(url: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = UnixListener::bind(folder.path().join("http")).expect("a socket");
    let host = url.trim_start_matches("http://").split('/').next().expect("a host").to_owned();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let host = host.clone();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(host).await.expect("the server is there");
                // How a connection ends is for its client to judge.
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    folder
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
