import { describe, expect, it, vi } from "vitest";
import type { Client } from "../api/client";
import type { EventSummary } from "../api/types";
import { IncidentStore, byUrgency } from "./incidents";

function event(id: string, changes: Partial<EventSummary> = {}): EventSummary {
  const resource = { arn: "arn", id: "i-1", type: "ec2:instance", region: "eu-west-1", account: "1", name: null };
  return { id, title: id, status: "OPEN", severity: "high", opened_at: "2026-11-21T10:00:00Z", resource, metric: "CPUUtilization", observed: 97, score: 0.9, summary: "", escalated: true, version: 1, ...changes };
}

const told = () => new Promise((resolve) => setTimeout(resolve));

describe("incidents", () => {
  it("stand worst first", () => {
    const sorted = [
      event("suppressed", { status: "SUPPRESSED", severity: "critical" }),
      event("acknowledged", { status: "ACKNOWLEDGED", severity: "critical" }),
      event("older", { opened_at: "2026-11-21T09:00:00Z" }),
      event("newer"),
      event("surer", { score: 0.99 }),
      event("critical", { severity: "critical", score: 0.1 }),
    ].sort(byUrgency);
    expect(sorted.map((found) => found.id)).toEqual(["critical", "surer", "newer", "older", "acknowledged", "suppressed"]);
  });

  it("never go back to an older version", async () => {
    const store = new IncidentStore();
    store.put([event("a", { version: 3, status: "ACKNOWLEDGED" })]);
    store.put([event("a", { version: 2 })]);
    await told();
    expect(store.read().events.map((found) => found.status)).toEqual(["ACKNOWLEDGED"]);
  });

  it("leave when they are resolved or removed", async () => {
    const store = new IncidentStore();
    store.put([event("a"), event("b"), event("c")]);
    store.put([event("a", { version: 2, status: "RESOLVED" })], ["b"]);
    await told();
    expect(store.read().events.map((found) => found.id)).toEqual(["c"]);
  });

  it("are replaced by a complete snapshot and joined by part of one", async () => {
    const store = new IncidentStore();
    store.put([event("a"), event("b")]);
    store.replace([event("c")], false);
    await told();
    expect(store.read().events).toHaveLength(3);
    store.replace([event("c")], true);
    await told();
    expect(store.read()).toMatchObject({ complete: true, loading: false, events: [{ id: "c" }] });
  });

  it("are read page by page, and forget what is over", async () => {
    const events = vi.fn(({ status, cursor }: { status?: string; cursor?: string }) => {
      if (status !== "OPEN") return Promise.resolve({ body: { events: [], next_cursor: null }, etag: null });
      const body = cursor === undefined ? { events: [event("a")], next_cursor: "2" } : { events: [event("b")], next_cursor: null };
      return Promise.resolve({ body, etag: null });
    });
    const store = new IncidentStore();
    store.put([event("gone")]);
    await store.walk({ events } as unknown as Client, new AbortController().signal);
    await told();
    expect(store.read().events.map((found) => found.id)).toEqual(["a", "b"]);
    expect(store.read().complete).toBe(true);
  });

  it("mark as fresh only what came after the first walk", async () => {
    const store = new IncidentStore();
    const none = { events: () => Promise.resolve({ body: { events: [], next_cursor: null }, etag: null }) } as unknown as Client;
    store.put([event("a")]);
    await store.walk(none, new AbortController().signal);
    store.put([event("b")]);
    await told();
    expect([...store.read().fresh.keys()]).toEqual(["b"]);
  });
});
