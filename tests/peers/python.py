"""A client built on the Python SDK: JSON script on stdin, one JSON line per step on stdout (see README.md)."""

import json
import sys

import anyio
import mcp.client.session
import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client


def dump(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True) if model is not None else None


def printed(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def with_progress(client, step):
    progress = []

    async def seen(done, total, message):
        progress.append({"progress": done, "total": total, "message": message})

    result = await client.call_tool(step["name"], step.get("arguments"), progress_callback=seen)
    return {"progress": progress, "result": dump(result)}


async def cancelled(client, step):
    with anyio.CancelScope() as scope:

        async def seen(_done, _total, _message):
            scope.cancel()

        await client.call_tool(step["name"], step.get("arguments"), progress_callback=seen)
    if not scope.cancelled_caught:
        raise RuntimeError("the call was answered although it was cancelled")
    return {"cancelled": True}


def reference(ref):
    return (types.PromptReference if ref["type"] == "ref/prompt" else types.ResourceTemplateReference)(**ref)


OPERATIONS = {
    "list_tools": lambda c, s: c.list_tools(),
    "list_resources": lambda c, s: c.list_resources(),
    "list_resource_templates": lambda c, s: c.list_resource_templates(),
    "list_prompts": lambda c, s: c.list_prompts(),
    "call_tool": lambda c, s: c.call_tool(s["name"], s.get("arguments")),
    "call_with_progress": with_progress,
    "cancel_call": cancelled,
    "read_resource": lambda c, s: c.read_resource(s["uri"]),
    "get_prompt": lambda c, s: c.get_prompt(s["name"], s.get("arguments")),
    "complete": lambda c, s: c.complete(reference(s["ref"]), s["argument"]),
    "ping": lambda c, s: c.send_ping(),
    "set_level": lambda c, s: c.set_logging_level(s["level"]),
}


async def perform(client, step):
    try:
        result = await OPERATIONS[step["do"]](client, step)
        return {"step": step["do"], "ok": result if isinstance(result, dict) else dump(result)}
    except MCPError as error:
        return {"step": step["do"], "error": {"code": error.error.code, "message": error.error.message}}
    except Exception as error:  # a client-side failure is an outcome of the step as well
        return {"step": step["do"], "error": {"code": None, "message": repr(error)}}


async def main():
    script = json.load(sys.stdin)
    modern = script["protocol"] >= "2026-07-28"
    if not modern:
        # The SDK always offers its newest handshake version; this is where it reads it.
        mcp.client.session.LATEST_HANDSHAKE_VERSION = script["protocol"]
    command, *args = script["command"]
    if command.startswith("sse+http://"):
        server = sse_client(command.removeprefix("sse+"))
    else:
        server = command if command.startswith("http://") else StdioServerParameters(command=command, args=args, env=script["env"], cwd=script["cwd"])
    # "auto" probes with `server/discover`, which a pinned version would skip.
    async with Client(server, mode="auto" if modern else "legacy") as client:
        printed({"step": "connect", "ok": {
            "version": client.protocol_version, "server": dump(client.server_info),
            "capabilities": dump(client.server_capabilities), "instructions": client.instructions,
        }})
        for step in script["steps"]:
            printed(await perform(client, step))


try:
    anyio.run(main)
except BaseException as error:
    printed({"step": "connect", "error": {"code": None, "message": repr(error)}})
    raise SystemExit(1)
