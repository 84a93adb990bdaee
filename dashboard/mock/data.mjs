// A small fleet and what went wrong in it: the JSON that the API gives, made by a seed and the time.
import { createHash } from "node:crypto";

const ACCOUNT = "111122223333";
const REGION = "eu-west-1";
const MINUTE = 60_000;

/** A generator of numbers between 0 and 1, the same for the same seed (mulberry32). */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Whole seconds, as the API writes instants. */
export const instant = (milliseconds) => new Date(Math.floor(milliseconds / 1000) * 1000).toISOString().replace(".000Z", "Z");

const hex = (text, length = 20) => createHash("sha256").update(text).digest("hex").slice(0, length);

const FLEET = [
  ["checkout-1", "running", { app: "shop", team: "payments" }],
  ["checkout-2", "running", { app: "shop", team: "payments" }],
  ["catalogue-1", "running", { app: "shop", team: "browse" }],
  ["search-1", "running", { app: "search", team: "browse" }],
  ["search-2", "running", { app: "search", team: "browse" }],
  ["mail-worker", "running", { app: "mail", team: "platform" }],
  ["billing-batch", "running", { app: "billing", team: "payments" }],
  ["gateway-a", "running", { app: "edge", team: "platform" }],
  ["gateway-b", "running", { app: "edge", team: "platform" }],
  ["reports", "stopped", { app: "billing", team: "payments" }],
  ["build-agent", "running", { app: "ci", team: "platform" }],
  [null, "running", {}],
];

function metric(name, id, namespace = "AWS/EC2") {
  return { namespace, name, dimensions: { InstanceId: id }, statistic: "Average", period_seconds: 300 };
}

export function resources(now) {
  return FLEET.map(([name, state, tags], index) => {
    const id = `i-0${hex(`instance ${index}`, 16)}`;
    const missing = index % 4 === 3 ? ["memory_metric", "disk_metric"] : index === 11 ? ["log_group", "memory_metric", "disk_metric"] : [];
    const metrics = [
      { ...metric("CPUUtilization", id), direction: "above" },
      { ...metric("NetworkIn", id), direction: "both" },
      ...(missing.includes("memory_metric") ? [] : [{ ...metric("mem_used_percent", id, "CWAgent"), direction: "above" }]),
    ];
    return {
      arn: `arn:aws:ec2:${REGION}:${ACCOUNT}:instance/${id}`, id, type: "ec2:instance", region: REGION, account: ACCOUNT, name,
      tags: { ...(name && { Name: name }), ...tags, "aiops:monitor": "true", ...(index < 3 && { "aiops:remediate": "reboot" }) },
      state, launched_at: instant(now - (index + 9) * 86_400_000),
      log_sources: missing.includes("log_group") ? [] : [{ group: `/app/${tags.app ?? "web"}`, stream_prefix: id }],
      metrics, missing, neighbours: {}, onboarded_at: instant(now - (index + 8) * 86_400_000), updated_at: instant(now - 4 * MINUTE),
    };
  });
}

const ADVICE = {
  log_group: "name its log groups in the log-groups tag",
  named_log_group: "create the log group that the log-groups tag names, or mend the tag",
  memory_metric: "install the CloudWatch agent and collect mem_used_percent with the InstanceId dimension",
  disk_metric: "install the CloudWatch agent and collect disk_used_percent with the InstanceId dimension",
};
export const advice = (missing) => missing.map((name) => ({ missing: name, advice: ADVICE[name] ?? "" }));

const STORIES = [
  {
    kind: "memory_exhaustion", metric: "CPUUtilization", severity: "critical", observed: 97.2, expected: { low: 18, typical: 24.5, high: 41 }, score: 0.998, confidence: 0.92,
    template: "Out of memory: Killed process <n> (java)", sample: "Nov 21 09:57:02 checkout-1 kernel: Out of memory: Killed process 4242 (java) total-vm:8123440kB, anon-rss:3981220kB",
    supports: [[0.62, "12 × \"Out of memory: Killed process <n> (java)\", never before"], [0.55, "mem_used_percent went from 61 to 98.4, 9 minutes before the anomaly"], [0.2, "the process started again 3 times in the window"]],
    contradicts: [[0.08, "NetworkIn is as usual: no surge of traffic asks for more memory"]],
    next: "Take a heap dump from the next process that grows past 3 GB, and compare with the release of 09:31.",
    runbook: "https://wiki.example.com/runbooks/memory",
  },
  {
    kind: "bad_deploy", metric: "CPUUtilization", severity: "high", observed: 88.1, expected: { low: 12, typical: 19, high: 33 }, score: 0.994, confidence: 0.81,
    template: "TypeError: Cannot read properties of undefined (reading <*>)", sample: "2026-11-21T09:41:11Z ERROR TypeError: Cannot read properties of undefined (reading 'price')\n    at render (/srv/app/cart.js:118:22)\n    at Layer.handle (/srv/app/node_modules/express/lib/router/layer.js:95:5)",
    supports: [[0.58, "a deployment 4 minutes before the onset, by deploy-role"], [0.44, "319 × a TypeError of code never seen before"]], contradicts: [],
    next: "Roll back the release of 09:37 and watch whether the errors end.", runbook: null,
  },
  {
    kind: "connection_pool_exhaustion", metric: "DatabaseConnections", severity: "high", observed: 200, expected: { low: 31, typical: 52, high: 96 }, score: 0.989, confidence: 0.74,
    template: "HikariPool-<n> - Connection is not available, request timed out after <n>ms", sample: "HikariPool-1 - Connection is not available, request timed out after 30001ms",
    supports: [[0.5, "71 × \"Connection is not available\", surged 24 ×"], [0.3, "connections stand at their limit of 200"]], contradicts: [[0.12, "a full disk explains failing connections too"]],
    next: "Look for transactions that are idle: SELECT pid, state, xact_start FROM pg_stat_activity.", runbook: null,
  },
  {
    kind: "unknown", metric: "NetworkIn", severity: "medium", observed: 48_211_330, expected: { low: 1_200_000, typical: 3_900_000, high: 11_000_000 }, score: 0.971, confidence: 0.22,
    template: "GET <*> <n> <n>", sample: '10.0.3.7 - - [21/Nov/2026:09:55:31 +0000] "GET /catalogue/77 HTTP/1.1" 200 5123',
    supports: [[0.2, "ordinary lines come 6 × as often"]], contradicts: [[0.3, "requests to the load balancer did not grow"]], next: "Look at who sends: VPC flow logs for the window.", runbook: null,
  },
  {
    kind: "disk_full", metric: "disk_used_percent", severity: "high", observed: 98.7, expected: { low: 40, typical: 62, high: 80 }, score: 0.982, confidence: 0.95,
    template: "PANIC: could not write to file <*>: No space left on device", sample: 'PANIC:  could not write to file "pg_wal/xlogtemp.2193": No space left on device',
    supports: [[0.8, "4 × \"No space left on device\", never before"], [0.6, "disk_used_percent is 98.7"]], contradicts: [], next: "Free or grow /var/lib/postgresql; replication slots keep old WAL.", runbook: null,
  },
  {
    kind: "traffic_surge", metric: "CPUUtilization", severity: "low", observed: 71, expected: { low: 20, typical: 34, high: 58 }, score: 0.957, confidence: 0.58,
    template: "GET <*> <n> <n>", sample: '10.0.9.2 - - [21/Nov/2026:09:55:31 +0000] "GET /newsletter/41 HTTP/1.1" 200 811',
    supports: [[0.4, "requests and bytes in grow together, here and on 2 siblings"]], contradicts: [[0.1, "latency is as usual"]], next: "Nothing, if the newsletter explains it.", runbook: null,
  },
];

const STATUSES = ["OPEN", "OPEN", "OPEN", "ACKNOWLEDGED", "OPEN", "SUPPRESSED", "OPEN", "RESOLVED"];

/** One incident of the fleet. */
export function incident(index, now, fleet, hostile = false) {
  const draw = random(index + 1);
  const story = STORIES[index < STORIES.length ? index : Math.floor(draw() ** 1.6 * STORIES.length)] ?? STORIES[3];
  const resource = fleet[index < 8 ? index : Math.floor(draw() * fleet.length)] ?? fleet[0];
  const minutes = index < 12 ? [3, 9, 17, 31, 44, 62, 90, 140, 210, 420, 900, 1500][index] : 60 + Math.floor(draw() * 80_000);
  const opened = now - minutes * MINUTE;
  const status = index < 2 ? "OPEN" : STATUSES[index % STATUSES.length] ?? "OPEN";
  const bad = hostile ? '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>' : "";
  const ref = { arn: resource.arn, id: resource.id, type: resource.type, region: resource.region, account: resource.account, name: hostile ? `${bad}${resource.name ?? ""}` : resource.name };
  const label = ref.name === null ? ref.id : `${ref.name} (${ref.id})`;
  const anomalyMetric = metric(story.metric, resource.id, story.metric.includes("_") ? "CWAgent" : "AWS/EC2");
  const windowEnd = opened - 65_000;
  const summary = story.kind === "unknown"
    ? `The cause is unknown: ${story.supports[0][1]}`
    : `${title(story.kind)} is the likeliest cause (${Math.round(story.confidence * 100)} % confidence): ${story.supports[0][1]}`;
  const timeline = [{ at: instant(opened), by: "log-analyzer-rca", to: "OPEN", why: `${story.severity} evidence: ${summary}` }];
  if (status !== "OPEN") {
    const why = { ACKNOWLEDGED: "looking at the heap dump", SUPPRESSED: "known: the nightly import", RESOLVED: "rolled back, back in its band" }[status];
    if (status === "RESOLVED") timeline.push({ at: instant(opened + 4 * MINUTE), by: "sam@example.com", to: "ACKNOWLEDGED", why: "on it" });
    timeline.push({ at: instant(opened + 12 * MINUTE), by: "sam@example.com", to: status, why, ...(status === "SUPPRESSED" && { until: instant(now + 5 * 60 * MINUTE) }) });
  }
  return {
    id: `inc_${hex(`incident ${index}`)}`,
    title: `${story.metric} of ${label} is abnormal`,
    status, severity: story.severity, opened_at: instant(opened),
    anomaly: {
      id: `anm_${hex(`anomaly ${index}`)}`, resource: ref, metric: anomalyMetric,
      window_start: instant(windowEnd - 5 * MINUTE), window_end: instant(windowEnd),
      observed: story.observed, expected: story.expected, score: Number((story.score - (index >= 6 ? draw() * 0.02 : 0)).toFixed(4)), severity: story.severity,
      reasons: ["far above the level of the last hours (robust z 19.2)", "unlike every slot of the day since 14 days", "the forest isolates it in 3.1 splits where 9.8 are usual"],
      detector: "bundled-7f3c21",
    },
    finding: {
      summary,
      causes: [
        { kind: story.kind, confidence: story.confidence, severity: story.severity, events: 12, templates: [story.template], supports: story.supports.map(([weight, text]) => ({ weight, text })), contradicts: story.contradicts.map(([weight, text]) => ({ weight, text })), next_step: story.next, ...(story.runbook && { runbook: story.runbook }) },
        ...(story.kind === "unknown" ? [] : [{ kind: "cpu_exhaustion", confidence: 0.31, severity: "medium", events: 0, templates: [], supports: [{ weight: 0.3, text: "the processor is busy" }], contradicts: [{ weight: 0.25, text: "nothing in the logs says so" }], next_step: "Look at the busiest process first." }]),
      ],
      error_events: 31,
      patterns: [
        { template: story.template + bad, severity: story.severity, cause: story.kind === "unknown" ? null : story.kind, count: 12, baseline_count: 0, change: "new", sample: story.sample + bad, log_group: resource.log_sources[0]?.group ?? "/app/web", first_at: instant(windowEnd - 4 * MINUTE), last_at: instant(windowEnd) },
        { template: "health check took <n> ms", severity: "low", cause: null, count: 40, baseline_count: 6, ratio: 6.4, change: "surged", sample: `health check took 2112 ms ${bad}`, log_group: resource.log_sources[0]?.group ?? "/app/web", first_at: instant(windowEnd - 9 * MINUTE), last_at: instant(windowEnd) },
        { template: "GET <*> <n> <n>", severity: "info", cause: null, count: 4120, baseline_count: 3980, ratio: 1.03, change: "steady", sample: '10.0.3.7 - - [21/Nov/2026:09:55:31 +0000] "GET /health HTTP/1.1" 200 2', log_group: resource.log_sources[0]?.group ?? "/app/web", first_at: instant(windowEnd - 15 * MINUTE), last_at: instant(windowEnd) },
      ],
      patterns_cut: 4,
      changes: [
        { at: instant(windowEnd - 24 * MINUTE), event: "UpdateAutoScalingGroup", service: "autoscaling.amazonaws.com", by: "deploy-role/release-481", from: "10.0.0.12", resources: ["shop-checkout"], touches: "its Auto Scaling group" },
        { at: instant(windowEnd - 71 * MINUTE), event: "AuthorizeSecurityGroupIngress", service: "ec2.amazonaws.com", by: `kim${bad}`, from: "198.51.100.23", resources: ["sg-0a1b2c3d"], touches: null },
      ],
      changes_cut: 0,
      metrics: [
        { metric: metric("mem_used_percent", resource.id, "CWAgent"), usual: 61, during: 98.4, z: 14.2, moved_at: instant(windowEnd - 9 * MINUTE) },
        { metric: metric("NetworkIn", resource.id), usual: 3_900_000, during: 4_010_000, z: 0.3, moved_at: null },
      ],
      blast_radius: index % 3 === 0 ? { reach: "alone", of: 7 } : index % 3 === 1 ? { reach: "group", name: "app=shop", moved: 2, of: 3 } : { reach: "everything", moved: 6, of: 11 },
      state: {
        state: "running", reason: index % 5 === 4 ? `Server.SpotInstanceTermination ${bad}` : undefined, launched_at: instant(now - 12 * 86_400_000), is_spot: index % 5 === 4, system_check: "ok", instance_check: index % 2 === 0 ? "impaired" : "ok",
        events: index % 2 === 0 ? [{ code: "system-reboot", description: `The host is to be rebooted ${bad}`, not_before: instant(now + 86_400_000), not_after: null }] : [],
      },
      history: [{ id: `inc_${hex(`incident ${index + 40}`)}`, opened_at: instant(now - 9 * 86_400_000), cause: story.kind, ended: "rolled back to 480" }],
      searches: [{ log_groups: [resource.log_sources[0]?.group ?? "/app/web"], from: instant(windowEnd - 15 * MINUTE), until: instant(windowEnd + 2 * MINUTE), query: "fields @timestamp, @message, @logStream, @log\n| filter @message like /(?i)(out of memory|killed process)/\n| sort @timestamp desc\n| limit 1000", bytes_scanned: 41_048_576, matched: 31 }],
      gaps: index % 4 === 3 ? [{ source: "mem_used_percent", reason: "the CloudWatch agent does not report for it: install it and collect mem_used_percent" }] : [],
      cost_usd: 0.000205,
    },
    escalation: story.severity === "low" ? { decision: "recorded", because: "the evidence is low, below medium, and the score 0.957 is below 0.990" } : { decision: "escalated", because: `${story.severity} evidence: ${summary}` },
    timeline,
    version: timeline.length,
  };
}

const title = (kind) => (kind.charAt(0).toUpperCase() + kind.slice(1)).replaceAll("_", " ");

export function summary(incident) {
  const last = incident.timeline.at(-1);
  return {
    id: incident.id, title: incident.title, status: incident.status, severity: incident.severity, opened_at: incident.opened_at, resource: incident.anomaly.resource,
    metric: incident.anomaly.metric.name, observed: incident.anomaly.observed, score: incident.anomaly.score, summary: incident.finding.summary,
    escalated: incident.escalation.decision === "escalated", version: incident.version, changed_at: last.at, by: last.by,
  };
}

/** Five minutes apart, with a day's rhythm; the last half hour of an instance in trouble leaves its band. */
export function points(series, from, to, isInTrouble) {
  const draw = random(Number.parseInt(hex(series, 8), 16));
  const found = [];
  const period = 5 * MINUTE;
  for (let at = Math.ceil(from / period) * period; at < to; at += period) {
    const day = Math.sin((at / 86_400_000) * 2 * Math.PI - 1.4);
    const typical = 26 + 12 * day;
    const expected = { low: typical - 9, typical, high: typical + 11 };
    let value = typical + (draw() - 0.5) * 9;
    const isLate = isInTrouble && at > to - 35 * MINUTE;
    if (isLate) value = 84 + draw() * 13;
    if (draw() < 0.004) continue; // a datapoint that CloudWatch never had
    found.push({ at: instant(at), value: Number(value.toFixed(2)), expected: Object.fromEntries(Object.entries(expected).map(([name, bound]) => [name, Number(bound.toFixed(2))])), score: isLate ? 0.99 : Number((draw() * 0.4).toFixed(3)), verdict: isLate ? "anomalous" : "normal" });
  }
  return found;
}

/** Canonical JSON of what the mock makes: no numbers but whole ones and short fractions. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  return JSON.stringify(value);
}

/** The audit trail of the incidents, sealed in sixteen chains. */
export class Trail {
  constructor() {
    this.entries = [];
    this.heads = new Map();
  }

  record(kind, actor, subject, becauseOf, at, details) {
    const id = `fct_${hex(JSON.stringify([kind, subject, becauseOf, at]))}`;
    const chain = `shard-${id.at(-1)}`;
    const head = this.heads.get(chain) ?? { seq: 0, hash: "0".repeat(64) };
    const others = [...this.heads].filter(([name]) => name !== chain);
    const content = { chain, seq: head.seq + 1, previous_hash: head.hash, fact: { id, kind, at, actor, subject, because_of: becauseOf, details } };
    if (content.seq % 8 === 0 && others.length > 0) {
      const [name, seen] = others[content.seq % others.length];
      content.seen = { chain: name, ...seen };
    }
    const hash = createHash("sha256").update(canonical(content)).digest("hex");
    this.heads.set(chain, { seq: content.seq, hash });
    this.entries.unshift({ ...content, hash });
  }

  tell(incident) {
    const at = (seconds) => instant(Date.parse(incident.opened_at) + seconds * 1000);
    const { id, anomaly } = incident;
    this.record("anomaly.detected", "anomaly-detector", anomaly.id, null, at(-20), { score: anomaly.score, observed: anomaly.observed, resource: anomaly.resource.arn });
    this.record("incident.opened", "log-analyzer-rca", id, anomaly.id, at(0), { severity: incident.severity, resource: anomaly.resource.arn });
    if (incident.escalation.decision !== "escalated") return;
    this.record("alert.published", "log-analyzer-rca", id, id, at(1), { severity: incident.severity });
    this.record("notification.sent", "alert-handler", "slack", id, at(3), { severity: incident.severity, attempts: 1 });
    this.record("notification.sent", "alert-handler", "webhook", id, at(4), { severity: incident.severity, attempts: 2 });
    if (incident.severity === "critical") {
      this.record("remediation.started", "remediation-engine", anomaly.resource.arn, id, at(9), { action: "reboot" });
      this.record("remediation.finished", "remediation-engine", anomaly.resource.arn, id, at(11), { action: "reboot", text: "EC2 accepted the reboot" });
    } else {
      this.record("remediation.declined", "remediation-engine", anomaly.resource.arn, id, at(6), { reason: "not_opted_in", text: "the resource is not opted in: it does not carry the tag aiops:remediate=reboot" });
    }
  }
}

export const SILENCES = (now) => [
  { id: `sil_${hex("silence 1")}`, matchers: ['tag:app="ci"', 'severity=~"low|medium"'], owner: "kim@example.com", reason: "build agents are replaced tonight", starts_at: instant(now - 3600_000), ends_at: instant(now + 5 * 3600_000) },
  { id: `sil_${hex("silence 2")}`, matchers: ['resource_type="ec2:instance"', 'tag:team="browse"'], owner: "sam@example.com", reason: "load test of the search", starts_at: instant(now + 7200_000), ends_at: instant(now + 10_800_000) },
];

export const PRODUCTS = [
  { name: "shop", matchers: ['tag:app="shop"'], owner: "payments", criticality: "critical", channel: "slack-payments", runbook: "https://wiki.example.com/runbooks/shop" },
  { name: "search", matchers: ['tag:app="search"'], owner: "browse", criticality: "high", channel: "slack-browse", runbook: null },
  { name: "back office", matchers: ['tag:app=~"billing|mail"'], owner: "platform", criticality: "medium", channel: null, runbook: null },
].map((product) => ({ ...product, version: 1, changed_by: "kim@example.com", changed_at: "2026-11-02T09:00:00Z" }));
