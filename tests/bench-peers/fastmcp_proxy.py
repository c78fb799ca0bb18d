"""A gateway on the PyPI package `fastmcp`, for `cargo xtask bench http --peers`: `fastmcp_proxy.py URL` says where it serves."""

import socket
import sys

import uvicorn
from fastmcp.server import create_proxy

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1024)
print(f"serving http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
app = create_proxy(sys.argv[1], name="bench").http_app(path="/mcp", json_response=True)
uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, timeout_keep_alive=600)).run(sockets=[listener])
