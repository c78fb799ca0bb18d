// A gateway on the npm package `mcp-proxy`, for `cargo xtask bench http --peers`: `node mcp-proxy.mjs URL` says where it serves. Each
// session has a client of its own, as the package's own command has it; answers are JSON, and nothing is kept for resumption.
import { createServer } from "node:net";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Server } from "@modelcontextprotocol/server";
import { proxyServer, startHTTPServer } from "mcp-proxy";

const target = new URL(process.argv.at(-1));
const port = await new Promise((found) => {
  const free = createServer().listen(0, "127.0.0.1", () => {
    const { port } = free.address();
    free.close(() => found(port));
  });
});
await startHTTPServer({
  host: "127.0.0.1", port, enableJsonResponse: true, eventStore: false,
  createServer: async () => {
    const client = new Client({ name: "bench", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(target));
    const serverCapabilities = client.getServerCapabilities();
    const server = new Server(client.getServerVersion(), { capabilities: serverCapabilities });
    await proxyServer({ client, server, serverCapabilities });
    return server;
  },
});
console.log(`serving http://127.0.0.1:${port}/mcp`);
