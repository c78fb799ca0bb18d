"""Runs a command and copies its lines both ways: what the tests compare with, and, with --reformat, what they must catch."""

import json
import subprocess
import sys
import threading

reformat = sys.argv[1] == "--reformat"
child = subprocess.Popen(sys.argv[2 if reformat else 1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def copy(source, sink, change):
    for line in source:
        sink.write(change(line))
        sink.flush()
    sink.close()


inward = threading.Thread(target=copy, args=(sys.stdin.buffer, child.stdin, bytes), daemon=True)
inward.start()
copy(child.stdout, sys.stdout.buffer, (lambda line: json.dumps(json.loads(line)).encode() + b"\n") if reformat else bytes)
sys.exit(child.wait())
