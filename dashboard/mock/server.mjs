// The API, Cognito and the WebSocket as the page sees them, in one process, with a small fleet in trouble. For development and for
// the browser tests; nothing of it is deployed.
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { WebSocketServer } from "ws";
import { PRODUCTS, SILENCES, Trail, advice, incident, instant, points, resources, summary } from "./data.mjs";

const DIST = join(import.meta.dirname, "../dist");
const OPENAPI = join(import.meta.dirname, "../../functions/api/openapi.json");
const CATALOGUE = join(import.meta.dirname, "../../config/alert_thresholds.json");
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
export const USER = { email: "sam@example.com", password: "correct horse battery" };
const RANK = { viewer: 0, operator: 1, admin: 2 };

/** What is served only where the later routes are deployed. */
export const LATER = ["/me", "/metrics/summary", "/resources", "/approvals", "/remediations", "/silences", "/products", "/thresholds", "/security-events", "/alerts"];

/**
 * @param {{ incidents?: number, hostile?: boolean, auth?: "cognito" | "none", live?: boolean, absent?: string[], role?: string, port?: number, now?: number, serveDist?: boolean }} options
 */
export async function mock(options = {}) {
  const { incidents: amount = 14, hostile = false, auth = "none", live = true, absent = ["/security-events"], role = "admin", port = 0, serveDist = true } = options;
  const now = options.now ?? Date.now();
  const fleet = resources(now);
  if (hostile) fleet[0].tags = { ...fleet[0].tags, '"><img src=x onerror="window.pwned=1">': "<svg onload=window.pwned=1>" };
  const incidents = new Map();
  const trail = new Trail();
  for (let index = amount - 1; index >= 0; index -= 1) {
    const made = incident(index, now, fleet, hostile);
    incidents.set(made.id, made);
    if (index < 40) trail.tell(made);
  }
  const state = { down: false, revoked: new Set(), silences: SILENCES(now), products: [...PRODUCTS], set: [{ overrides: { resource_types: {} }, version: 0, changed_by: null, changed_at: null, brings_back: null }], control: { stopped: null, resumed: null }, claims: [], requests: [] };
  const first = [...incidents.values()].find((found) => found.status === "OPEN" && found.finding.causes[0].kind === "memory_exhaustion");
  if (first !== undefined) {
    state.claims.push({
      incident: first.id, resource_arn: first.anomaly.resource.arn, claimed_at: first.opened_at, lease_until: first.opened_at, settled_at: null, announcement: "done",
      state: { state: "awaiting_approval", action: "stop_start", until: instant(now + 42 * 60_000), fingerprint: "f", decision: null },
      run: { policy: "memory", steps: [{ action: "snapshot_first", settle_minutes: 0 }, { action: "stop_start", settle_minutes: 10 }], step: 0, trace: "t", tried: [], acted_at: null },
    });
  }

  let order = [];
  const newestFirst = () => {
    if (order.length !== incidents.size) order = [...incidents.values()].map((found) => [found.opened_at, found.id]).sort(([a], [b]) => (a < b ? 1 : -1));
    return order.map(([, id]) => incidents.get(id));
  };
  let cursor = 0;
  const sockets = new Set();
  const log = [];

  function tell(changed) {
    cursor += 1;
    const frame = { type: "delta", cursor: `c${cursor}`, events: [summary(changed)], removed: [] };
    log.push([cursor, frame]);
    for (const socket of sockets) socket.send(JSON.stringify(frame));
  }

  const origin = () => `http://127.0.0.1:${server.address().port}`;
  const config = () => ({
    version: 1, api: "",
    auth: auth === "none" ? { mode: "none" } : { mode: "cognito", endpoint: `${origin()}/cognito/`, client_id: "mock", user_pool_id: "eu-west-1_mock", region: "eu-west-1" },
    live: live ? { url: `${origin().replace("http", "ws")}/live` } : null,
  });
  const policy = () =>
    `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' ${origin().replace("http", "ws")}; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://mock");
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString() || "null") : null;
      try {
        answer(request, response, url, body);
      } catch (error) {
        problem(response, 500, "Internal Server Error", String(error));
      }
    });
  });

  function answer(request, response, url, body) {
    const path = url.pathname;
    if (serveDist && (path === "/" || path === "/index.html" || path === "/favicon.svg" || path.startsWith("/assets/"))) return file(response, path === "/" ? "/index.html" : path);
    if (path === "/config.json") return json(response, config());
    if (path === "/cognito/") return cognito(request, response, body);
    if (state.down) return request.socket.destroy();
    state.requests.push(`${request.method} ${path}`);
    if (absent.some((prefix) => path.startsWith(prefix) && !path.endsWith("/feedback"))) return problem(response, 404, "Not Found", `nothing is served at ${path}; /openapi.json lists what is`);
    if (auth === "cognito") {
      const token = request.headers.authorization?.replace("Bearer ", "");
      if (!token?.startsWith("access-") || state.revoked.has(token)) return send(response, 401, { message: "Unauthorized" });
    }
    const needs = needed(request.method, path);
    if (RANK[role] < RANK[needs]) return problem(response, 403, "Forbidden", `this needs the role ${needs}; you are ${role}`, "urn:problem-type:nightjar:forbidden");
    route(request, response, url, path.split("/").slice(1).map(decodeURIComponent), body);
  }

  function needed(method, path) {
    if (method === "GET" || path.endsWith("/preview")) return "viewer";
    if (path.startsWith("/products") || path === "/remediations/resume" || path.includes("/policies/")) return "admin";
    return "operator";
  }

  function route(request, response, url, [root, id, deed, last], body) {
    const query = url.searchParams;
    const verb = `${request.method} /${root}${id === undefined ? "" : "/:id"}${deed === undefined ? "" : `/${deed}`}`;
    switch (verb) {
      case "GET /health": return json(response, { status: "ok", version: "0.1.0" });
      case "GET /openapi.json": return json(response, openapi());
      case "GET /me": return json(response, { who: auth === "none" ? "anybody" : USER.email, role, authenticated_by: auth });
      case "GET /thresholds": return json(response, thresholds(), { etag: `"${state.set.at(-1).version}"` });
      case "PUT /thresholds": return setThresholds(request, response, body, null);
      case "POST /thresholds/:id": return setThresholds(request, response, (state.set.at(-2) ?? state.set[0]).overrides, state.set.at(-1).version - 1);
      case "GET /thresholds/:id": return json(response, preview(query));
      case "GET /events": return listEvents(response, query);
      case "GET /events/:id": return showEvent(request, response, id);
      case "GET /events/:id/record": return showRecord(request, response, id);
      case "POST /alerts/:id/acknowledge": return change(request, response, id, "ACKNOWLEDGED", body);
      case "POST /alerts/:id/suppress": return change(request, response, id, "SUPPRESSED", body);
      case "POST /alerts/:id/resolve": return change(request, response, id, "RESOLVED", body);
      case "POST /alerts/:id/assign": return assign(response, id, body);
      case "POST /alerts/:id/feedback": return feedback(response, id, body);
      case "GET /metrics/:id": return json(response, totals());
      case "GET /resources": return listResources(response, query);
      case "GET /resources/:id": return showResource(response, id);
      case "GET /resources/:id/metrics": return showMetrics(response, id, query);
      case "GET /approvals": return json(response, { approvals: state.claims });
      case "POST /approvals/:id/approve": return decide(response, id, "started");
      case "POST /approvals/:id/deny": return decide(response, id, "declined");
      case "GET /remediations": return json(response, remediations());
      case "POST /remediations/:id": return control(response, id, body);
      case "POST /remediations/:id/reset": return json(response, remediations().ledger);
      case "GET /silences": return json(response, { silences: state.silences });
      case "POST /silences": state.silences = [...state.silences, { id: `sil_${Date.now()}`, owner: "sam@example.com", starts_at: instant(Date.now()), ...body }]; return send(response, 201, state.silences.at(-1));
      case "DELETE /silences/:id": state.silences = state.silences.filter((silence) => silence.id !== id); return send(response, 204);
      case "GET /products": return json(response, { products: state.products });
      case "PUT /products/:id": return setProduct(response, id, body);
      case "DELETE /products/:id": state.products = state.products.filter((product) => product.name !== id); return send(response, 204);
      case "GET /audit-log": return listAudit(response, query);
      case "GET /audit-log/:id": return json(response, verification());
      default: return problem(response, 404, "Not Found", `nothing is served at ${url.pathname}; ${last ?? ""}/openapi.json lists what is`);
    }
  }

  function listEvents(response, query) {
    const limit = Number(query.get("limit") ?? 20);
    const from = Number(query.get("cursor") ?? 0);
    const status = query.get("status");
    const resource = query.get("resource");
    const found = newestFirst().filter((one) => (status === null || one.status === status) && (resource === null || one.anomaly.resource.id === resource));
    json(response, { events: found.slice(from, from + limit).map(summary), next_cursor: from + limit < found.length ? String(from + limit) : null });
  }

  function showEvent(request, response, id) {
    const found = incidents.get(id);
    if (found === undefined) return problem(response, 404, "Unknown event", `there is no event "${id}"; events are kept until their retention ends`, "urn:problem-type:nightjar:unknown-event");
    json(response, found, { etag: `"${found.version}"` });
  }

  function showRecord(request, response, id) {
    const found = incidents.get(id);
    if (found === undefined) return showEvent(request, response, id);
    const told = trail.entries.filter(({ fact }) => fact.because_of === id).map(({ fact }) => `| ${fact.at} | ${fact.actor} | ${fact.kind} ${fact.subject} | |`);
    const lines = [...found.timeline.map((step) => `| ${step.at} | ${step.by} | ${step.to} | ${step.why} |`), ...told];
    response.writeHead(200, { "content-type": "text/markdown; charset=utf-8" });
    response.end(`# ${found.title}\n\n${lines.join("\n")}\n`);
  }

  function change(request, response, id, to, body) {
    const found = incidents.get(id);
    if (found === undefined) return showEvent(request, response, id);
    const expected = request.headers["if-match"];
    if (expected !== undefined && expected !== `"${found.version}"`) return problem(response, 412, "It has changed meanwhile", `it has version ${found.version} now; read it again`);
    if (!body?.why?.trim()) return problem(response, 400, "The request's parameters cannot be used", "why is empty or too long", "urn:problem-type:nightjar:invalid-parameters", [{ parameter: "why", problem: "is empty or too long", allowed: "1 to 2000 characters" }]);
    const at = instant(Date.now());
    const step = { at, by: auth === "none" ? "anybody" : USER.email, to, why: body.why, ...(body.until && { until: body.until }) };
    const changed = { ...found, status: to, version: found.version + 1, timeline: [...found.timeline, step] };
    incidents.set(id, changed);
    trail.record("incident.changed", step.by, id, `${id}:${changed.version}`, at, { to, why: body.why });
    tell(changed);
    json(response, changed, { etag: `"${changed.version}"` });
  }

  function assign(response, id, body) {
    const found = incidents.get(id);
    const step = { at: instant(Date.now()), by: USER.email, to: found.status, why: `assigned to ${body.to}: ${body.why}` };
    const changed = { ...found, version: found.version + 1, timeline: [...found.timeline, step] };
    incidents.set(id, changed);
    tell(changed);
    json(response, changed, { etag: `"${changed.version}"` });
  }

  function feedback(response, id, body) {
    const found = incidents.get(id);
    const said = { verdict: body.verdict, by: USER.email, at: instant(Date.now()), why: body.why, raised_by: 0.5, number: (found.feedback?.number ?? 0) + 1 };
    incidents.set(id, { ...found, feedback: said, version: found.version + 1 });
    json(response, { event: id, series: "s", changed: true, feedback: said, bar_raised_by: 0.5 });
  }

  function setProduct(response, name, body) {
    const before = state.products.find((product) => product.name === name);
    const product = { ...body, name, version: (before?.version ?? 0) + 1, changed_by: USER.email, changed_at: instant(Date.now()) };
    state.products = [...state.products.filter((other) => other !== before), product];
    send(response, before === undefined ? 201 : 200, product);
  }

  function totals() {
    const of = (status) => [...incidents.values()].filter((found) => found.status === status).length;
    return { since: instant(now - 7 * 86_400_000), until: instant(now), open: of("OPEN"), acknowledged: of("ACKNOWLEDGED"), suppressed: of("SUPPRESSED"), resolved: of("RESOLVED"), mtta_seconds: 312, mttr_seconds: 2580, acknowledged_after: 9, resolved_after: 6, healed: 3, remediations: 5, complete: true };
  }

  function item(resource) {
    const open = [...incidents.values()].filter((found) => found.anomaly.resource.id === resource.id && found.status !== "RESOLVED");
    const order = ["critical", "high", "medium", "low", "info"];
    const worst = open.map((found) => found.severity).sort((a, b) => order.indexOf(a) - order.indexOf(b))[0] ?? null;
    return { ...resource, open_events: open.length, worst };
  }

  function listResources(response, query) {
    const q = query.get("q")?.toLowerCase() ?? "";
    json(response, { resources: fleet.filter((one) => `${one.name} ${one.id}`.toLowerCase().includes(q)).map(item), next_cursor: null });
  }

  const ofFleet = (id) => fleet.find((one) => one.id === id || one.arn === id);

  function showResource(response, id) {
    const found = ofFleet(id);
    if (found === undefined) return problem(response, 404, "Unknown resource", `there is no resource "${id}"`, "urn:problem-type:nightjar:unknown-resource");
    json(response, { ...item(found), advice: advice(found.missing), events: newestFirst().filter((one) => one.anomaly.resource.id === found.id).slice(0, 20).map(summary) });
  }

  function showMetrics(response, id, query) {
    const found = ofFleet(id);
    if (found === undefined) return showResource(response, id);
    const to = Date.parse(query.get("to") ?? instant(Date.now()));
    const from = Date.parse(query.get("from") ?? instant(to - 86_400_000));
    const name = query.get("metric");
    const events = newestFirst().filter((one) => one.anomaly.resource.id === found.id);
    const metrics = found.metrics.filter((one) => name === null || one.name === name);
    const series = metrics.map((one) => {
      const own = events.filter((event) => event.anomaly.metric.name === one.name);
      return { series: `${one.namespace}|${one.name}|InstanceId=${found.id}|Average|300`, metric: one, points: points(found.id + one.name, from, to, own.length > 0), events: own.map(summary) };
    });
    json(response, { resource: found.id, from: instant(from), to: instant(to), series, gaps: found.missing.includes("memory_metric") ? ["mem_used_percent: the CloudWatch agent does not report"] : [] });
  }

  function decide(response, id, to) {
    const claim = state.claims.find((found) => found.incident === id);
    if (claim === undefined) return problem(response, 409, "Conflict", "nothing waits");
    state.claims = state.claims.filter((found) => found !== claim);
    json(response, { ...claim, state: { state: to, action: claim.state.action } });
  }

  function remediations() {
    return {
      control: state.control,
      ledger: { version: 4, high_water: null, acts: [], runs: state.claims.map((claim) => ({ incident: claim.incident, resource_arn: claim.resource_arn, policy: claim.run.policy, since: claim.claimed_at, waiting: true, counted: false })), breakers: { disk: { failures: 3, opened_at: instant(now - 900_000) } }, healing: { memory: { healed: 3, not_healed: 1 }, disk: { healed: 0, not_healed: 3 } } },
    };
  }

  function control(response, deed, body) {
    const word = { by: USER.email, at: instant(Date.now()), why: body?.why || "no reason given" };
    state.control = deed === "stop" ? { stopped: word, resumed: null } : { stopped: null, resumed: word };
    json(response, state.control);
  }

  function listAudit(response, query) {
    const limit = Number(query.get("limit") ?? 50);
    const from = Number(query.get("cursor") ?? 0);
    const fields = ["kind", "actor", "subject", "because_of"].filter((name) => query.has(name));
    const found = trail.entries.filter((entry) => fields.every((name) => entry.fact[name] === query.get(name)));
    json(response, { entries: found.slice(from, from + limit), next_cursor: from + limit < found.length ? String(from + limit) : null });
  }

  function verification() {
    return { since: instant(now - 86_400_000), valid: true, entries: trail.entries.length, anchored_through: trail.entries.length - 3, first_bad: null, problems: [], anchors: 24, newest_anchor_at: instant(now - 1_500_000), chains: [] };
  }

  function openapi() {
    const document = existsSync(OPENAPI) ? JSON.parse(readFileSync(OPENAPI, "utf8")) : { paths: {} };
    const deeds = absent.includes("/alerts") ? [] : ["acknowledge", "suppress", "resolve", "assign"];
    for (const deed of deeds) document.paths[`/alerts/{id}/${deed}`] = { post: {} };
    return document;
  }

  /** The catalogue that ships. */
  function thresholds() {
    const { sources, resource_types } = JSON.parse(readFileSync(CATALOGUE, "utf8"));
    return { precedence: [], sources, resource_types, catalogue_version: 0, set: state.set.at(-1), left_out: [] };
  }

  function setThresholds(request, response, overrides, brings_back) {
    const before = state.set.at(-1);
    if ((request.headers["if-match"] ?? `"${before.version}"`) !== `"${before.version}"`) return problem(response, 412, "Precondition Failed", `the thresholds have changed: their version is ${before.version} now`);
    state.set = [...state.set, { overrides, version: before.version + 1, changed_by: USER.email, changed_at: instant(Date.now()), brings_back }];
    json(response, state.set.at(-1), { etag: `"${before.version + 1}"` });
  }

  /** A higher threshold fires less often. */
  function preview(query) {
    const of = fleet.filter((one) => (one.type ?? "ec2:instance") === query.get("type")).slice(0, 2);
    const fired = Number(query.get("threshold")) >= 97 ? 0 : 3;
    const series = of.map((one, index) => ({ resource: one.id, metric: { namespace: "AWS/EC2", name: query.get("metric"), dimensions: {}, statistic: "Average", period_seconds: 300 }, at: [], fired: index === 0 ? fired : 0, minutes_in_alarm: index === 0 ? fired * 15 : 0, breaches: 9, datapoints: 2016, periods: 2016 }));
    return { from: instant(now - 7 * 86_400_000), until: instant(now), fired, minutes_in_alarm: fired * 15, resources: of.length, series, gaps: [] };
  }

  function cognito(request, response, body) {
    const action = String(request.headers["x-amz-target"]).split(".")[1];
    const refuse = (kind, message) => send(response, 400, { __type: kind, message });
    const tokens = (withRefresh) => json(response, { AuthenticationResult: { AccessToken: `access-${Date.now()}-${Math.random()}`, IdToken: "id", ...(withRefresh && { RefreshToken: "refresh-1" }), ExpiresIn: 3600, TokenType: "Bearer" } });
    if (action === "RevokeToken") {
      state.revoked.add(body.Token);
      return json(response, {});
    }
    if (action === "InitiateAuth" && body.AuthFlow === "REFRESH_TOKEN_AUTH") {
      return state.revoked.has(body.AuthParameters.REFRESH_TOKEN) ? refuse("NotAuthorizedException", "Refresh Token has been revoked") : tokens(false);
    }
    if (action === "InitiateAuth") {
      const { USERNAME, PASSWORD } = body.AuthParameters;
      if (USERNAME !== USER.email) return refuse("UserNotFoundException", "User does not exist.");
      if (PASSWORD === "temporary") return json(response, { ChallengeName: "NEW_PASSWORD_REQUIRED", Session: "s", ChallengeParameters: {} });
      if (PASSWORD !== USER.password) return refuse("NotAuthorizedException", "Incorrect username or password.");
      state.revoked.delete("refresh-1");
      return tokens(true);
    }
    if (action === "RespondToAuthChallenge") {
      return body.ChallengeResponses.NEW_PASSWORD.length < 12 ? refuse("InvalidPasswordException", "Password did not conform with policy: Password not long enough") : tokens(true);
    }
    return json(response, {});
  }

  function file(response, path) {
    const full = join(DIST, path);
    if (!/^\/(index\.html|favicon\.svg|assets\/[\w.-]+)$/.test(path) || !existsSync(full)) return problem(response, 404, "Not Found", path);
    response.writeHead(200, { "content-type": TYPES[extname(full)] ?? "application/octet-stream", "content-security-policy": policy(), "x-content-type-options": "nosniff" });
    createReadStream(full).pipe(response);
  }

  const wss = new WebSocketServer({ noServer: true, handleProtocols: (protocols) => (protocols.has("nightjar") ? "nightjar" : false) });
  server.on("upgrade", (request, socket, head) => {
    const refused = state.down || new URL(request.url, "http://mock").pathname !== "/live" || !live;
    if (refused) return socket.destroy();
    wss.handleUpgrade(request, socket, head, (connection) => {
      sockets.add(connection);
      connection.on("close", () => sockets.delete(connection));
      connection.on("message", (data) => heard(connection, JSON.parse(data.toString())));
    });
  });

  function heard(connection, message) {
    if (message.action === "ping") return connection.send(JSON.stringify({ type: "pong", at: instant(Date.now()) }));
    if (message.action !== "hello") return connection.send(JSON.stringify({ type: "error", detail: "unknown action" }));
    if (typeof message.cursor === "string") {
      const after = Number(message.cursor.slice(1));
      for (const [number, frame] of log) if (number > after) connection.send(JSON.stringify(frame));
      return connection.send(JSON.stringify({ type: "delta", cursor: `c${cursor}`, events: [], removed: [] }));
    }
    const open = newestFirst().filter((found) => found.status !== "RESOLVED");
    connection.send(JSON.stringify({ type: "snapshot", cursor: `c${cursor}`, events: open.slice(0, 50).map(summary), complete: open.length <= 50 }));
  }

  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  let born = amount;
  return {
    url: origin(),
    requests: state.requests,
    sockets,
    /** Another incident is found now. */
    push() {
      const made = { ...incident(born, Date.now(), fleet, hostile), id: `inc_${String(born).padStart(20, "f")}`, status: "OPEN", severity: "critical", opened_at: instant(Date.now()) };
      born += 1;
      incidents.set(made.id, made);
      trail.tell(made);
      tell(made);
      return made;
    },
    /** Tampers with the newest audit entry that has details. */
    tamper() {
      trail.entries[3].fact.actor = "nobody";
    },
    dropLive() {
      for (const socket of sockets) socket.terminate();
    },
    setDown(down) {
      state.down = down;
      if (down) for (const socket of sockets) socket.terminate();
    },
    async close() {
      for (const socket of sockets) socket.terminate();
      wss.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response, status, body, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", "x-request-id": "mock", ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function json(response, body, headers = {}) {
  send(response, 200, body, headers);
}

function problem(response, status, title, detail, type = "about:blank", errors = undefined) {
  send(response, status, { type, title, status, detail, ...(errors && { errors }) }, { "content-type": "application/problem+json" });
}
