// Reads texts in hexadecimal, one a line, and writes what JSON.parse makes of each: see `dump` in ../differential.rs.
import { readFileSync } from "node:fs";

const hex = (text) => Buffer.from(text, "utf8").toString("hex");

function dump(value) {
  if (value === null) return "n";
  if (typeof value === "boolean") return value ? "t" : "f";
  if (typeof value === "string") return `s${hex(value)}`;
  if (typeof value === "number") {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return `#${bytes.toString("hex")}`;
  }
  if (Array.isArray(value)) return `[${value.map(dump).join(",")}]`;
  const members = Object.keys(value).map((key) => `${hex(key)}:${dump(value[key])}`);
  return `{${members.sort().join(",")}}`;
}

function read(line) {
  try {
    return dump(JSON.parse(Buffer.from(line, "hex").toString("utf8")));
  } catch {
    return "error";
  }
}

const lines = readFileSync(0, "latin1").split("\n").slice(0, -1);
process.stdout.write(lines.map((line) => `${read(line)}\n`).join(""));
