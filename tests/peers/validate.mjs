// Validates documents with Ajv, one JSON line each: `node --import resolve.mjs validate.mjs SCHEMA.json < DOCUMENTS`.
// A line in is {"name", "document"}; a line out is {"name", "errors"}, empty where the schema takes it.
import { readFileSync } from "node:fs";
import Ajv from "ajv";

const validate = new Ajv({ strict: true, strictRequired: false, strictTypes: false, allErrors: true }).compile(
  JSON.parse(readFileSync(process.argv[2], "utf8")),
);
for (const line of readFileSync(0, "utf8").split("\n").filter((line) => line)) {
  const { name, document } = JSON.parse(line);
  const errors = validate(document) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message}`);
  console.log(JSON.stringify({ name, errors }));
}
