"""Reads texts in hexadecimal, one a line, and writes what json.loads makes of each: see `dump` in ../differential.rs."""

import json
import struct
import sys


class Number:
    def __init__(self, lexeme):
        self.lexeme = lexeme


def dump(value):
    if value is None:
        return "n"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, str):
        return "s" + value.encode("utf-8", "surrogatepass").hex()
    if isinstance(value, Number):
        return "#" + struct.pack(">d", float(value.lexeme)).hex()
    if isinstance(value, float):  # NaN and the infinities, which only Python reads
        return "#" + struct.pack(">d", value).hex()
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    members = (k.encode("utf-8", "surrogatepass").hex() + ":" + dump(v) for k, v in value.items())
    return "{" + ",".join(sorted(members)) + "}"


def read(line):
    try:
        # The plain call first: it refuses integers of more digits than Python converts.
        text = bytes.fromhex(line)
        json.loads(text)
        return dump(json.loads(text, parse_int=Number, parse_float=Number))
    except (ValueError, RecursionError):
        return "error"


for line in sys.stdin:
    sys.stdout.write(read(line.rstrip("\n")) + "\n")
