/** `config.json`, which the deployment writes beside the page. */
export interface Config {
  /** Base of the API; empty for the page's own origin. */
  api: string;
  auth: { mode: "none" } | CognitoConfig;
  /** Where live updates come from; null for polling alone. */
  live: string | null;
}

export interface CognitoConfig {
  mode: "cognito";
  endpoint: string;
  clientId: string;
}

/** Reads the configuration, or says what is wrong with it. */
export function parseConfig(document: unknown): Config {
  const root = record(document, "config.json");
  if (root["version"] !== 1) throw new Error(`config.json has version ${String(root["version"])}; this page reads version 1`);
  const auth = record(root["auth"], "auth");
  const live = root["live"];
  return {
    api: text(root["api"], "api").replace(/\/$/, ""),
    auth: parseAuth(auth),
    // An address of HTTP stands for that of the WebSocket there, as in the WebSocket constructor.
    live: live === null || live === undefined ? null : url(record(live, "live")["url"], "live.url", ["ws:", "wss:", "http:", "https:"]).replace(/^http/, "ws"),
  };
}

function parseAuth(auth: Record<string, unknown>): Config["auth"] {
  if (auth["mode"] === "none") return { mode: "none" };
  if (auth["mode"] !== "cognito") throw new Error(`auth.mode is ${JSON.stringify(auth["mode"])}; cognito and none are known`);
  return {
    mode: "cognito",
    endpoint: url(auth["endpoint"], "auth.endpoint", ["http:", "https:"]),
    clientId: text(auth["client_id"], "auth.client_id"),
  };
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${name} is not an object`);
  return value as Record<string, unknown>;
}

function text(value: unknown, name: string): string {
  if (typeof value !== "string") throw new Error(`${name} is not a text`);
  return value;
}

function url(value: unknown, name: string, protocols: readonly string[]): string {
  const parsed = URL.parse(text(value, name));
  if (parsed === null || !protocols.includes(parsed.protocol)) throw new Error(`${name} is no ${protocols.join(" or ")} address`);
  return parsed.href;
}
