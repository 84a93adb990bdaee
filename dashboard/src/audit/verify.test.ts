import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { AuditEntry, ChainHead } from "../api/types";
import { digest, verify } from "./verify";

/** Entries that the Rust code sealed; its own tests read the same file. */
const SEALED = readFileSync(new URL("../../../shared/domain/tests/it/audit/main_chain.jsonl", import.meta.url), "utf8");
const sealed = () => SEALED.trim().split("\n").map((line) => JSON.parse(line) as AuditEntry);

async function grow(chain: string, length: number, seen?: ChainHead): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (let seq = 1; seq <= length; seq += 1) {
    const fact = { id: `fct_000${seq}${chain.at(-1) ?? ""}`, kind: "incident.opened", at: "2026-11-21T10:00:00Z", actor: "a", subject: "s", because_of: null, details: { seq } };
    const entry: AuditEntry = { chain, seq, previous_hash: entries.at(-1)?.hash ?? "0".repeat(64), ...(seen && seq === length && { seen }), fact, hash: "" };
    entries.push({ ...entry, hash: await digest(entry) });
  }
  return entries;
}

async function reasons(entries: AuditEntry[]): Promise<string[]> {
  return (await verify(entries)).faults.map((fault) => `${fault.chain}/${fault.seq} ${fault.reason}`);
}

function at(entries: AuditEntry[], index: number): AuditEntry {
  const entry = entries[index];
  if (entry === undefined) throw new Error(`there is no entry ${index}`);
  return entry;
}

describe("an audit trail", () => {
  it("that the functions sealed is whole", async () => {
    const verdict = await verify(sealed().reverse());
    expect(verdict).toMatchObject({ entries: 3, chains: [{ chain: "main", first: 1, last: 3 }], faults: [] });
  });

  it("whose start was not read is whole as far as it was read", async () => {
    expect(await reasons((await grow("shard-a", 9)).slice(4))).toEqual([]);
  });

  it("tells an edited fact", async () => {
    const entries = sealed();
    at(entries, 1).fact.actor = "somebody else";
    expect(await reasons(entries)).toEqual(["main/2 edited"]);
  });

  it("tells an edited fact whose hash was computed anew", async () => {
    const entries = sealed();
    at(entries, 1).fact.actor = "somebody else";
    at(entries, 1).hash = await digest(at(entries, 1));
    expect(await reasons(entries)).toEqual(["main/3 unlinked"]);
  });

  it("tells a deleted entry", async () => {
    expect(await reasons(sealed().filter((entry) => entry.seq !== 2))).toEqual(["main/2 deleted"]);
  });

  it("tells an entry in a chain that is not its own", async () => {
    const entry = at(await grow("shard-a", 1), 0);
    entry.chain = "shard-b";
    entry.hash = await digest(entry);
    expect(await reasons([entry])).toEqual(["shard-b/1 wrong_shard"]);
  });

  it("tells a first entry that follows something", async () => {
    const entry = at(await grow("shard-a", 1), 0);
    entry.previous_hash = "1".repeat(64);
    entry.hash = await digest(entry);
    expect(await reasons([entry])).toEqual(["shard-a/1 unlinked"]);
  });

  it("tells two successors of one entry", async () => {
    const entries = await grow("shard-a", 2);
    const twin = structuredClone(at(entries, 1));
    twin.fact.actor = "b";
    twin.hash = await digest(twin);
    expect(await reasons([...entries, twin])).toEqual(["shard-a/2 forked"]);
  });

  it("tells a tail that another chain had seen", async () => {
    const other = await grow("shard-b", 5);
    const chain = await grow("shard-a", 3, { chain: "shard-b", seq: 5, hash: at(other, 4).hash });
    expect(await verify([...chain, ...other])).toMatchObject({ sightings: 1, faults: [] });
    expect(await reasons([...chain, ...other.slice(0, 4)])).toEqual(["shard-b/5 truncated"]);
  });

  it("tells a chain that was written anew", async () => {
    const other = await grow("shard-b", 5);
    const chain = await grow("shard-a", 3, { chain: "shard-b", seq: 5, hash: "f".repeat(64) });
    expect(await reasons([...chain, ...other])).toEqual(["shard-b/5 rewritten"]);
  });

  it("tells what has no canonical form", async () => {
    const entry = at(await grow("shard-a", 1), 0);
    entry.fact.details = { text: "\ud800" };
    expect(await reasons([entry])).toEqual(["shard-a/1 unreadable"]);
  });
});
