import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Live, pause, readFrame, type LiveState } from "./live";
import type { EventSummary } from "./types";

/** A socket whose other end is the test. */
class FakeSocket {
  static readonly all: FakeSocket[] = [];
  readonly sent: string[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(readonly url: string, readonly protocols: string[]) {
    FakeSocket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.readyState = 3;
    this.onclose?.();
  }
  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

function begin(poll: () => Promise<void> = () => Promise.resolve()) {
  const states: LiveState[] = [];
  const onSnapshot = vi.fn();
  const onDelta = vi.fn();
  const renew = vi.fn(() => Promise.resolve());
  const live = new Live({
    url: "wss://example.test/live",
    token: () => Promise.resolve("token"),
    renew,
    onSnapshot,
    onDelta,
    poll: vi.fn(poll),
    onState: (state) => states.push(state),
    open: (url, protocols) => new FakeSocket(url, protocols) as unknown as WebSocket,
  });
  live.start();
  return { live, states, onSnapshot, onDelta, renew };
}

const event = { id: "inc_1", version: 2 } as EventSummary;

function last(): FakeSocket {
  const socket = FakeSocket.all.at(-1);
  if (socket === undefined) throw new Error("no socket was opened");
  return socket;
}

describe("live", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("WebSocket", { OPEN: 1 });
    FakeSocket.all.length = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("says hello, takes the snapshot and then the deltas", async () => {
    const { onSnapshot, onDelta, states, live } = begin();
    await vi.advanceTimersByTimeAsync(0);
    expect(last().protocols).toEqual(["nightjar", "token"]);
    last().accept();
    expect(last().sent).toEqual(['{"action":"hello","cursor":null}']);
    last().say({ type: "snapshot", cursor: "c1", events: [event], complete: true });
    last().say({ type: "delta", cursor: "c2", events: [], removed: ["inc_1"] });
    expect(onSnapshot).toHaveBeenCalledWith([event], true);
    expect(onDelta).toHaveBeenCalledWith([], ["inc_1"]);
    expect(states.at(-1)).toBe("live");
    live.stop();
  });

  it("resumes at the last cursor after a loss, and polls meanwhile", async () => {
    const { states, live } = begin();
    await vi.advanceTimersByTimeAsync(0);
    last().accept();
    last().say({ type: "snapshot", cursor: "c7", events: [], complete: true });
    last().close();
    await vi.advanceTimersByTimeAsync(0);
    expect(states.at(-1)).toBe("polling");
    await vi.advanceTimersByTimeAsync(1300);
    expect(FakeSocket.all).toHaveLength(2);
    last().accept();
    expect(last().sent).toEqual(['{"action":"hello","cursor":"c7"}']);
    live.stop();
  });

  it("closes a connection that answers no ping", async () => {
    const { live } = begin();
    await vi.advanceTimersByTimeAsync(0);
    const first = last();
    first.accept();
    first.say({ type: "snapshot", cursor: "c1", events: [], complete: true });
    await vi.advanceTimersByTimeAsync(60_000);
    first.say({ type: "pong" });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(first.readyState).toBe(1);
    await vi.advanceTimersByTimeAsync(45_000);
    expect(first.readyState).toBe(3);
    live.stop();
  });

  it("asks for a new token when it is refused before it opens", async () => {
    const { renew, live } = begin();
    await vi.advanceTimersByTimeAsync(0);
    last().close();
    await vi.advanceTimersByTimeAsync(0);
    expect(renew).toHaveBeenCalledOnce();
    live.stop();
  });

  it("is offline when neither way works", async () => {
    const { states, live } = begin(() => Promise.reject(new Error("no connection")));
    await vi.advanceTimersByTimeAsync(0);
    last().close();
    await vi.advanceTimersByTimeAsync(0);
    expect(states.at(-1)).toBe("offline");
    live.stop();
  });

  it("opens nothing after it was stopped", async () => {
    const { live } = begin();
    live.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(FakeSocket.all).toHaveLength(0);
  });

  it("waits longer after each failure, never longer than 37.5 s", () => {
    expect([0, 1, 2, 3, 4, 5, 20].map((failures) => pause(failures, 0))).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000]);
    expect(pause(20, 1)).toBe(37_500);
  });

  it.each([[undefined], ["nonsense"], ['{"type":"delta"}'], ["[]"], ["null"]])("takes no notice of %s", (data) => {
    expect(readFrame(data)).toBeNull();
  });
});
