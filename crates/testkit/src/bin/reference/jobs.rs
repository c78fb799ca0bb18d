//! Tools that become tasks.

use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{CallToolResult, InputRequest, Task};
use rmcp::task_manager::{TaskContext, TaskExit, TaskFuture, TaskManager, TaskOptions};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::answers::{fail, say};
use crate::asks::{elicit, form};
use crate::server::{read, result};

/// The tools that only clients of the extension may call.
pub(crate) const REQUIRED: [&str; 5] =
    ["failing_job", "protocol_error_job", "confirm_delete", "multi_input", "test_tool_with_task"];

/// Begins the job of a tool.
pub(crate) fn begin(
    tasks: &TaskManager,
    tool: &str,
    arguments: &Value,
    name: Option<String>,
) -> Option<Task> {
    let options = TaskOptions::new().with_poll_interval_ms(50);
    let seconds = arguments.get("seconds").and_then(Value::as_f64).unwrap_or_default().clamp(0.0, 600.0);
    let label = arguments.get("label").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(match tool {
        "slow_compute" => tasks.spawn(options, move |job| boxed(compute(job, seconds, label))),
        "failing_job" => tasks.spawn(options, |_| {
            boxed(async {
                sleep(Duration::from_secs(1)).await;
                Ok(fail("this job fails"))
            })
        }),
        "protocol_error_job" => tasks.spawn(options, |_| {
            boxed(async { Err(TaskExit::Error(ErrorData::internal_error("this job breaks", None))) })
        }),
        "confirm_delete" => tasks.spawn(options, |job| boxed(confirm(job))),
        "multi_input" => tasks.spawn(options, |job| boxed(two_inputs(job))),
        "test_tool_with_task" => {
            let name = name?;
            tasks.spawn(options, move |_| boxed(async move { Ok(say(&format!("Hello, {name}!"))) }))
        }
        _ => return None,
    })
}

fn boxed(job: impl Future<Output = Result<Value, TaskExit>> + Send + 'static) -> TaskFuture {
    Box::pin(async move { Ok(result::<CallToolResult>(job.await?)?) })
}

async fn compute(job: TaskContext, seconds: f64, label: String) -> Result<Value, TaskExit> {
    tokio::select! {
        () = job.cancelled() => Err(TaskExit::Cancelled),
        () = sleep(Duration::from_secs_f64(seconds)) => Ok(say(&format!("computed {label}"))),
    }
}

async fn confirm(job: TaskContext) -> Result<Value, TaskExit> {
    let confirm = json!({"confirm": {"type": "boolean"}});
    let answer = job.request_input("confirm", question("Delete it?", confirm, "confirm")?).await?;
    let sure = answer["content"]["confirm"] == true;
    Ok(say(if sure { "deleted" } else { "kept" }))
}

async fn two_inputs(job: TaskContext) -> Result<Value, TaskExit> {
    let text = || json!({"value": {"type": "string"}});
    let first = job.request_input("first", question("The first?", text(), "value")?);
    let second = job.request_input("second", question("The second?", text(), "value")?);
    let (first, second) = tokio::join!(first, second);
    Ok(say(&format!("{} and {}", first?["content"], second?["content"])))
}

fn question(message: &str, properties: Value, required: &str) -> Result<InputRequest, TaskExit> {
    Ok(read(elicit(form(message, properties, &[required])))?)
}
