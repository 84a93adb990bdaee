import type { EventSummary } from "./types";

/** How fresh the page is: told at once, asked for every few seconds, or old. */
export type LiveState = "connecting" | "live" | "polling" | "offline";

export interface LiveOptions {
  /** Null: poll only. */
  url: string | null;
  /** The access token, which travels as second subprotocol; null without sign-in. */
  token: () => Promise<string | null>;
  /** Called when a connection was refused before it opened: the token may be stale. */
  renew: () => Promise<unknown>;
  onSnapshot: (events: EventSummary[], complete: boolean) => void;
  onDelta: (events: EventSummary[], removed: string[]) => void;
  /** Asks the API for what is new; rejects when it cannot be reached. */
  poll: () => Promise<void>;
  onState: (state: LiveState) => void;
  open?: (url: string, protocols: string[]) => WebSocket;
}

type Frame =
  | { type: "snapshot"; cursor: string; events: EventSummary[]; complete: boolean }
  | { type: "delta"; cursor: string; events: EventSummary[]; removed: string[] }
  | { type: "pong" }
  | { type: "error"; detail: string };

const PING_EVERY = 60_000;
const PONG_WITHIN = 10_000;
const POLL_EVERY = 15_000;
const LONGEST_PAUSE = 30_000;

/** Milliseconds before attempt `failures` + 1: 1, 2, 4 … 30 s and up to a quarter more, so that pages do not return in step. */
export function pause(failures: number, random: number): number {
  return Math.min(1000 * 2 ** failures, LONGEST_PAUSE) * (1 + random / 4);
}

/**
 * Keeps the page up to date: by WebSocket with a heartbeat, resuming at the last cursor after a loss, and by polling whenever
 * there is no connection.
 */
export class Live {
  private socket: WebSocket | null = null;
  private cursor: string | null = null;
  private failures = 0;
  private stopped = false;
  private generation = 0;
  private pollTimer: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private pingTimer: ReturnType<typeof setInterval> | undefined;
  private pongTimer: ReturnType<typeof setTimeout> | undefined;
  private state: LiveState = "connecting";

  constructor(private readonly options: LiveOptions) {}

  start(): void {
    void this.pollSoon(0);
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.generation += 1;
    this.stopTimers();
    clearTimeout(this.pollTimer);
    clearTimeout(this.retryTimer);
    this.socket?.close(1000);
  }

  /** Tries again at once, as when the browser says that it is online again or the page is looked at again. */
  wake(): void {
    if (this.stopped || this.state === "live") return;
    clearTimeout(this.retryTimer);
    this.failures = 0;
    void this.pollSoon(0);
    if (this.socket === null) void this.connect();
  }

  private async connect(): Promise<void> {
    const { url, token, open = (address: string, protocols: string[]) => new WebSocket(address, protocols) } = this.options;
    if (url === null || this.stopped) return;
    const generation = ++this.generation;
    const access = await token();
    if (this.isOver(generation)) return;
    let opened = false;
    let socket: WebSocket;
    try {
      socket = open(url, access === null ? ["nightjar"] : ["nightjar", access]);
    } catch {
      this.retry();
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      opened = true;
      socket.send(JSON.stringify({ action: "hello", cursor: this.cursor }));
      this.pingTimer = setInterval(() => this.ping(socket), PING_EVERY);
    };
    socket.onmessage = (message: MessageEvent<unknown>) => {
      if (generation === this.generation) this.take(message.data);
    };
    socket.onclose = () => {
      if (generation !== this.generation) return;
      this.socket = null;
      this.stopTimers();
      if (this.stopped) return;
      if (opened) this.retry();
      else void this.options.renew().finally(() => this.retry());
    };
  }

  private isOver(generation: number): boolean {
    return this.stopped || generation !== this.generation;
  }

  private take(data: unknown): void {
    const frame = readFrame(data);
    if (frame === null) return;
    switch (frame.type) {
      case "snapshot":
        this.arrived(frame.cursor);
        this.options.onSnapshot(frame.events, frame.complete);
        break;
      case "delta":
        this.arrived(frame.cursor);
        this.options.onDelta(frame.events, frame.removed);
        break;
      case "pong":
        clearTimeout(this.pongTimer);
        break;
      case "error":
        // What was not understood was ours to say; a fresh start without a cursor is understood.
        this.cursor = null;
        this.socket?.close(1000);
    }
  }

  private arrived(cursor: string): void {
    this.cursor = cursor;
    this.failures = 0;
    clearTimeout(this.pollTimer);
    this.become("live");
  }

  private ping(socket: WebSocket): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({ action: "ping" }));
    clearTimeout(this.pongTimer);
    this.pongTimer = setTimeout(() => socket.close(4000), PONG_WITHIN);
  }

  private retry(): void {
    if (this.stopped) return;
    if (this.state === "live") void this.pollSoon(0);
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => void this.connect(), pause(this.failures, Math.random()));
    this.failures += 1;
  }

  private async pollSoon(after: number): Promise<void> {
    clearTimeout(this.pollTimer);
    if (after > 0) {
      this.pollTimer = setTimeout(() => void this.pollSoon(0), after);
      return;
    }
    const before = this.state;
    if (before === "live") this.become("connecting");
    try {
      await this.options.poll();
      if (!this.stopped && !this.isLive()) this.become("polling");
    } catch {
      if (!this.stopped && !this.isLive()) this.become("offline");
    }
    if (!this.stopped && !this.isLive()) void this.pollSoon(POLL_EVERY);
  }

  private isLive(): boolean {
    return this.state === "live";
  }

  private stopTimers(): void {
    clearInterval(this.pingTimer);
    clearTimeout(this.pongTimer);
  }

  private become(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.options.onState(state);
  }
}

/** Reads a frame; null for anything that is none. */
export function readFrame(data: unknown): Frame | null {
  if (typeof data !== "string") return null;
  try {
    const frame = JSON.parse(data) as { type?: unknown; events?: unknown };
    const isKnown = frame.type === "pong" || frame.type === "error";
    const hasEvents = (frame.type === "snapshot" || frame.type === "delta") && Array.isArray(frame.events);
    if (!isKnown && !hasEvents) return null;
    return { removed: [], complete: false, ...frame } as unknown as Frame;
  } catch {
    return null;
  }
}
