// Writes src/api/openapi.ts: the schemas of the API's OpenAPI document as types, for contract.ts to hold the page's own against.
// The API's tests keep the document true. The file is made anew before every check and is not committed.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DOCUMENT = join(import.meta.dirname, "../../functions/api/openapi.json");
const TARGET = join(import.meta.dirname, "../src/api/openapi.ts");

const document = JSON.parse(readFileSync(DOCUMENT, "utf8"));

function type(schema) {
  if (schema === true || schema === undefined) return "unknown";
  if (schema.$ref) return `Schemas[${JSON.stringify(schema.$ref.split("/").at(-1))}]`;
  const any = schema.oneOf ?? schema.anyOf;
  if (any) return union(any.map(type));
  if (schema.allOf) return schema.allOf.map((part) => `(${type(part)})`).join(" & ");
  if (schema.enum) return union(schema.enum.map((value) => JSON.stringify(value)));
  if ("const" in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.type)) return union(schema.type.map((one) => type({ ...schema, type: one })));
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return "number";
    case "array":
      return `(${type(schema.items)})[]`;
    default:
      return record(schema);
  }
}

function union(parts) {
  return [...new Set(parts)].map((part) => (part.includes(" & ") ? `(${part})` : part)).join(" | ");
}

function record(schema) {
  if (!schema.properties) return typeof schema.additionalProperties === "object" ? `Record<string, ${type(schema.additionalProperties)}>` : "unknown";
  const required = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties).map(([name, inner]) => `${JSON.stringify(name)}${required.has(name) ? "" : "?"}: ${type(inner)};`);
  return `{ ${members.join(" ")} }`;
}

const schemas = Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => `  ${JSON.stringify(name)}: ${type(schema)};`);
writeFileSync(TARGET, `// Made by scripts/openapi-types.mjs; not committed.\nexport interface Schemas {\n${schemas.join("\n")}\n}\n`);
