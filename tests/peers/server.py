"""A server built on the Python SDK, over Streamable HTTP or HTTP+SSE: `server.py http|sse PORT`."""

import sys

import anyio
from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("python-server", instructions="for tests")


@server.tool(description="adds")
def add(a: float, b: float) -> str:
    return str(a + b)


@server.tool(description="reports progress")
async def slow(steps: int, pause_ms: int, context: Context) -> str:
    for step in range(1, steps + 1):
        await anyio.sleep(pause_ms / 1000)
        await context.report_progress(step, steps)
    return f"done after {steps}"


@server.tool(description="fails")
def fail() -> str:
    raise ValueError("this tool fails")


@server.resource("test://greeting", mime_type="text/plain")
def greeting() -> str:
    return "hello"


@server.resource("test://note/{name}", mime_type="text/plain")
def note(name: str) -> str:
    return f"note {name}"


@server.prompt(description="reviews")
def review(language: str) -> str:
    return f"Review this {language}"


transport, port = sys.argv[1:]
if transport == "http":
    server.run("streamable-http", port=int(port))
else:
    server.run("sse", port=int(port))
