import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Client } from "./client";
import { Problem } from "./problem";
import type { Session } from "./session";

const session = { token: () => Promise.resolve("t"), renew: () => Promise.resolve(null), needsSignIn: true } as unknown as Session;

/** Answers with these statuses, one after the other; 0 is a connection that breaks. */
function answers(...statuses: number[]) {
  const fetched = vi.fn<(url: string, request: RequestInit) => Promise<Response>>();
  for (const status of statuses) {
    if (status === 0) fetched.mockRejectedValueOnce(new TypeError("Failed to fetch"));
    else fetched.mockResolvedValueOnce(new Response("{}", { status, headers: { "content-type": "application/json" } }));
  }
  vi.stubGlobal("fetch", fetched);
  return {
    fetched,
    keys: () => fetched.mock.calls.map(([, request]) => new Headers(request.headers).get("Idempotency-Key")),
  };
}

async function settled(asked: Promise<unknown>): Promise<unknown> {
  const result = asked.then(() => "done", (error: unknown) => error);
  await vi.runAllTimersAsync();
  return result;
}

describe("a request that may have arrived", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("is sent again with the same key, and another request has another", async () => {
    const { keys } = answers(0, 503, 200, 200);
    const client = new Client("", session);
    expect(await settled(client.stop("why"))).toBe("done");
    expect(await settled(client.stop("why"))).toBe("done");
    const [first, second, third, other] = keys();
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect([second, third]).toEqual([first, first]);
    expect(other).not.toBe(first);
  });

  it("is given up after the third attempt", async () => {
    const { fetched } = answers(0, 0, 0);
    expect(await settled(new Client("", session).stop("why"))).toBeInstanceOf(Problem);
    expect(fetched).toHaveBeenCalledTimes(3);
  });

  it.each([400, 403, 409, 422, 500])("is not sent again after %i", async (status) => {
    const { fetched } = answers(status);
    expect(await settled(new Client("", session).stop("why"))).toBeInstanceOf(Problem);
    expect(fetched).toHaveBeenCalledOnce();
  });

  it("has no key and is sent once where it only reads", async () => {
    const { fetched, keys } = answers(503);
    expect(await settled(new Client("", session).me())).toBeInstanceOf(Problem);
    expect(fetched).toHaveBeenCalledOnce();
    expect(keys()).toEqual([null]);
  });
});
