// A client built on the TypeScript SDK v2: the `initialize` handshake up to 2025-11-25, `server/discover` from 2026-07-28 on.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { play, readScript } from "./steps.mjs";

const script = await readScript();
const [command, ...args] = script.command;
const modern = script.protocol >= "2026-07-28";

await play(script, async () => {
  const transport = command.startsWith("http://")
    ? new StreamableHTTPClientTransport(new URL(command))
    : new StdioClientTransport({ command, args, env: script.env, cwd: script.cwd, stderr: "inherit" });
  const client = new Client({ name: "ts-v2", version: "1" }, {
    capabilities: {},
    ...(modern ? { versionNegotiation: { mode: { pin: script.protocol } } } : { supportedProtocolVersions: [script.protocol] }),
  });
  await client.connect(transport);
  client.negotiated = client.getNegotiatedProtocolVersion();
  return client;
}, (client, params, options) => client.callTool(params, options));
