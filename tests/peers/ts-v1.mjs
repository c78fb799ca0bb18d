// A client built on the TypeScript SDK v1. It always offers its newest version; an older one is put in as the message leaves.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { play, readScript } from "./steps.mjs";

const script = await readScript();
const [command, ...args] = script.command;

// The version is offered on any transport.
const offering = (Transport) => class extends Transport {
  setProtocolVersion(version) {
    this.negotiated = version;
    super.setProtocolVersion?.(version);
  }
  send(message, options) {
    if (message.method === "initialize") message.params.protocolVersion = script.protocol;
    return super.send(message, options);
  }
};

await play(script, async () => {
  const transport = command.startsWith("sse+http://") ? new (offering(SSEClientTransport))(new URL(command.slice("sse+".length)))
    : command.startsWith("http://") ? new (offering(StreamableHTTPClientTransport))(new URL(command))
    : new (offering(StdioClientTransport))({ command, args, env: script.env, cwd: script.cwd, stderr: "inherit" });
  const client = new Client({ name: "ts-v1", version: "1" }, { capabilities: {} });
  await client.connect(transport);
  client.negotiated = transport.negotiated;
  return client;
}, (client, params, options) => client.callTool(params, undefined, options));
