// A server on the TypeScript SDK v2 with what the official conformance suite asks of one: legacy sessions with resumption, and
// 2026-07-28. `PORT=3912 node server.mjs` serves at http://127.0.0.1:PORT/mcp, `node server.mjs stdio` over its standard streams.
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { McpServer, ProtocolError, ResourceTemplate, createMcpHandler, createRequestStateCodec, fromJsonSchema, inputRequired, inputResponse, isLegacyRequest } from "@modelcontextprotocol/server";
import { NodeStreamableHTTPServerTransport, localhostHostValidation, localhostOriginValidation, toNodeHandler, toWebRequest } from "@modelcontextprotocol/node";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA==";
const say = (text) => ({ content: [{ type: "text", text }] });
const pause = (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds));
const form = (message, properties, required = Object.keys(properties)) =>
  ({ message, requestedSchema: { type: "object", properties, required } });
const sample = (text, maxTokens) => ({ messages: [{ role: "user", content: { type: "text", text } }], maxTokens });
const state = createRequestStateCodec({ key: "a fixture keeps no secrets, but 32 bytes" });

function content(server) {
  const tool = (name, description, run, inputSchema) =>
    inputSchema ? server.registerTool(name, { description, inputSchema }, run) : server.registerTool(name, { description }, (context) => run({}, context));
  tool("test_simple_text", "answers with text", () => say("This is a simple text response for testing."));
  tool("test_image_content", "answers with an image", () => ({ content: [{ type: "image", data: PIXEL, mimeType: "image/png" }] }));
  tool("test_audio_content", "answers with sound", () => ({ content: [{ type: "audio", data: SILENCE, mimeType: "audio/wav" }] }));
  tool("test_embedded_resource", "answers with a resource", () =>
    ({ content: [{ type: "resource", resource: { uri: "test://embedded-resource", mimeType: "text/plain", text: "This is an embedded resource content." } }] }));
  tool("test_multiple_content_types", "answers with several", () => ({ content: [
    { type: "text", text: "Multiple content types test:" },
    { type: "image", data: PIXEL, mimeType: "image/png" },
    { type: "resource", resource: { uri: "test://mixed-content-resource", mimeType: "application/json", text: '{"test":"data","value":123}' } },
  ] }));
  tool("test_error_handling", "fails", () => { throw new Error("This tool intentionally returns an error for testing"); });
  const logs = async (_, context) => {
    for (const words of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
      await context.mcpReq.log("info", words);
      await pause(50);
    }
    return say("logged");
  };
  tool("test_tool_with_logging", "logs three times", logs);
  tool("test_logging_tool", "logs three times", logs);
  tool("test_tool_with_progress", "reports progress", async (_, context) => {
    const progressToken = context.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) await context.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
      await pause(50);
    }
    return say("done");
  });
  tool("test_reconnection", "closes its stream and goes on", async (_, context) => {
    context.http?.closeSSE?.();
    await pause(100);
    return say("the client came back");
  });
  tool("json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features", ({ name }) => say(String(name)), fromJsonSchema({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: { address: { $anchor: "addressDef", type: "object", properties: { street: { type: "string" }, city: { type: "string" } } } },
    properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" }, contactMethod: { type: "string", enum: ["phone", "email"] },
      phone: { type: "string" }, email: { type: "string" } },
    allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
    if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
    then: { required: ["phone"] },
    else: { required: ["email"] },
    additionalProperties: false,
  }));
  tool("test_headers", "has an argument that is a header too", ({ region }) => say(String(region)), fromJsonSchema({
    type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } }, required: ["region"] }));
  asksBack(server, tool);
  asksInside(tool);
  changes(server, tool);
  prompts(server);
  resources(server);
}

// Requests of the server to the client, before 2026-07-28. Each on the stream of the call that it is for: without that the SDK
// sends them on the client's GET stream, and forgets them if that is not open yet, as it may be while the first call arrives.
function asksBack(server, tool) {
  const related = (context) => ({ relatedRequestId: context.mcpReq.id });
  tool("test_sampling", "asks a model", async ({ prompt }, context) => {
    const answer = await context.mcpReq.requestSampling(sample(prompt, 100), related(context));
    return say(`LLM response: ${answer.content.text}`);
  }, z.object({ prompt: z.string() }));
  const elicits = (name, ask) => tool(name, "asks the user", async (_, context) => {
    const answer = await context.mcpReq.elicitInput(ask, related(context));
    return say(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
  });
  tool("test_elicitation", "asks the user", async ({ message }, context) => {
    const answer = await context.mcpReq.elicitInput(form(message, {
      username: { type: "string", description: "User's response" }, email: { type: "string", description: "User's email address" } }), related(context));
    return say(`User response: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
  }, z.object({ message: z.string() }));
  elicits("test_elicitation_sep1034_defaults", form("Defaults", {
    name: { type: "string", default: "John Doe" }, age: { type: "integer", default: 30 }, score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" }, verified: { type: "boolean", default: true } }, []));
  const titled = (key, word) => [1, 2, 3].map((n) => ({ const: `value${n}`, title: `${["First", "Second", "Third"][n - 1]} ${word}` }));
  elicits("test_elicitation_sep1330_enums", form("Choices", {
    untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
    titledSingle: { type: "string", oneOf: titled("s", "Option") },
    legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["Option One", "Option Two", "Option Three"] },
    untitledMulti: { type: "array", items: { type: "string", enum: ["option1", "option2", "option3"] } },
    titledMulti: { type: "array", items: { anyOf: titled("m", "Choice") } } }, []));
}

// Questions inside of answers, in 2026-07-28.
function asksInside(tool) {
  const name = { name: { type: "string" } };
  const answered = (context, key, kind) => {
    const answer = inputResponse(context.mcpReq.inputResponses, key);
    return answer.kind === kind ? answer : undefined;
  };
  const accepted = (context, key) => {
    const answer = answered(context, key, "elicit");
    return answer?.action === "accept" && answer.content && typeof answer.content === "object" ? answer.content : undefined;
  };
  tool("test_input_required_result_elicitation", "asks a name", (_, context) => {
    const given = accepted(context, "user_name");
    if (typeof given?.name === "string") return say(`Hello, ${given.name}!`);
    return inputRequired({ inputRequests: { user_name: inputRequired.elicit(form("What is your name?", name)) } });
  });
  tool("test_streaming_elicitation", "asks a name", (_, context) => accepted(context, "user_name")
    ? say("thanks") : inputRequired({ inputRequests: { user_name: inputRequired.elicit(form("What is your name?", name)) } }));
  tool("test_input_required_result_sampling", "asks a model", (_, context) => {
    const answer = answered(context, "capital_question", "sampling");
    if (answer) return say(`The model says: ${JSON.stringify(answer.result?.content ?? answer.content ?? answer)}`);
    return inputRequired({ inputRequests: { capital_question: inputRequired.createMessage(sample("What is the capital of France?", 100)) } });
  });
  tool("test_input_required_result_list_roots", "asks for roots", (_, context) => {
    const answer = answered(context, "client_roots", "roots");
    if (answer) return say(`Roots: ${JSON.stringify(answer.roots)}`);
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  const confirm = form("Please confirm", { ok: { type: "boolean" } });
  for (const [tool_name, words] of [["test_input_required_result_request_state", "state-ok"], ["test_input_required_result_tampered_state", "state-ok"]]) {
    tool(tool_name, "keeps a state with the client", async (_, context) => {
      if (context.mcpReq.requestState() !== undefined && accepted(context, "confirm")) return say(words);
      return inputRequired({ inputRequests: { confirm: inputRequired.elicit(confirm) }, requestState: await state.mint({ round: 1 }) });
    });
  }
  tool("test_input_required_result_multiple_inputs", "asks for three things", async (_, context) => {
    const all = accepted(context, "user_name") && answered(context, "greeting", "sampling") && answered(context, "client_roots", "roots");
    if (all) return say("all answered");
    return inputRequired({ inputRequests: {
      user_name: inputRequired.elicit(form("What is your name?", name)),
      greeting: inputRequired.createMessage(sample("Generate a greeting", 50)),
      client_roots: inputRequired.listRoots() }, requestState: await state.mint({ round: 1 }) });
  });
  tool("test_input_required_result_multi_round", "asks twice", async (_, context) => {
    const color = accepted(context, "step2");
    if (color) return say(`${context.mcpReq.requestState()?.name} likes ${color.color}`);
    const step1 = accepted(context, "step1");
    if (step1) {
      return inputRequired({ inputRequests: { step2: inputRequired.elicit(form("Step 2: What is your favorite color?", { color: { type: "string" } })) },
        requestState: await state.mint({ round: 2, name: step1.name }) });
    }
    return inputRequired({ inputRequests: { step1: inputRequired.elicit(form("Step 1: What is your name?", name)) }, requestState: await state.mint({ round: 1 }) });
  });
  tool("test_input_required_result_capabilities", "asks what the client can answer", (_, context) => {
    const able = context.mcpReq.envelope?.["io.modelcontextprotocol/clientCapabilities"] ?? {};
    const inputRequests = {};
    if (able.sampling) inputRequests.capital = inputRequired.createMessage(sample("What is the capital of France?", 100));
    if (able.elicitation) inputRequests.user_name = inputRequired.elicit(form("What is your name?", name));
    return inputRequired({ inputRequests });
  });
  tool("test_missing_capability", "needs a model", (_, context) => {
    if (answered(context, "needed", "sampling")) return say("answered");
    return inputRequired({ inputRequests: { needed: inputRequired.createMessage(sample("x", 10)) } });
  });
}

const tell = { tools: () => {}, prompts: () => {} };

function changes(server, tool) {
  tool("test_trigger_tool_change", "says that the tools changed", () => { tell.tools(); server.sendToolListChanged?.(); return say("said"); });
  tool("test_trigger_prompt_change", "says that the prompts changed", () => { tell.prompts(); server.sendPromptListChanged?.(); return say("said"); });
}

function prompts(server) {
  const user = (content) => ({ role: "user", content });
  const prompt = (name, description, messages, argsSchema) =>
    server.registerPrompt(name, argsSchema ? { description, argsSchema } : { description }, messages);
  prompt("test_simple_prompt", "a simple one", () => ({ messages: [user({ type: "text", text: "This is a simple prompt for testing." })] }));
  prompt("test_prompt_with_arguments", "one with arguments", ({ arg1, arg2 }) =>
    ({ messages: [user({ type: "text", text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })] }), z.object({ arg1: z.string(), arg2: z.string() }));
  prompt("test_prompt_with_embedded_resource", "one with a resource", ({ resourceUri }) => ({ messages: [
    user({ type: "resource", resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." } }),
    user({ type: "text", text: "Please process the embedded resource above." })] }), z.object({ resourceUri: z.string() }));
  prompt("test_prompt_with_image", "one with an image", () => ({ messages: [
    user({ type: "image", data: PIXEL, mimeType: "image/png" }), user({ type: "text", text: "Please analyze the image above." })] }));
  prompt("test_input_required_result_prompt", "one that asks", (context) => {
    const answer = inputResponse(context.mcpReq.inputResponses, "user_context");
    if (answer.kind === "elicit" && answer.action === "accept") return { messages: [user({ type: "text", text: `In ${answer.content?.context}` })] };
    return inputRequired({ inputRequests: { user_context: inputRequired.elicit(form("What context should the prompt use?", { context: { type: "string" } })) } });
  });
  server.server.setRequestHandler("completion/complete", () => ({ completion: { values: [], total: 0, hasMore: false } }));
}

function resources(server) {
  const text = (uri, mimeType, text) => ({ contents: [{ uri: uri.href, mimeType, text }] });
  server.registerResource("static-text", "test://static-text", { description: "text", mimeType: "text/plain" },
    (uri) => text(uri, "text/plain", "This is the content of the static text resource."));
  server.registerResource("static-binary", "test://static-binary", { description: "an image", mimeType: "image/png" },
    (uri) => ({ contents: [{ uri: uri.href, mimeType: "image/png", blob: PIXEL }] }));
  server.registerResource("watched", "test://watched-resource", { description: "watched", mimeType: "text/plain" }, (uri) => text(uri, "text/plain", "watched"));
  server.registerResource("template", new ResourceTemplate("test://template/{id}/data", { list: undefined }), { description: "by id", mimeType: "application/json" },
    (uri, { id }) => text(uri, "application/json", JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })));
}

const CAPABILITIES = { tools: { listChanged: true }, prompts: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {}, completions: {} };

function build() {
  const server = new McpServer({ name: "bailiwick-conformance", version: "1" }, {
    capabilities: CAPABILITIES, requestState: { verify: state.verify }, cacheHints: undefined });
  content(server);
  return server;
}

function buildLegacy() {
  const server = build();
  const watched = new Set();
  server.server.setRequestHandler("resources/subscribe", ({ params }) => { watched.add(params.uri); return {}; });
  server.server.setRequestHandler("resources/unsubscribe", ({ params }) => { watched.delete(params.uri); return {}; });
  return server;
}

// Events of one session, for resumption.
class Events {
  #kept = [];
  async storeEvent(stream, message) {
    this.#kept.push({ id: `${stream}_${this.#kept.length}`, stream, message });
    return this.#kept.at(-1).id;
  }
  async getStreamIdForEventId(id) {
    return this.#kept.find((event) => event.id === id)?.stream;
  }
  async replayEventsAfter(id, { send }) {
    const at = this.#kept.findIndex((event) => event.id === id);
    const stream = this.#kept[at]?.stream ?? "";
    for (const event of this.#kept.slice(at + 1)) {
      if (event.stream === stream && Object.keys(event.message).length > 0) await send(event.id, event.message);
    }
    return stream;
  }
}

const sessions = new Map();
const modern = createMcpHandler(build, { legacy: "reject" });
tell.tools = () => modern.notify?.toolsChanged?.();
tell.prompts = () => modern.notify?.promptsChanged?.();
const modernNode = toNodeHandler(modern);
const checks = [localhostHostValidation(), localhostOriginValidation()];

async function legacy(request, response, body) {
  const known = sessions.get(request.headers["mcp-session-id"]);
  if (known) return known.handleRequest(request, response, body);
  if (request.headers["mcp-session-id"] || body?.method !== "initialize") {
    const status = request.headers["mcp-session-id"] ? 404 : request.method === "POST" ? 400 : 405;
    response.writeHead(status, { "content-type": "application/json" });
    return response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32000, message: "no session" } }));
  }
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID, eventStore: new Events(), retryInterval: 500,
    onsessioninitialized: (id) => sessions.set(id, transport) });
  transport.onclose = () => sessions.delete(transport.sessionId);
  await buildLegacy().connect(transport);
  return transport.handleRequest(request, response, body);
}

if (process.argv[2] === "stdio") serveStdio((context) => context?.era === "modern" ? build() : buildLegacy());
else createServer(async (request, response) => {
  try {
    if (!checks.every((check) => check(request, response))) return;
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    let body;
    try { body = text === "" ? undefined : JSON.parse(text); } catch {
      response.writeHead(400, { "content-type": "application/json" });
      return response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32700, message: "not JSON" } }));
    }
    const old = request.method !== "POST" ? request.headers["mcp-session-id"] !== undefined : await isLegacyRequest(await toWebRequest(request, body), body);
    await (old ? legacy(request, response, body) : modernNode(request, response, body));
  } catch (error) {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}).listen(Number(process.env.PORT ?? 0), "127.0.0.1", function () {
  console.log(`listening ${this.address().port}`);
});
