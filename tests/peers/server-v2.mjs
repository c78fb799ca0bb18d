// A server built on the TypeScript SDK v2, for what the published ones do not show at 2026-07-28: resources, templates,
// prompts, completion, progress, cancellation and a call that asks the user first. It serves both eras.
import { McpServer, ResourceTemplate, completable, inputRequired, inputResponse } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const text = (value) => ({ content: [{ type: "text", text: value }] });

function build() {
  const server = new McpServer({ name: "v2-server", version: "1" }, { instructions: "for tests" });

  server.registerTool("add", { description: "adds", inputSchema: z.object({ a: z.number(), b: z.number() }) },
    ({ a, b }) => text(String(a + b)));

  server.registerTool("remove", { description: "removes", inputSchema: z.object({ path: z.string() }) },
    ({ path }) => text(`removed ${path}`));

  server.registerTool("slow", { description: "reports progress", inputSchema: z.object({ steps: z.number(), pause_ms: z.number() }) },
    async ({ steps, pause_ms }, context) => {
      const token = context.mcpReq._meta?.progressToken;
      for (let progress = 1; progress <= steps; progress++) {
        await new Promise((wake) => setTimeout(wake, pause_ms));
        if (context.mcpReq.signal.aborted) return text("aborted");
        if (token !== undefined) {
          await context.mcpReq.notify({ method: "notifications/progress", params: { progressToken: token, progress, total: steps } });
        }
      }
      return text(`done after ${steps}`);
    });

  server.registerTool("ask", { description: "asks first" }, (context) => {
    const answer = inputResponse(context.mcpReq.inputResponses, "sure");
    if (answer.kind === "elicit") return text(`the user said ${answer.action}`);
    const question = inputRequired.elicit({ message: "Are you sure?", requestedSchema: { type: "object", properties: { yes: { type: "boolean" } } } });
    return inputRequired({ inputRequests: { sure: question }, requestState: "round 1" });
  });

  server.registerResource("greeting", "test://greeting", { mimeType: "text/plain" },
    (uri) => ({ contents: [{ uri: uri.href, mimeType: "text/plain", text: "hello" }] }));

  server.registerResource("note", new ResourceTemplate("test://note/{name}", { list: undefined }), { mimeType: "text/plain" },
    (uri, { name }) => ({ contents: [{ uri: uri.href, mimeType: "text/plain", text: `note ${name}` }] }));

  server.registerPrompt("review", { description: "reviews", argsSchema: z.object({
    language: completable(z.string(), (value) => ["python", "rust"].filter((name) => name.startsWith(value))),
  }) }, ({ language }) => ({ messages: [{ role: "user", content: { type: "text", text: `Review this ${language}` } }] }));

  return server;
}

serveStdio(build);
