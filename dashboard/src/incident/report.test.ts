import { describe, expect, it } from "vitest";
import type { AuditEntry, Incident } from "../api/types";
import { escape, fence, report, rows, sentence, timeTo } from "./report";

const INCIDENT: Incident = {
  id: "inc_0123456789abcdef0123",
  title: "CPUUtilization of checkout (i-0a1b2c3d4e5f60718) is abnormal",
  status: "RESOLVED",
  severity: "critical",
  opened_at: "2026-11-21T10:01:00Z",
  anomaly: {
    id: "anm_1",
    resource: { arn: "arn:aws:ec2:us-east-1:000000000000:instance/i-0", id: "i-0", type: "ec2:instance", region: "us-east-1", account: "000000000000", name: "checkout" },
    metric: { namespace: "AWS/EC2", name: "CPUUtilization", dimensions: {}, statistic: "Average", period_seconds: 300 },
    window_start: "2026-11-21T09:55:00Z",
    window_end: "2026-11-21T10:00:00Z",
    observed: 97.2,
    expected: { low: 18, typical: 24.5, high: 41 },
    score: 0.985,
    severity: "high",
    reasons: ["far above the usual"],
    detector: "bundled",
  },
  finding: {
    summary: "Memory exhaustion is the likeliest cause",
    causes: [{ kind: "memory_exhaustion", confidence: 0.92, severity: "critical", events: 12, templates: [], supports: [{ weight: 0.6, text: "12 × OOM" }], contradicts: [{ weight: 0.1, text: "traffic as usual" }], next_step: "take a heap dump" }],
    error_events: 12,
    patterns: [{ template: "OOM <n>", severity: "critical", count: 12, baseline_count: 0, change: "new", sample: "OOM ``` 1\n<script>", log_group: "/app", first_at: "2026-11-21T09:56:00Z", last_at: "2026-11-21T09:59:00Z" }],
    patterns_cut: 0,
    changes: [{ at: "2026-11-21T09:31:00Z", event: "UpdateService", service: "ecs.amazonaws.com", by: "deploy|role", from: "10.0.0.1", resources: [], touches: "its service" }],
    blast_radius: { reach: "group", name: "web", moved: 1, of: 2 },
    searches: [{ log_groups: ["/app"], from: "2026-11-21T09:40:00Z", until: "2026-11-21T10:02:00Z", query: "fields @message", bytes_scanned: 1, matched: 12 }],
    gaps: [{ source: "disk_used_percent", reason: "no agent" }],
    cost_usd: 0.0001,
  },
  escalation: { decision: "escalated", because: "critical evidence" },
  timeline: [
    { at: "2026-11-21T10:01:00Z", by: "log-analyzer-rca", to: "OPEN", why: "critical evidence" },
    { at: "2026-11-21T10:06:00Z", by: "sam@example.com", to: "ACKNOWLEDGED", why: "on it" },
    { at: "2026-11-21T10:41:00Z", by: "sam@example.com", to: "RESOLVED", why: "rolled back" },
  ],
  version: 3,
};

const FACT = {
  chain: "shard-0", seq: 1, previous_hash: "", hash: "",
  fact: { id: "fct_0", kind: "remediation.declined", at: "2026-11-21T10:02:00Z", actor: "remediation-engine", subject: "i-0", because_of: INCIDENT.id, details: { reason: "not_opted_in" } },
} satisfies AuditEntry;

describe("the post-incident record", () => {
  const text = report(INCIDENT, [FACT]);

  it("tells the times that count", () => {
    expect(text).toContain("| Time to acknowledge | 5 min |");
    expect(text).toContain("| Time to resolve | 40 min |");
    expect(timeTo({ ...INCIDENT, timeline: [] }, "RESOLVED")).toBeNull();
  });

  it("tells what was found, for and against", () => {
    expect(text).toContain("### Memory exhaustion (92 %)");
    expect(text).toContain("- for (60 %): 12 × OOM");
    expect(text).toContain("- against (10 %): traffic as usual");
    expect(text).toContain("was 97.2; expected was 18 to 41");
    expect(text).toContain("1 of 2 others in web too");
  });

  it("puts what was done among what people did, by time", () => {
    expect(rows(INCIDENT, [FACT]).map((row) => row.what)).toEqual(["OPEN", "remediation.declined i-0", "ACKNOWLEDGED", "RESOLVED"]);
  });

  it("lets no log line or name become markup", () => {
    expect(text).toContain("````\nOOM ``` 1\n<script>\n````");
    expect(text).toContain("by deploy\\|role");
    expect(escape("<img src=x>\n# [a](b)")).toBe("\\<img src=x\\> \\# \\[a\\](b)");
    expect(fence("plain", "sh")).toBe("```sh\nplain\n```");
  });

  it("asks to close gaps and what to learn", () => {
    expect(text).toContain("- [ ] Close the gaps above (1).");
    expect(text).toContain("- disk\\_used\\_percent: no agent");
  });

  it("survives an incident of which little is known", () => {
    const bare = report({ ...INCIDENT, timeline: [], finding: { ...INCIDENT.finding, causes: [], patterns: [], changes: [], gaps: [], searches: [] } }, []);
    expect(bare).toContain("No log lines were found.");
    expect(bare).toContain("Nobody acknowledged it");
  });

  it("says details in words", () => expect([sentence({ a: 1, b: "x", c: [1] }), sentence(null), sentence("x")]).toEqual(["a 1; b x; c [1]", "", ""]));
});
