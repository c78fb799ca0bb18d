"""An MCP server that believes everything it reads, writes down what reached it, and misbehaves on request.

$RECORDER_LOG     file that gets one JSON line per line read: {"line": …, "fault": …, "calls": [[method, name], …]}; "line" is
                  the line's bytes as latin-1, "fault" what strict.py says of it, "calls" what this server makes of it.
$RECORDER_MODE    comma list of
  first           of two equal keys the first counts (Python, Node and serde take the last)
  caseless        the case of keys does not matter
  batch           executes arrays
  universal       a bare CR ends a line as well (Python's own servers read so)
  hush            answers nothing but `initialize`, lists of tools and pings, until the client's roots change; then all it owes
  deaf            reads nothing more after the first ping
  tools=N         lists N more tools
  rug             the second tools/list has another description
  instant         dies before it reads anything, with status 7
  stubborn        ignores SIGTERM and the end of its input

Its tools (`echo` apart) do harm by their arguments: see TOOLS.
"""

import json
import os
import signal
import subprocess
import sys
import time

import strict

MODE = dict((word.split("=", 1) + [""])[:2] for word in os.environ.get("RECORDER_MODE", "").split(",") if word)
LOG = open(os.environ.get("RECORDER_LOG", os.devnull), "a", buffering=1, encoding="ascii")
KNOWN_KEYS = {"jsonrpc", "id", "method", "params", "name", "arguments", "uri"}
owed = []
lists = 0


def put(raw):
    """Writes bytes as they are and all of them."""
    view = memoryview(raw)
    while view:
        view = view[os.write(1, view):]


def send(message):
    put(json.dumps(message, separators=(",", ":")).encode() + b"\n")


def lenient_pairs(pairs):
    if "caseless" in MODE:
        pairs = [(key.lower() if key.lower() in KNOWN_KEYS else key, value) for key, value in pairs]
    if "first" in MODE:
        pairs = pairs[::-1]
    return dict(pairs)


def text(value):
    return {"content": [{"type": "text", "text": value}]}


def echo(_message, arguments):
    return text(json.dumps(arguments, sort_keys=True))


def emit(_message, arguments):
    """Puts `before` (latin-1) on stdout, then answers, unless `mute`."""
    put(arguments["before"].encode("latin-1"))
    return None if arguments.get("mute") else text("emitted")


def big(message, arguments):
    """Answers with `bytes` of text; `id_last` puts the id behind it."""
    head, tail = ('{"jsonrpc":"2.0",', "}"), f'"id":{json.dumps(message["id"])}'
    chunk = b"A" * (1 << 20)
    put((head[0] + (tail + "," if not arguments.get("id_last") else "")
         + '"result":{"content":[{"type":"text","text":"').encode())
    for _ in range(arguments["bytes"] >> 20):
        put(chunk)
    put(('"}]}' + ("," + tail if arguments.get("id_last") else "") + head[1] + "\n").encode())
    return None


def die(message, arguments):
    """Exits with `status`, or by `signal`; `half` leaves the first half of an answer behind."""
    if arguments.get("half"):
        put(b'{"jsonrpc":"2.0","id":' + json.dumps(message["id"]).encode() + b',"result":{"content":[{"ty')
    if "signal" in arguments:
        signal.signal(arguments["signal"], signal.SIG_DFL) if arguments["signal"] != signal.SIGKILL else None
        os.kill(os.getpid(), arguments["signal"])
    os._exit(arguments.get("status", 0))


def spawn(_message, arguments):
    """Starts a grandchild that outlives us if nobody ends it; `detached` puts it in a session of its own."""
    program = "import signal,time\n" + ("signal.signal(signal.SIGTERM,signal.SIG_IGN)\n" if arguments.get("stubborn") else "")
    child = subprocess.Popen([sys.executable, "-c", program + "time.sleep(600)"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, start_new_session=bool(arguments.get("detached")))
    return text(str(child.pid))


def complain(_message, arguments):
    """Writes `text` on stderr."""
    sys.stderr.write(arguments["text"])
    sys.stderr.flush()
    return text("complained")


def flood(message, arguments):
    """Sends `count` log messages of `bytes` before it answers."""
    line = json.dumps({"jsonrpc": "2.0", "method": "notifications/message",
                       "params": {"level": "info", "data": "x" * arguments["bytes"]}}).encode() + b"\n"
    for _ in range(arguments["count"]):
        put(line)
    return text("flooded")


def silent(_message, _arguments):
    return None


TOOLS = {tool.__name__: tool for tool in (echo, emit, big, die, spawn, complain, flood, silent)}


def tool_list():
    global lists
    lists += 1
    word = "changed" if "rug" in MODE and lists > 1 else "plain"
    names = [*TOOLS, "remove", *(f"more{n}" for n in range(int(MODE.get("tools", "0"))))]
    return {"tools": [{"name": n, "description": f"{word} {n}", "inputSchema": {"type": "object"}} for n in names]}


def call(message, params):
    tool = TOOLS.get(params.get("name"), echo)
    arguments = params.get("arguments")
    return tool(message, arguments if isinstance(arguments, dict) else {})


def initialize(_message, params):
    return {"protocolVersion": params.get("protocolVersion", "2025-11-25"), "serverInfo": {"name": "recorder", "version": "1"},
            "capabilities": {"tools": {"listChanged": True}, "resources": {}, "prompts": {}, "logging": {}}}


METHODS = {
    "initialize": initialize,
    "ping": lambda m, p: {},
    "tools/list": lambda m, p: tool_list(),
    "tools/call": call,
    "resources/list": lambda m, p: {"resources": [{"uri": "test://a", "name": "a"}]},
    "resources/templates/list": lambda m, p: {"resourceTemplates": []},
    "resources/read": lambda m, p: {"contents": [{"uri": p.get("uri"), "text": "content"}]},
    "prompts/list": lambda m, p: {"prompts": [{"name": "a"}]},
    "prompts/get": lambda m, p: {"messages": [{"role": "user", "content": {"type": "text", "text": "content"}}]},
}


def answer_owed():
    MODE.pop("hush", None)
    for answer in owed:
        send(answer)
    owed.clear()


def execute(message):
    """Does what the message says, and gives the answer to it if it is owed at once."""
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        return None
    method, params = message["method"], message.get("params")
    params = params if isinstance(params, dict) else {}
    if method == "notifications/roots/list_changed":
        answer_owed()
    if "id" not in message and not method.startswith("tools/"):
        return None
    result = METHODS.get(method, lambda m, p: {})(message, params)
    if result is None or "id" not in message:
        return None
    answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
    if "hush" in MODE and method not in ("initialize", "ping", "tools/list"):
        owed.append(answer)
        return None
    return answer


def read(line):
    """Executes what a sloppy server would make of the line, after it was written down."""
    try:
        value = json.loads(line.decode("utf-8", "replace"), object_pairs_hook=lenient_pairs)
    except (ValueError, RecursionError):
        value = None
    messages = value if isinstance(value, list) and "batch" in MODE else [value]
    calls = [[m.get("method"), (m.get("params") or {}).get("name") if isinstance(m.get("params"), dict) else None]
             for m in messages if isinstance(m, dict)]
    LOG.write(json.dumps({"line": line.decode("latin-1"), "fault": strict.fault(line, batches="batch" in MODE), "calls": calls}) + "\n")
    answers = [answer for answer in map(execute, messages) if answer is not None]
    if isinstance(value, list) and answers:
        send(answers)
    for answer in answers if not isinstance(value, list) else ():
        send(answer)


def main():
    if "instant" in MODE:
        os._exit(7)
    if "stubborn" in MODE:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for raw in sys.stdin.buffer:
        line = raw.removesuffix(b"\n")
        for part in line.split(b"\r") if "universal" in MODE else [line]:
            if part.strip():
                read(part)
        while "deaf" in MODE and b'"ping"' in line:
            time.sleep(600)
    LOG.write(json.dumps({"line": "", "fault": None, "calls": [["end of input", None]]}) + "\n")
    while "stubborn" in MODE:
        time.sleep(600)


main()
