//! The method table: every request and notification of every version, who may send it, and what governs it.
//!
//! Data, not types: a new protocol version is new rows. Source: the specification of each version; `docs/reference/wire.md`
//! is generated from this table's order.

use crate::message::Direction;
use crate::version::Version;

/// Whether a method is sent with an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Request,
    Notification,
}

/// What decides over a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Governed {
    /// Part of the protocol's own life: forwarded after its checks, no rule asked.
    Protocol,
    /// A list whose answer is filtered item by item.
    List(Item),
    /// `params.name` and `params.arguments`, as a tool.
    Tool,
    /// `params.uri`, as a resource.
    Resource,
    /// `params.name` and `params.arguments`, as a prompt.
    Prompt,
    /// `params.ref`, as a completion.
    Completion,
    /// Resource URIs and notification kinds that a listener asks for.
    Listen,
    /// `params.taskId`: only ids that this run made.
    Task,
    Sampling,
    Elicitation,
    Roots,
    /// A notification about a request in flight.
    InFlight,
    /// A server's log line or change notice.
    Notice,
}

/// What a list holds, and how its items are named in a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    Tool,
    Prompt,
    Resource,
    ResourceTemplate,
    Task,
    Skill,
}

impl Item {
    /// The member of the result that holds the list.
    #[must_use]
    pub fn member(self) -> &'static str {
        match self {
            Item::Tool => "tools",
            Item::Prompt => "prompts",
            Item::Resource => "resources",
            Item::ResourceTemplate => "resourceTemplates",
            Item::Task => "tasks",
            Item::Skill => "skills",
        }
    }

    /// The method that lists it.
    #[must_use]
    pub fn listed_by(self) -> &'static str {
        match self {
            Item::Tool => "tools/list",
            Item::Prompt => "prompts/list",
            Item::Resource => "resources/list",
            Item::ResourceTemplate => "resources/templates/list",
            Item::Task => "tasks/list",
            Item::Skill => "skills/list",
        }
    }

    /// The member of an item by which rules name it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Item::Tool | Item::Prompt => "name",
            Item::Resource | Item::Skill => "uri",
            Item::ResourceTemplate => "uriTemplate",
            Item::Task => "taskId",
        }
    }
}

impl Item {
    /// The members of an item that name it or reach the model.
    #[must_use]
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Item::Tool => &[
                "name",
                "title",
                "description",
                "inputSchema",
                "outputSchema",
                "annotations",
                "icons",
                "execution",
                "_meta",
            ],
            Item::Prompt => &["name", "title", "description", "arguments", "icons", "_meta"],
            Item::Resource => {
                &["uri", "name", "title", "description", "mimeType", "annotations", "icons", "size", "_meta"]
            }
            Item::ResourceTemplate => {
                &["uriTemplate", "name", "title", "description", "mimeType", "annotations", "icons", "_meta"]
            }
            Item::Task => &["taskId", "status", "statusMessage", "_meta"],
            Item::Skill => &["uri", "frontmatter", "resources", "_meta"],
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    pub name: &'static str,
    pub form: Form,
    /// The direction in which it travels; `None` for both.
    pub direction: Option<Direction>,
    pub since: Version,
    /// The last version that has it.
    pub until: Version,
    pub governed: Governed,
    /// The members of `params` that a decision reads: no variant spelling of them may stand beside them.
    pub fields: &'static [&'static str],
}

impl Method {
    /// True if in `version` this is a message of its own in `direction`.
    ///
    /// In the modern era a server sends no requests: what it wants to ask stands in the `inputRequests` of a result, by
    /// the names of the methods that [`Method::in_version`] still knows.
    #[must_use]
    pub fn travels(&self, version: Version, direction: Direction) -> bool {
        let asked = self.form == Form::Request && direction == Direction::ToClient && version.is_modern();
        self.in_version(version) && self.direction.is_none_or(|only| only == direction) && !asked
    }

    /// True if `version` has this method.
    #[must_use]
    pub fn in_version(&self, version: Version) -> bool {
        self.since <= version && version <= self.until
    }
}

const OLDEST: Version = Version::V2024_11_05;
const LAST_LEGACY: Version = Version::V2025_11_25;
const NEWEST: Version = Version::V2026_07_28;
const UP: Option<Direction> = Some(Direction::ToServer);
const DOWN: Option<Direction> = Some(Direction::ToClient);
const ARGUED: &[&str] = &["name", "arguments", "task", "inputResponses", "requestState", "_meta"];
const READ: &[&str] = &["uri", "cursor", "inputResponses", "requestState", "_meta"];
const TASK: &[&str] = &["taskId", "inputResponses", "_meta"];
const PAGE: &[&str] = &["cursor", "_meta"];
const META: &[&str] = &["_meta"];
const INITIALIZE: &[&str] = &["protocolVersion", "capabilities", "clientInfo", "_meta"];
const PROGRESS: &[&str] = &["progressToken", "progress", "total", "message", "_meta"];
const SAMPLING: &[&str] = &[
    "messages",
    "systemPrompt",
    "includeContext",
    "modelPreferences",
    "maxTokens",
    "stopSequences",
    "metadata",
    "tools",
    "toolChoice",
    "task",
    "_meta",
];
const ELICITATION: &[&str] = &["mode", "message", "requestedSchema", "url", "elicitationId", "task", "_meta"];
const TASK_STATUS: &[&str] =
    &["taskId", "status", "statusMessage", "result", "error", "inputRequests", "_meta"];

const fn request(
    name: &'static str,
    direction: Option<Direction>,
    versions: (Version, Version),
    governed: Governed,
    fields: &'static [&'static str],
) -> Method {
    Method { name, form: Form::Request, direction, since: versions.0, until: versions.1, governed, fields }
}

const fn notification(
    name: &'static str,
    direction: Option<Direction>,
    versions: (Version, Version),
    governed: Governed,
    fields: &'static [&'static str],
) -> Method {
    Method {
        name,
        form: Form::Notification,
        direction,
        since: versions.0,
        until: versions.1,
        governed,
        fields,
    }
}

const LEGACY: (Version, Version) = (OLDEST, LAST_LEGACY);
const EVERY: (Version, Version) = (OLDEST, NEWEST);
const ONLY_MODERN: (Version, Version) = (NEWEST, NEWEST);
const SINCE_ELICITATION: (Version, Version) = (Version::V2025_06_18, NEWEST);
const LEGACY_TASKS: (Version, Version) = (LAST_LEGACY, LAST_LEGACY);
const TASKS: (Version, Version) = (LAST_LEGACY, NEWEST);

/// Every method that Bailiwick governs. A method that is not here is refused while a policy is enforced.
pub const METHODS: &[Method] = &[
    request("initialize", UP, LEGACY, Governed::Protocol, INITIALIZE),
    request("server/discover", UP, ONLY_MODERN, Governed::Protocol, META),
    request("ping", None, LEGACY, Governed::Protocol, META),
    request("logging/setLevel", UP, LEGACY, Governed::Protocol, &["level", "_meta"]),
    request("tools/list", UP, EVERY, Governed::List(Item::Tool), PAGE),
    request("tools/call", UP, EVERY, Governed::Tool, ARGUED),
    request("resources/list", UP, EVERY, Governed::List(Item::Resource), PAGE),
    request("resources/templates/list", UP, EVERY, Governed::List(Item::ResourceTemplate), PAGE),
    request("resources/read", UP, EVERY, Governed::Resource, READ),
    request("resources/subscribe", UP, LEGACY, Governed::Resource, READ),
    request("resources/unsubscribe", UP, LEGACY, Governed::Resource, READ),
    request("resources/directory/read", UP, ONLY_MODERN, Governed::Resource, READ),
    request("skills/list", UP, ONLY_MODERN, Governed::List(Item::Skill), PAGE),
    request("skills/get", UP, ONLY_MODERN, Governed::Resource, READ),
    request(
        "subscriptions/listen",
        UP,
        ONLY_MODERN,
        Governed::Listen,
        &["notifications", "taskIds", "_meta"],
    ),
    request("prompts/list", UP, EVERY, Governed::List(Item::Prompt), PAGE),
    request("prompts/get", UP, EVERY, Governed::Prompt, ARGUED),
    request("completion/complete", UP, EVERY, Governed::Completion, &["ref", "argument", "context", "_meta"]),
    request("tasks/list", None, LEGACY_TASKS, Governed::List(Item::Task), PAGE),
    request("tasks/get", None, TASKS, Governed::Task, TASK),
    request("tasks/result", None, LEGACY_TASKS, Governed::Task, TASK),
    request("tasks/cancel", None, TASKS, Governed::Task, TASK),
    request("tasks/update", UP, ONLY_MODERN, Governed::Task, TASK),
    request("sampling/createMessage", DOWN, EVERY, Governed::Sampling, SAMPLING),
    request("elicitation/create", DOWN, SINCE_ELICITATION, Governed::Elicitation, ELICITATION),
    request("roots/list", DOWN, EVERY, Governed::Roots, META),
    notification("notifications/initialized", UP, LEGACY, Governed::Protocol, META),
    notification(
        "notifications/cancelled",
        None,
        EVERY,
        Governed::InFlight,
        &["requestId", "reason", "_meta"],
    ),
    notification("notifications/progress", None, EVERY, Governed::InFlight, PROGRESS),
    notification("notifications/roots/list_changed", UP, LEGACY, Governed::Roots, META),
    notification(
        "notifications/message",
        DOWN,
        EVERY,
        Governed::Notice,
        &["level", "logger", "data", "_meta"],
    ),
    notification("notifications/resources/updated", DOWN, EVERY, Governed::Notice, &["uri", "_meta"]),
    notification("notifications/resources/list_changed", DOWN, EVERY, Governed::Notice, META),
    notification("notifications/tools/list_changed", DOWN, EVERY, Governed::Notice, META),
    notification("notifications/prompts/list_changed", DOWN, EVERY, Governed::Notice, META),
    notification(
        "notifications/elicitation/complete",
        DOWN,
        LEGACY_TASKS,
        Governed::Notice,
        &["elicitationId", "_meta"],
    ),
    notification("notifications/tasks/status", None, LEGACY_TASKS, Governed::Notice, TASK_STATUS),
    notification("notifications/tasks", DOWN, ONLY_MODERN, Governed::Notice, TASK_STATUS),
    notification(
        "notifications/subscriptions/acknowledged",
        DOWN,
        ONLY_MODERN,
        Governed::Notice,
        &["notifications", "_meta"],
    ),
];

/// The row of `name`, exactly as it is written on the wire.
#[must_use]
pub fn find(name: &str) -> Option<&'static Method> {
    // Most names are told apart by their length and their end.
    let end = name.as_bytes().last();
    let perhaps = |method: &&Method| method.name.len() == name.len() && method.name.as_bytes().last() == end;
    METHODS.iter().filter(perhaps).find(|method| method.name == name)
}
