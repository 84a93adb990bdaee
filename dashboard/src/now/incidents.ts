import type { Client } from "../api/client";
import { SEVERITIES, type EventSummary, type Severity, type Status } from "../api/types";

/** What the page knows of the incidents that are not over. */
export interface Incidents {
  /** Worst first. */
  readonly events: readonly EventSummary[];
  readonly loading: boolean;
  /** Whether all of them are known. */
  readonly complete: boolean;
  /** Ids that came or changed while the page was open, with when. */
  readonly fresh: ReadonlyMap<string, number>;
}

const RANK = new Map<Severity, number>(SEVERITIES.map((severity, rank) => [severity, rank]));
const STATUS_RANK: Record<Status, number> = { OPEN: 0, ACKNOWLEDGED: 1, SUPPRESSED: 2, RESOLVED: 3 };

/** Worst first: what nobody has taken yet, then severity, then score, then the newest. */
export function byUrgency(a: EventSummary, b: EventSummary): number {
  return (
    STATUS_RANK[a.status] - STATUS_RANK[b.status] ||
    (RANK.get(a.severity) ?? 9) - (RANK.get(b.severity) ?? 9) ||
    b.score - a.score ||
    b.opened_at.localeCompare(a.opened_at) ||
    a.id.localeCompare(b.id)
  );
}

/** Pages of a hundred that one walk reads at most for each status. */
const MOST_PAGES = 200;
const EMPTY: Incidents = { events: [], loading: true, complete: false, fresh: new Map() };

/** The incidents that are not over, kept up to date. Older versions never replace newer ones. */
export class IncidentStore {
  private readonly known = new Map<string, EventSummary>();
  private readonly fresh = new Map<string, number>();
  private readonly listeners = new Set<() => void>();
  private loading = true;
  private complete = false;
  private seeded = false;
  private scheduled = false;
  private snapshot: Incidents = EMPTY;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  read = (): Incidents => this.snapshot;

  /** What a live connection begins with. Without `complete` it is only the newest part. */
  replace(events: EventSummary[], complete: boolean): void {
    if (complete) {
      const kept = new Set(events.map((event) => event.id));
      for (const id of this.known.keys()) if (!kept.has(id)) this.known.delete(id);
      this.loading = false;
      this.complete = true;
    }
    this.put(events);
    this.seeded ||= complete;
  }

  /** News: upserts and removals. */
  put(events: readonly EventSummary[], removed: readonly string[] = []): void {
    const now = Date.now();
    for (const event of events) {
      const before = this.known.get(event.id);
      if (before !== undefined && before.version >= event.version) continue;
      if (event.status === "RESOLVED") this.known.delete(event.id);
      else this.known.set(event.id, event);
      if (this.seeded) this.fresh.set(event.id, now);
    }
    removed.forEach((id) => this.known.delete(id));
    this.publish();
  }

  /** Forgets everything, as at a sign-out. */
  clear(): void {
    this.known.clear();
    this.fresh.clear();
    this.loading = true;
    this.complete = false;
    this.seeded = false;
    this.publish();
  }

  get(id: string): EventSummary | undefined {
    return this.known.get(id);
  }

  /** Reads all incidents that are not over, page by page, showing each page as it comes. */
  async walk(client: Client, signal: AbortSignal): Promise<void> {
    const seen = new Set<string>();
    const statuses: Status[] = ["OPEN", "ACKNOWLEDGED", "SUPPRESSED"];
    const before = new Set(this.known.keys());
    const walked = await Promise.all(statuses.map((status) => this.walkStatus(client, status, seen, signal)));
    if (signal.aborted) return;
    this.complete = walked.every(Boolean);
    // What was known before and has not come again is over by now.
    if (this.complete) for (const id of before) if (!seen.has(id)) this.known.delete(id);
    this.loading = false;
    this.seeded = true;
    this.publish();
  }

  private async walkStatus(client: Client, status: Status, seen: Set<string>, signal: AbortSignal): Promise<boolean> {
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const { body } = await client.events({ status, limit: 100, ...(cursor !== undefined && { cursor }) }, signal);
      body.events.forEach((event) => seen.add(event.id));
      this.put(body.events);
      if (body.next_cursor === null || body.next_cursor === undefined) return true;
      cursor = body.next_cursor;
    }
    return false;
  }

  /** Sorts and tells once for all that comes in one turn. */
  private publish(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      const events = [...this.known.values()].sort(byUrgency);
      this.snapshot = { events, loading: this.loading, complete: this.complete, fresh: new Map(this.fresh) };
      this.listeners.forEach((listener) => listener());
    });
  }
}
