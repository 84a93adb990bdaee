import { SEVERITIES, type Severity } from "../api/types";

/** A security finding as far as the page shows it. */
export interface SecurityFinding {
  key: string;
  at: string;
  title: string;
  severity: Severity;
  who: string;
  detail: string;
  techniques: string[];
}

type Fields = Record<string, unknown>;

/** The findings of an answer and its cursor. Names of fields differ between versions; what is missing stays empty. */
export function readFindings(body: unknown): { findings: SecurityFinding[]; next: string | null } {
  const root = fields(body);
  const list = [root["events"], root["findings"], root["security_events"], body].find(Array.isArray) as unknown[] | undefined;
  const next = root["next_cursor"];
  return { findings: (list ?? []).map((item, index) => readFinding(fields(item), index)), next: typeof next === "string" ? next : null };
}

function readFinding(item: Fields, index: number): SecurityFinding {
  const level = first(item, ["severity", "level"]);
  return {
    key: first(item, ["id", "event_id"]) || String(index),
    at: first(item, ["at", "opened_at", "occurred_at", "first_at", "time"]),
    title: first(item, ["title", "rule_title", "rule", "type", "name"]) || "Security event",
    severity: SEVERITIES.find((severity) => severity === level) ?? "info",
    who: first(item, ["who", "by", "actor", "principal", "identity", "user"]),
    detail: first(item, ["summary", "description", "detail", "why"]),
    techniques: texts(item["techniques"] ?? item["attack"] ?? item["tags"]),
  };
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function first(item: Fields, names: readonly string[]): string {
  for (const name of names) {
    const value = item[name];
    if (typeof value === "string" && value !== "") return value;
    const nested = fields(value);
    for (const inner of ["title", "name", "id", "arn"]) if (typeof nested[inner] === "string") return nested[inner];
  }
  return "";
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((text): text is string => typeof text === "string") : [];
}
