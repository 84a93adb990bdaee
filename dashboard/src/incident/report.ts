import type { AuditEntry, BlastRadius, Cause, Incident, StatusChange } from "../api/types";
import { causeTitle, dollars, number, percent } from "../lib/format";
import { clock, span } from "../lib/time";

/** Text from outside as Markdown text: nothing in it is markup, nothing ends its line. */
export function escape(text: string): string {
  return text.replace(/\s+/g, " ").trim().replace(/[\\`*_{}[\]<>#|!~]/g, (mark) => `\\${mark}`);
}

/** A block of code that its content cannot end. */
export function fence(text: string, language = ""): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const marks = "`".repeat(longest + 1);
  return `${marks}${language}\n${text.replace(/\r\n?/g, "\n")}\n${marks}`;
}

/** Milliseconds from the opening to the first change to that state; null while there is none. */
export function timeTo(incident: Incident, status: StatusChange["to"]): number | null {
  const change = incident.timeline.find((found) => found.to === status);
  return change === undefined ? null : Date.parse(change.at) - Date.parse(incident.opened_at);
}

/** How far the trouble reaches, in words. */
export function reach(radius: BlastRadius | undefined): string {
  switch (radius?.reach) {
    case "alone":
      return radius.of === 1 ? "this resource alone; the other one is as usual" : `this resource alone; ${radius.of} others are as usual`;
    case "group":
      return `${radius.moved} of ${radius.of} others in ${radius.name} too`;
    case "everything":
      return `${radius.moved} of ${radius.of} other watched resources too`;
    default:
      return "unknown: no other resource to compare with";
  }
}

/** What the audit trail tells beside the timeline. */
const ACTIONS = /^(remediation|notification|alert|feedback|approval)\./;

/** The post-incident record, ready to be filed. Instants are UTC. */
export function report(incident: Incident, facts: readonly AuditEntry[]): string {
  const { anomaly, finding } = incident;
  const acknowledged = timeTo(incident, "ACKNOWLEDGED");
  const resolved = timeTo(incident, "RESOLVED");
  const at = (instant: string) => `${clock(instant, "utc")} UTC`;
  const lines = [
    `# ${escape(incident.title)}`,
    "",
    `| | |`,
    `|---|---|`,
    `| Incident | \`${incident.id}\` |`,
    `| Severity | ${incident.severity} |`,
    `| Status | ${incident.status} |`,
    `| Resource | ${escape(anomaly.resource.arn)} |`,
    `| Opened | ${at(incident.opened_at)} |`,
    `| Time to acknowledge | ${acknowledged === null ? "not acknowledged" : span(acknowledged)} |`,
    `| Time to resolve | ${resolved === null ? "not resolved" : span(resolved)} |`,
    `| Reach | ${escape(reach(finding.blast_radius))} |`,
    "",
    "## Summary",
    "",
    escape(finding.summary),
    "",
    "## What was abnormal",
    "",
    `${escape(anomaly.metric.namespace)} ${escape(anomaly.metric.name)} was ${number(anomaly.observed)}; expected was ${number(anomaly.expected.low)} to ` +
      `${number(anomaly.expected.high)}, usually ${number(anomaly.expected.typical)} (${at(anomaly.window_start)} to ${at(anomaly.window_end)}, score ` +
      `${anomaly.score.toFixed(3)}, detector ${escape(anomaly.detector)}).`,
    "",
    ...anomaly.reasons.map((reason) => `- ${escape(reason)}`),
    "",
    "## Causes, likeliest first",
    "",
    ...finding.causes.flatMap(cause),
    "## Evidence in the logs",
    "",
    ...(finding.patterns.length === 0 ? ["No log lines were found.", ""] : finding.patterns.flatMap((pattern) => [
      `- **${pattern.change ?? "uncompared"}**, ${pattern.count} ×${pattern.baseline_count == null ? "" : ` (before: ${pattern.baseline_count} ×)`} in ${escape(pattern.log_group)}, ${at(pattern.first_at)} to ${at(pattern.last_at)}:`,
      "",
      fence(pattern.sample),
      "",
    ])),
    "## Changes before",
    "",
    ...list((finding.changes ?? []).map((change) =>
      `${at(change.at)}: ${escape(change.event)} (${escape(change.service)}) by ${escape(change.by)} from ${escape(change.from)}${change.touches ? ` – ${escape(change.touches)}` : ""}`,
    ), "None was found."),
    "",
    "## Timeline",
    "",
    "| when | who | what | why |",
    "|---|---|---|---|",
    ...rows(incident, facts).map((row) => `| ${at(row.at)} | ${escape(row.who)} | ${escape(row.what)} | ${escape(row.why)} |`),
    "",
    "## What could not be read",
    "",
    ...list(finding.gaps.map((gap) => `${escape(gap.source)}: ${escape(gap.reason)}`), "Nothing."),
    "",
    "## To look again",
    "",
    ...finding.searches.flatMap((search) => [
      `${escape(search.log_groups.join(", "))}, ${at(search.from)} to ${at(search.until)}:`,
      "",
      fence(search.query),
      "",
    ]),
    fence(`nightjar explain ${incident.id}\nnightjar events show ${incident.id}\nnightjar audit verify`, "sh"),
    "",
    `Searches cost ${dollars(finding.cost_usd)}.`,
    "",
    "## To follow up",
    "",
    ...followUps(incident).map((text) => `- [ ] ${text}`),
    "",
  ];
  return lines.join("\n");
}

interface Row {
  at: string;
  who: string;
  what: string;
  why: string;
}

/** Changes of status and what was done, in order of time. */
export function rows(incident: Incident, facts: readonly AuditEntry[]): Row[] {
  const changes = incident.timeline.map((change) => ({ at: change.at, who: change.by, what: change.to, why: change.why }));
  const deeds = facts
    .filter((entry) => ACTIONS.test(entry.fact.kind))
    .map(({ fact }) => ({ at: fact.at, who: fact.actor, what: `${fact.kind} ${fact.subject}`, why: sentence(fact.details) }));
  return [...changes, ...deeds].sort((a, b) => a.at.localeCompare(b.at));
}

/** The words in a fact's details. */
export function sentence(details: unknown): string {
  if (typeof details !== "object" || details === null) return "";
  const parts = Object.entries(details).map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return parts.join("; ");
}

function cause(found: Cause): string[] {
  return [
    `### ${escape(causeTitle(found.kind))} (${percent(found.confidence)})`,
    "",
    ...(found.supports ?? []).map((argument) => `- for (${percent(argument.weight)}): ${escape(argument.text)}`),
    ...(found.contradicts ?? []).map((argument) => `- against (${percent(argument.weight)}): ${escape(argument.text)}`),
    ...(found.next_step ? ["", `Next step: ${escape(found.next_step)}`] : []),
    "",
  ];
}

function followUps(incident: Incident): string[] {
  const first = incident.finding.causes[0];
  const items = ["What would have kept this from happening?", "What would have shown it earlier?"];
  if (first?.kind === "unknown") items.unshift("No cause was found: what was missing to find one?");
  if (incident.finding.gaps.length > 0) items.push(`Close the gaps above (${incident.finding.gaps.length}).`);
  if (timeTo(incident, "ACKNOWLEDGED") === null) items.push("Nobody acknowledged it: who should have been told?");
  if (incident.feedback?.verdict === "false_positive") items.push(`It was called a false positive (${escape(incident.feedback.why)}): has the bar risen enough?`);
  return items;
}

function list(items: string[], none: string): string[] {
  return items.length === 0 ? [none] : items.map((item) => `- ${item}`);
}
