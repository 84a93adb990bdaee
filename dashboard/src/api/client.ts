import { Problem } from "./problem";
import type { Session } from "./session";
import type * as T from "./types";

/** Every route the page asks, as the OpenAPI document writes it. A test holds this list against the document. */
export const ROUTES = {
  me: ["get", "/me"],
  events: ["get", "/events"],
  event: ["get", "/events/{id}"],
  record: ["get", "/events/{id}/record"],
  acknowledge: ["post", "/alerts/{id}/acknowledge"],
  suppress: ["post", "/alerts/{id}/suppress"],
  resolve: ["post", "/alerts/{id}/resolve"],
  assign: ["post", "/alerts/{id}/assign"],
  feedback: ["post", "/alerts/{id}/feedback"],
  metricsSummary: ["get", "/metrics/summary"],
  resources: ["get", "/resources"],
  resource: ["get", "/resources/{id}"],
  resourceMetrics: ["get", "/resources/{id}/metrics"],
  approvals: ["get", "/approvals"],
  approve: ["post", "/approvals/{id}/approve"],
  deny: ["post", "/approvals/{id}/deny"],
  remediations: ["get", "/remediations"],
  stop: ["post", "/remediations/stop"],
  resume: ["post", "/remediations/resume"],
  resetPolicy: ["post", "/remediations/policies/{policy}/reset"],
  silences: ["get", "/silences"],
  addSilence: ["post", "/silences"],
  endSilence: ["delete", "/silences/{id}"],
  products: ["get", "/products"],
  setProduct: ["put", "/products/{name}"],
  removeProduct: ["delete", "/products/{name}"],
  thresholds: ["get", "/thresholds"],
  setThresholds: ["put", "/thresholds"],
  revertThresholds: ["post", "/thresholds/revert"],
  previewThreshold: ["get", "/thresholds/preview"],
  securityEvents: ["get", "/security-events"],
  auditLog: ["get", "/audit-log"],
  auditVerify: ["get", "/audit-log/verify"],
} as const satisfies Record<string, readonly [method: string, path: string]>;

export type RouteName = keyof typeof ROUTES;

interface Options {
  path?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  /** The ETag that was decided on. */
  ifMatch?: string;
  signal?: AbortSignal;
}

export interface Answer<B> {
  body: B;
  etag: string | null;
}

/** Milliseconds before a request with a key is sent again. */
const PAUSES = [400, 800];

/** A key that nobody else has. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The API. Every refusal is a `Problem`. */
export class Client {
  private paths: Promise<Set<string>> | null = null;

  constructor(private readonly base: string, private readonly session: Session) {}

  readonly me = () => this.ask<T.Me>("me");
  readonly events = (query: { status?: T.Status; resource?: string; since?: string; limit?: number; cursor?: string }, signal?: AbortSignal) =>
    this.ask<T.EventPage>("events", { query, ...(signal && { signal }) });
  readonly event = (id: string) => this.ask<T.Incident>("event", { path: { id } });
  /** The post-incident record, as Markdown. */
  readonly record = (id: string) => this.ask<string>("record", { path: { id } });
  readonly metricsSummary = (days: number) => this.ask<T.MetricsSummary>("metricsSummary", { query: { days } });

  readonly acknowledge = (id: string, why: string, version?: number) => this.act("acknowledge", id, { why }, version);
  readonly suppress = (id: string, why: string, until: string, version?: number) => this.act("suppress", id, { why, until }, version);
  readonly resolve = (id: string, why: string, version?: number) => this.act("resolve", id, { why }, version);
  readonly assign = (id: string, to: string, why: string, version?: number) => this.act("assign", id, { to, why }, version);
  readonly feedback = (id: string, verdict: T.IncidentFeedback["verdict"], why: string) =>
    this.ask<{ bar_raised_by: number; feedback: T.IncidentFeedback }>("feedback", { path: { id }, body: { verdict, why } });

  readonly resources = (query: { q?: string; cursor?: string }) => this.ask<T.ResourcePage>("resources", { query: { limit: 100, ...query } });
  readonly resource = (id: string) => this.ask<T.ResourceDetail>("resource", { path: { id } });
  readonly resourceMetrics = (id: string, query: { from?: string; to?: string; metric?: string }) =>
    this.ask<T.ResourceMetrics>("resourceMetrics", { path: { id }, query });

  readonly approvals = () => this.ask<{ approvals: T.Claim[] }>("approvals");
  readonly approve = (id: string, why: string) => this.ask<T.Claim>("approve", { path: { id }, body: { why } });
  readonly deny = (id: string, why: string) => this.ask<T.Claim>("deny", { path: { id }, body: { why } });
  readonly remediations = () => this.ask<T.RemediationStatus>("remediations");
  readonly stop = (why: string) => this.ask("stop", { body: { why } });
  readonly resume = (why: string) => this.ask("resume", { body: { why } });
  readonly resetPolicy = (policy: string, why: string) => this.ask("resetPolicy", { path: { policy }, body: { why } });

  readonly silences = () => this.ask<{ silences: T.Silence[] }>("silences");
  readonly addSilence = (body: { matchers: string[]; reason: string; ends_at: string }) => this.ask<T.Silence>("addSilence", { body });
  readonly endSilence = (id: string) => this.ask("endSilence", { path: { id } });
  readonly products = () => this.ask<{ products: T.Product[] }>("products");
  /** Without a version it is a new one. */
  readonly setProduct = (name: string, body: T.ProductSpec, version?: number) =>
    this.ask<T.Product>("setProduct", { path: { name }, body, ...(version !== undefined && { ifMatch: `"${version}"` }) });
  readonly removeProduct = (name: string, version: number) => this.ask("removeProduct", { path: { name }, ifMatch: `"${version}"` });
  readonly thresholds = () => this.ask<T.Thresholds>("thresholds");
  readonly setThresholds = (body: T.ThresholdOverrides, version: number) => this.ask<T.ThresholdsSet>("setThresholds", { body, ifMatch: `"${version}"` });
  readonly revertThresholds = (why: string, version: number) => this.ask<T.ThresholdsSet>("revertThresholds", { body: { why }, ifMatch: `"${version}"` });
  readonly previewThreshold = (query: { type: string; metric: string; threshold: number; datapoints_to_alarm: number; evaluation_periods: number }) =>
    this.ask<T.ThresholdPreview>("previewThreshold", { query });
  readonly securityEvents = (query: { cursor?: string }) => this.ask("securityEvents", { query });

  readonly auditLog = (query: { kind?: string; actor?: string; subject?: string; because_of?: string; limit?: number; cursor?: string }) =>
    this.ask<T.AuditLogPage>("auditLog", { query });
  readonly auditVerify = (hours: number) => this.ask<T.Verification>("auditVerify", { query: { hours } });

  /** Whether this deployment serves a route, by its own description. */
  async serves(route: RouteName): Promise<boolean> {
    this.paths ??= this.describe();
    const [method, path] = ROUTES[route];
    return (await this.paths.catch(() => new Set<string>())).has(`${method} ${path}`);
  }

  private act(route: RouteName, id: string, body: Record<string, unknown>, version?: number): Promise<Answer<T.Incident>> {
    return this.ask<T.Incident>(route, { path: { id }, body, ...(version !== undefined && { ifMatch: `"${version}"` }) });
  }

  private async describe(): Promise<Set<string>> {
    const response = await this.send("/openapi.json", { method: "GET" });
    const document = (await response.json()) as { paths?: Record<string, Record<string, unknown>> };
    const found = Object.entries(document.paths ?? {});
    return new Set(found.flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`)));
  }

  private async ask<B = unknown>(route: RouteName, options: Options = {}): Promise<Answer<B>> {
    const [method, template] = ROUTES[route];
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(options.path?.[name] ?? ""));
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined && value !== "") query.set(name, String(value));
    }
    const headers: Record<string, string> = {};
    if (options.ifMatch !== undefined) headers["If-Match"] = options.ifMatch;
    if (options.body !== undefined) headers["Content-Type"] = "application/json";
    if (method === "post") headers["Idempotency-Key"] = newKey();
    const response = await this.send(query.size > 0 ? `${path}?${query.toString()}` : path, {
      method: method.toUpperCase(),
      headers,
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
      ...(options.signal && { signal: options.signal }),
    });
    const isText = response.headers.get("content-type")?.startsWith("text/") ?? false;
    const body: unknown = response.status === 204 ? undefined : isText ? await response.text() : await response.json();
    return { body: body as B, etag: response.headers.get("etag") };
  }

  private async send(path: string, request: RequestInit, again = true): Promise<Response> {
    const token = await this.session.token();
    const headers = new Headers(request.headers);
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    const response = await this.fetch(`${this.base}${path}`, { ...request, headers }, headers.has("Idempotency-Key") ? PAUSES : []);
    if (response.status === 401 && again && this.session.needsSignIn && (await this.session.renew()) !== null) {
      return this.send(path, request, false);
    }
    if (!response.ok) throw await Problem.of(response);
    return response;
  }

  /** Sends again, with the same key, what may or may not have arrived. */
  private async fetch(url: string, request: RequestInit, [pause, ...later]: number[]): Promise<Response> {
    try {
      const response = await fetch(url, request);
      if (pause === undefined || ![429, 502, 503, 504].includes(response.status)) return response;
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      if (pause === undefined) throw Problem.offline();
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    return this.fetch(url, request, later);
  }
}
