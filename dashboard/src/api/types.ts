/** The API's JSON, as far as the page reads it. `contract.ts` holds it against the OpenAPI document. */

export type Severity = "info" | "low" | "medium" | "high" | "critical";
export type Status = "OPEN" | "ACKNOWLEDGED" | "SUPPRESSED" | "RESOLVED";

export const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low", "info"];
export const STATUSES: readonly Status[] = ["OPEN", "ACKNOWLEDGED", "SUPPRESSED", "RESOLVED"];

export interface ResourceRef {
  arn: string;
  id: string;
  type: string;
  region: string;
  account: string;
  name?: string | null;
}

export interface EventSummary {
  id: string;
  title: string;
  status: Status;
  severity: Severity;
  opened_at: string;
  resource: ResourceRef;
  metric: string;
  observed: number;
  score: number;
  summary: string;
  escalated: boolean;
  version: number;
  /** The last change of status. */
  changed_at?: string;
  by?: string;
}

export interface EventPage {
  events: EventSummary[];
  next_cursor?: string | null;
}

export interface Metric {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  statistic: string;
  period_seconds: number;
}

export interface ExpectedRange {
  low: number;
  typical: number;
  high: number;
}

export interface Anomaly {
  id: string;
  resource: ResourceRef;
  metric: Metric;
  window_start: string;
  window_end: string;
  observed: number;
  expected: ExpectedRange;
  score: number;
  severity: Severity;
  reasons: string[];
  detector: string;
}

export interface Argument {
  weight: number;
  text: string;
}

export interface Cause {
  kind: string;
  confidence: number;
  severity: Severity;
  events: number;
  templates: string[];
  supports?: Argument[];
  contradicts?: Argument[];
  next_step?: string;
  runbook?: string | null;
}

export interface LogPattern {
  template: string;
  severity: Severity;
  cause?: string | null;
  count: number;
  baseline_count?: number | null;
  ratio?: number | null;
  change?: "new" | "surged" | "steady" | "vanished" | "uncompared";
  sample: string;
  log_group: string;
  first_at: string;
  last_at: string;
}

export interface Change {
  at: string;
  event: string;
  service: string;
  by: string;
  from: string;
  resources: string[];
  touches?: string | null;
}

export interface MetricMove {
  metric: Metric;
  usual: number;
  during: number;
  z: number;
  moved_at?: string | null;
}

export type BlastRadius =
  | { reach: "unknown" }
  | { reach: "alone"; of: number }
  | { reach: "group"; name: string; moved: number; of: number }
  | { reach: "everything"; moved: number; of: number };

export interface PastIncident {
  id: string;
  opened_at: string;
  cause: string;
  ended?: string | null;
}

export interface LogSearch {
  log_groups: string[];
  from: string;
  until: string;
  query: string;
  bytes_scanned: number;
  matched: number;
}

export interface Gap {
  source: string;
  reason: string;
}

/** An event that AWS scheduled for an instance. */
export interface ScheduledEvent {
  code: string;
  description: string;
  not_before?: string | null;
  not_after?: string | null;
}

/** What EC2 says of an instance. */
export interface InstanceCondition {
  state: string;
  reason?: string;
  launched_at?: string | null;
  is_spot: boolean;
  system_check: string;
  instance_check: string;
  events: ScheduledEvent[];
}

export interface Finding {
  summary: string;
  causes: Cause[];
  error_events: number;
  patterns: LogPattern[];
  patterns_cut: number;
  changes?: Change[];
  changes_cut?: number;
  metrics?: MetricMove[];
  blast_radius?: BlastRadius;
  state?: InstanceCondition | null;
  history?: PastIncident[];
  searches: LogSearch[];
  gaps: Gap[];
  cost_usd: number;
}

export interface StatusChange {
  at: string;
  by: string;
  to: Status;
  why: string;
  until?: string | null;
}

export interface IncidentFeedback {
  verdict: "false_positive" | "withdrawn";
  by: string;
  at: string;
  why: string;
  raised_by: number;
  number: number;
}

export interface Incident {
  id: string;
  title: string;
  status: Status;
  severity: Severity;
  opened_at: string;
  anomaly: Anomaly;
  finding: Finding;
  escalation: { decision: "escalated" | "recorded"; because: string };
  timeline: StatusChange[];
  /** Who takes care of it. */
  assignee?: string | null;
  feedback?: IncidentFeedback | null;
  version: number;
}

export interface Fact {
  id: string;
  kind: string;
  at: string;
  actor: string;
  subject: string;
  because_of?: string | null;
  details: unknown;
}

export interface ChainHead {
  chain: string;
  seq: number;
  hash: string;
}

export interface AuditEntry {
  chain: string;
  seq: number;
  previous_hash: string;
  seen?: ChainHead | null;
  fact: Fact;
  hash: string;
}

export interface AuditLogPage {
  entries: AuditEntry[];
  next_cursor: string | null;
}

export interface Bad {
  chain: string;
  seq: number;
  reason: string;
  detail: string;
}

export interface Verification {
  since: string | null;
  valid: boolean;
  entries: number;
  anchored_through: number;
  first_bad: Bad | null;
  problems: Bad[];
  anchors: number;
  newest_anchor_at: string | null;
}

/** What exists only where the later routes are deployed. */

export interface Me {
  who: string;
  role: Role;
  /** `cognito`, `iam` or `none`. */
  authenticated_by: string;
}

export type Role = "viewer" | "operator" | "admin";

export interface MetricsSummary {
  since: string;
  until: string;
  open: number;
  acknowledged: number;
  suppressed: number;
  resolved: number;
  mtta_seconds: number | null;
  mttr_seconds: number | null;
  acknowledged_after: number;
  resolved_after: number;
  healed: number;
  remediations: number;
  complete: boolean;
}

export interface WatchedMetric extends Metric {
  direction: "above" | "below" | "both";
}

export interface ResourceItem extends ResourceRef {
  tags: Record<string, string>;
  state: string;
  launched_at?: string | null;
  log_sources: { group: string; stream_prefix?: string | null }[];
  metrics: WatchedMetric[];
  missing: string[];
  neighbours?: Record<string, string>;
  onboarded_at: string;
  updated_at: string;
  open_events: number;
  worst?: Severity | null;
}

export interface ResourcePage {
  resources: ResourceItem[];
  next_cursor: string | null;
}

export interface ResourceDetail extends ResourceItem {
  advice: { missing: string; advice: string }[];
  events: EventSummary[];
}

export interface Point {
  at: string;
  value: number;
  expected: ExpectedRange | null;
  score: number | null;
  verdict: "learning" | "normal" | "anomalous";
}

export interface MetricSeries {
  series: string;
  metric: WatchedMetric;
  points: Point[];
  events: EventSummary[];
}

export interface ResourceMetrics {
  resource: string;
  from: string;
  to: string;
  series: MetricSeries[];
  gaps: string[];
}

export interface RemediationStep {
  action: string;
  settle_minutes?: number;
}

export interface Claim {
  incident: string;
  resource_arn: string;
  state: { state: string; action?: string; until?: string; error?: string; why?: string; reason?: string };
  claimed_at: string;
  settled_at?: string | null;
  run?: { policy: string; steps: RemediationStep[]; step: number; tried: { action: string; at: string; outcome: string }[]; approved_by?: string | null } | null;
}

export interface Stop {
  by: string;
  at: string;
  why: string;
}

export interface RemediationStatus {
  control: { stopped?: Stop | null; resumed?: Stop | null };
  ledger: {
    runs?: { incident: string; resource_arn: string; policy: string; since: string; waiting: boolean }[];
    breakers?: Record<string, { failures: number; opened_at?: string | null }>;
    healing?: Record<string, { healed: number; not_healed: number }>;
  };
  /** The deployment's mode, where the API tells it. */
  mode?: string;
}

export interface Silence {
  id: string;
  matchers: string[];
  owner: string;
  reason: string;
  starts_at: string;
  ends_at: string;
}

export interface Product {
  name: string;
  matchers: string[];
  owner: string;
  criticality: Severity;
  channel?: string | null;
  runbook?: string | null;
  /** Other thresholds for its resources, by type and metric: the page shows none, and keeps them. */
  thresholds?: Record<string, Record<string, unknown>>;
  /** Its ETag. */
  version: number;
  changed_by: string;
  changed_at: string;
}

/** What people write of a product. */
export type ProductSpec = Omit<Product, "name" | "version" | "changed_by" | "changed_at">;

/** The catalogue of what is watched. */
export interface Thresholds {
  resource_types: Record<string, { title: string; metrics: CatalogueEntry[] }>;
  /** Who recommends the alarms. */
  sources: Record<string, { title: string }>;
  set: ThresholdsSet;
  /** What was set and does not fit the catalogue any more. */
  left_out: string[];
}

/** What people set, and who did last. */
export interface ThresholdsSet {
  overrides: ThresholdOverrides;
  version: number;
  changed_by: string | null;
  changed_at: string | null;
}

export interface ThresholdOverrides {
  resource_types?: Record<string, Record<string, ThresholdOverride>>;
}

/** What is set for one metric of a type; the catalogue says the rest. */
export interface ThresholdOverride {
  levels?: "off" | "critical" | "all" | null;
  critical?: number | null;
  warning?: number | null;
  datapoints_to_alarm?: number | null;
  evaluation_periods?: number | null;
  period_seconds?: number | null;
  missing_data?: "missing" | "breaching" | "not_breaching" | "ignore" | null;
  why: string;
}

/** How often a threshold would have fired in the last week. */
export interface ThresholdPreview {
  fired: number;
  minutes_in_alarm: number;
  resources: number;
  series: { resource: string; fired: number; minutes_in_alarm: number; datapoints: number }[];
  gaps: string[];
}

export interface CatalogueEntry {
  namespace: string;
  metric: string;
  unit: string;
  why: string;
  alarm?: AlarmEntry | null;
  anomaly?: object | null;
}

export interface AlarmEntry {
  comparison: "above" | "at_or_above" | "below" | "at_or_below";
  critical: number;
  warning?: number | null;
  statistic: string;
  period_seconds: number;
  datapoints_to_alarm: number;
  evaluation_periods: number;
  source: string;
}
