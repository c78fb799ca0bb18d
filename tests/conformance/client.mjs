// A client on the TypeScript SDK v2 that does what the official suite's servers ask of one. `node client.mjs URL`; with
// GATEWAY_UNDER_TEST, a command in words separated by line ends, it speaks to URL through that gateway.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";
import { Owner } from "./owner.mjs";

const version = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION ?? "2025-11-25";
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT || "{}");
const modern = version >= "2026-07-28";

// Starts the gateway before `target`, and gives its endpoint.
async function through(target) {
  const [command, ...words] = process.env.GATEWAY_UNDER_TEST.split("\n");
  const gateway = spawn(command, [...words, "--listen", "127.0.0.1:0", "--target", target], { stdio: ["ignore", "ignore", "pipe"] });
  process.on("exit", () => gateway.kill());
  for await (const line of createInterface({ input: gateway.stderr })) {
    const url = /serving (http:\S+)/.exec(line)?.[1];
    if (url) {
      gateway.stderr.resume();
      return url;
    }
  }
  throw new Error("the gateway does not serve");
}

// An argument of this kind. A tool that wants a schema gets that of another tool, as it arrived here.
function sample(schema, tools) {
  if (schema?.type === "object") return tools.find((tool) => tool.inputSchema.$schema)?.inputSchema ?? {};
  return { number: 5, integer: 5, boolean: true, array: [] }[schema?.type] ?? "text";
}

async function call(client, name, given) {
  // That a call fails is for the suite to judge.
  await authorized(() => client.callTool({ name, arguments: given })).catch((error) => console.error(name, error.message));
}

// Does it again once its owner has consented, as often as an owner would.
async function authorized(act, tries = 2) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || tries === 0 || !owner.came) throw error;
    await transport.finishAuth(owner.came);
    owner.came = undefined;
    return authorized(act, tries - 1);
  }
}

async function visit(client) {
  const { tools } = await client.listTools();
  const named = context.toolCalls ?? tools.map(({ name, inputSchema }) => ({
    name, arguments: Object.fromEntries(Object.entries(inputSchema.properties ?? {}).map(([key, schema]) => [key, sample(schema, tools)])) }));
  for (const { name, arguments: given } of named) await call(client, name, given);
  const able = client.getServerCapabilities() ?? {};
  if (able.resources) for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri });
  if (able.prompts) for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name, arguments: {} });
}

const target = process.argv.at(-1);
const url = process.env.GATEWAY_UNDER_TEST ? await through(target) : target;
const client = new Client({ name: "conformance", version: "1" }, {
  capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
  ...(modern ? { versionNegotiation: { mode: { pin: version } } } : {}),
});
client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: {} }));
client.setRequestHandler("sampling/createMessage", () => ({ role: "assistant", content: { type: "text", text: "yes" }, model: "none" }));
client.setRequestHandler("roots/list", () => ({ roots: [] }));
// The scenarios of authorization are those with a context, or a name that says so.
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? "";
const owner = new Owner(context, url !== target);
let transport;
await authorized(() => {
  transport = new StreamableHTTPClientTransport(new URL(url), scenario.startsWith("auth/") ? { authProvider: owner } : {});
  return client.connect(transport);
});
await visit(client);
await client.close();
process.exit(0);
