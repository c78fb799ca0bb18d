"""What may pass between two MCP peers, judged without any of our own code: Python's `json`, made strict.

Also a filter: reads lines, prints for each what is wrong with it, or an empty line. Batches may pass with --batches.
"""

import json
import sys

DEPTH_MAX = 128
ID_BYTES_MAX = 256
SAFE_INTEGER_MAX = 2**53 - 1
ENVELOPE = {"jsonrpc", "id", "method", "params", "result", "error"}


class Fault(Exception):
    """Why a line must not pass."""


class Integer(int):
    """An integer that remembers how it was written: `-0` is not an id."""

    def __new__(cls, text):
        self = super().__new__(cls, text)
        self.text = text
        return self


def unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Fault("a key twice")
    return members


def finite(text):
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Fault("a number beyond a double")
    return value


def constant(name):
    raise Fault(f"the constant {name}")


def check_depth_and_text(value, depth=0):
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise Fault("a lone surrogate") from None
    elif isinstance(value, (dict, list)):
        if depth >= DEPTH_MAX:
            raise Fault("too deep")
        for key, member in value.items() if isinstance(value, dict) else ((None, m) for m in value):
            if key is not None:
                check_depth_and_text(key, depth + 1)
            check_depth_and_text(member, depth + 1)


def check_id(value):
    if isinstance(value, str):
        if len(value.encode()) > ID_BYTES_MAX:
            raise Fault("an id too long")
    elif not isinstance(value, Integer) or abs(value) > SAFE_INTEGER_MAX or value.text == "-0":
        raise Fault("an id that peers read differently")


def check_message(message):
    if not isinstance(message, dict):
        raise Fault("not an object")
    if any(key not in ENVELOPE and key.lower() in ENVELOPE for key in message):
        raise Fault("a key of the envelope in another case")
    if message.get("jsonrpc") != "2.0":
        raise Fault("not JSON-RPC 2.0")
    kinds = [key for key in ("method", "result", "error") if key in message]
    if len(kinds) != 1:
        raise Fault("not one of request, result, error")
    if kinds == ["method"]:
        if not isinstance(message["method"], str):
            raise Fault("a method that is no string")
        if not isinstance(message.get("params", {}), dict):
            raise Fault("params that are no object")
        if "id" in message:
            check_id(message["id"])
    elif kinds == ["result"] or message.get("id") is not None:
        if "id" not in message:
            raise Fault("a result without id")
        check_id(message["id"])
    if kinds == ["error"]:
        error = message["error"]
        if not (isinstance(error, dict) and isinstance(error.get("code"), Integer) and isinstance(error.get("message"), str)):
            raise Fault("an error that is none")


def parse(line):
    """The value that `line` (bytes, without its newline) spells, or a `Fault`."""
    try:
        text = line.decode("utf-8")
        if "\r" in text.removesuffix("\r"):
            raise Fault("a bare CR")
        value = json.loads(
            text, object_pairs_hook=unique, parse_int=Integer, parse_float=finite, parse_constant=constant
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError) as error:
        raise Fault(f"not JSON: {error}") from None
    check_depth_and_text(value)
    return value


def fault(line, batches=False):
    """What is wrong with `line`, or None."""
    try:
        value = parse(line)
        if batches and isinstance(value, list) and value:
            for member in value:
                check_message(member)
        else:
            check_message(value)
    except Fault as reason:
        return str(reason)
    return None


if __name__ == "__main__":
    for raw in sys.stdin.buffer:
        sys.stdout.write((fault(raw.removesuffix(b"\n"), batches="--batches" in sys.argv) or "").replace("\n", " ") + "\n")
