import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Session } from "./session";

const CONFIG = { api: "", auth: { mode: "cognito" as const, endpoint: "https://cognito.test/", clientId: "c" }, live: null };

function storage(): Storage {
  const kept = new Map<string, string>();
  return { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => void kept.set(name, value), removeItem: (name) => void kept.delete(name), clear: () => kept.clear(), key: () => null, get length() { return kept.size; } };
}

const answers = (...list: [status: number, body: unknown][]) => {
  const fetched = vi.fn<(url: string, request: { headers: Record<string, string>; body: string }) => Promise<Response>>();
  for (const [status, body] of list) fetched.mockResolvedValueOnce(new Response(JSON.stringify(body), { status }));
  vi.stubGlobal("fetch", fetched);
  return fetched;
};

const TOKENS = { AuthenticationResult: { AccessToken: "a2", ExpiresIn: 3600 } };

describe("a session", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("needs no sign-in where the deployment has none", async () => {
    const session = new Session({ api: "", auth: { mode: "none" }, live: null }, storage());
    expect([session.state, await session.token()]).toEqual(["signed-in", null]);
  });

  it("is restored by its refresh token, and keeps it", async () => {
    const kept = storage();
    kept.setItem("nightjar.refresh", "r1");
    const fetched = answers([200, TOKENS]);
    const session = new Session(CONFIG, kept);
    await session.restore();
    expect([session.state, await session.token(), kept.getItem("nightjar.refresh")]).toEqual(["signed-in", "a2", "r1"]);
    expect(JSON.parse(fetched.mock.calls[0]?.[1].body ?? "")).toMatchObject({ AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters: { REFRESH_TOKEN: "r1" } });
  });

  it("refreshes ahead of the end, once for all who ask", async () => {
    const session = new Session(CONFIG, storage());
    session.accept({ access: "a1", refresh: "r1", expiresAt: Date.now() + 20 * 60_000 });
    expect(await session.token()).toBe("a1");
    vi.advanceTimersByTime(16 * 60_000);
    const fetched = answers([200, TOKENS]);
    expect(await Promise.all([session.token(), session.token()])).toEqual(["a2", "a2"]);
    expect(fetched).toHaveBeenCalledOnce();
  });

  it("goes on with a token that is good when a refresh finds no connection", async () => {
    const session = new Session(CONFIG, storage());
    session.accept({ access: "a1", refresh: "r1", expiresAt: Date.now() + 60_000 });
    vi.stubGlobal("fetch", vi.fn(() => Promise.reject(new Error("offline"))));
    expect([await session.token(), session.state]).toEqual(["a1", "signed-in"]);
  });

  it("ends when its refresh token is refused", async () => {
    const kept = storage();
    kept.setItem("nightjar.refresh", "r1");
    answers([400, { __type: "NotAuthorizedException", message: "revoked" }]);
    const session = new Session(CONFIG, kept);
    await session.restore();
    expect([session.state, kept.getItem("nightjar.refresh")]).toEqual(["signed-out", null]);
  });

  it("forgets everything at sign-out, also without a connection", async () => {
    const kept = storage();
    const session = new Session(CONFIG, kept);
    session.accept({ access: "a1", refresh: "r1", expiresAt: Date.now() + 3_600_000 });
    vi.stubGlobal("fetch", vi.fn(() => Promise.reject(new Error("offline"))));
    await session.signOut();
    expect([session.state, kept.getItem("nightjar.refresh"), await session.token()]).toEqual(["signed-out", null, null]);
  });
});
