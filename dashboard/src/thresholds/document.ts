import type { Json } from "../lib/canonical";

/** Every value in a document under its path, such as `ec2.cpu.critical`. */
function leaves(value: Json, path = ""): Map<string, string> {
  if (value !== null && typeof value === "object") {
    const found = new Map<string, string>();
    for (const [name, inner] of Object.entries(value)) {
      for (const [key, text] of leaves(inner, path === "" ? name : `${path}.${name}`)) found.set(key, text);
    }
    return found;
  }
  return new Map([[path, JSON.stringify(value)]]);
}

/** What differs between two documents, a line each. */
export function differences(before: Json, after: Json): string[] {
  const old = leaves(before);
  const young = leaves(after);
  const paths = [...new Set([...old.keys(), ...young.keys()])].sort();
  return paths.filter((path) => old.get(path) !== young.get(path)).map((path) => `${path}: ${old.get(path) ?? "absent"} → ${young.get(path) ?? "absent"}`);
}

/** An answer in lines: its sentences where it has some, else its values. */
export function sentences(answer: Json): string[] {
  return [...leaves(answer)].map(([path, text]) => `${path.replaceAll("_", " ")}: ${text.replace(/^"(.*)"$/, "$1")}`);
}
