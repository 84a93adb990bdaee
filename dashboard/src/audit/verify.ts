import type { AuditEntry } from "../api/types";
import { canonical, sha256 } from "../lib/canonical";

/** What is wrong with one entry, in the words of `nightjar audit verify`. */
export interface Fault {
  chain: string;
  seq: number;
  reason: "edited" | "unlinked" | "deleted" | "forked" | "wrong_shard" | "rewritten" | "truncated" | "unreadable";
  detail: string;
}

export interface Verdict {
  entries: number;
  /** Of each chain: the numbers that were looked at. */
  chains: { chain: string; first: number; last: number }[];
  /** How often an entry of one chain was held against one of another. */
  sightings: number;
  faults: Fault[];
}

const GENESIS = "0".repeat(64);
const SHARD = /^shard-([0-9a-f])$/;

/**
 * Verifies entries as anybody can who was only given them: recomputes every hash over canonical JSON (RFC 8785), follows every
 * link, and holds what an entry had seen of other chains against those chains. The entries of each chain must be its newest
 * ones without holes, in any order; what lies before the oldest of them is not judged.
 */
export async function verify(entries: readonly AuditEntry[], progress: (done: number) => void = () => undefined): Promise<Verdict> {
  const faults: Fault[] = [];
  const chains = new Map<string, Map<number, AuditEntry>>();
  let done = 0;
  for (const entry of entries) {
    const bad = await examine(entry);
    if (bad !== null) faults.push(bad);
    const chain = chains.get(entry.chain) ?? new Map<number, AuditEntry>();
    chains.set(entry.chain, chain);
    const other = chain.get(entry.seq);
    if (other !== undefined && other.hash !== entry.hash) {
      faults.push({ chain: entry.chain, seq: entry.seq, reason: "forked", detail: `two entries have the number ${entry.seq}` });
    }
    chain.set(entry.seq, entry);
    done += 1;
    if (done % 50 === 0) progress(done);
  }
  progress(done);
  for (const [name, chain] of chains) faults.push(...follow(name, chain));
  const { sightings, faults: unseen } = compare(chains);
  faults.push(...unseen);
  const spans = [...chains].map(([chain, found]) => ({ chain, first: Math.min(...found.keys()), last: Math.max(...found.keys()) }));
  spans.sort((a, b) => a.chain.localeCompare(b.chain));
  return { entries: entries.length, chains: spans, sightings, faults };
}

/** SHA-256 over the canonical JSON of everything but the hash. */
export async function digest(entry: AuditEntry): Promise<string> {
  const content = Object.fromEntries(Object.entries(entry).filter(([name, value]) => name !== "hash" && !(name === "seen" && value === null)));
  return sha256(canonical(content));
}

async function examine(entry: AuditEntry): Promise<Fault | null> {
  const { chain, seq } = entry;
  try {
    if ((await digest(entry)) !== entry.hash) {
      return { chain, seq, reason: "edited", detail: "its content is not what its hash was made of" };
    }
  } catch (error) {
    return { chain, seq, reason: "unreadable", detail: error instanceof Error ? error.message : "it has no canonical form" };
  }
  const shard = SHARD.exec(chain)?.[1];
  if (chain !== "main" && (shard === undefined || !entry.fact.id.endsWith(shard))) {
    return { chain, seq, reason: "wrong_shard", detail: `the fact ${entry.fact.id} does not belong to ${chain}` };
  }
  return null;
}

function follow(name: string, chain: Map<number, AuditEntry>): Fault[] {
  const faults: Fault[] = [];
  const numbers = [...chain.keys()].sort((a, b) => a - b);
  let before: AuditEntry | null = null;
  for (const seq of numbers) {
    const entry = chain.get(seq);
    if (entry === undefined) continue;
    if (before !== null && seq !== before.seq + 1) {
      const missing = seq - before.seq - 1;
      faults.push({ chain: name, seq: before.seq + 1, reason: "deleted", detail: `${missing} ${missing === 1 ? "entry is" : "entries are"} missing` });
    } else if (entry.previous_hash !== (before?.hash ?? (seq === 1 ? GENESIS : entry.previous_hash))) {
      faults.push({ chain: name, seq, reason: "unlinked", detail: "it names another entry as the one before" });
    }
    before = entry;
  }
  return faults;
}

function compare(chains: Map<string, Map<number, AuditEntry>>): { sightings: number; faults: Fault[] } {
  const faults: Fault[] = [];
  let sightings = 0;
  for (const [name, chain] of chains) {
    for (const entry of chain.values()) {
      if (entry.seen == null) continue;
      const { chain: other, seq, hash } = entry.seen;
      const entries = chains.get(other);
      const found = entries?.get(seq);
      if (found !== undefined) {
        sightings += 1;
        if (found.hash !== hash) {
          faults.push({ chain: other, seq, reason: "rewritten", detail: `entry ${entry.seq} of ${name} had seen another one here` });
        }
      } else if (entries !== undefined && seq > Math.max(...entries.keys())) {
        faults.push({ chain: other, seq, reason: "truncated", detail: `entry ${entry.seq} of ${name} had seen an entry that is gone` });
      }
    }
  }
  return { sightings, faults };
}
