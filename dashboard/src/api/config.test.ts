import { describe, expect, it } from "vitest";
import { parseConfig } from "./config";

const GOOD = { version: 1, api: "", auth: { mode: "cognito", endpoint: "https://cognito-idp.eu-west-1.amazonaws.com/", client_id: "c" }, live: { url: "wss://example.com/live" } };

describe("config.json", () => {
  it("is read", () => {
    expect(parseConfig(GOOD)).toEqual({ api: "", auth: { mode: "cognito", endpoint: "https://cognito-idp.eu-west-1.amazonaws.com/", clientId: "c" }, live: "wss://example.com/live" });
    expect(parseConfig({ version: 1, api: "https://api.example.com/", auth: { mode: "none" }, live: null })).toEqual({ api: "https://api.example.com", auth: { mode: "none" }, live: null });
  });

  it("takes an address of HTTP for that of the WebSocket there", () => {
    expect(parseConfig({ ...GOOD, live: { url: "http://a.localhost:4566/live" } }).live).toBe("ws://a.localhost:4566/live");
  });

  it.each([
    [null, "config.json is not an object"],
    [{ ...GOOD, version: 2 }, "has version 2"],
    [{ ...GOOD, auth: { mode: "saml" } }, 'auth.mode is "saml"'],
    [{ ...GOOD, auth: { mode: "cognito", endpoint: "javascript:alert(1)", client_id: "c" } }, "auth.endpoint is no"],
    [{ ...GOOD, live: { url: "ftp://example.com" } }, "live.url is no"],
    [{ ...GOOD, api: 3 }, "api is not a text"],
  ])("says what is wrong with %j", (document, message) => expect(() => parseConfig(document)).toThrow(message));
});
