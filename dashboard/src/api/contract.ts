/**
 * Holds what the page reads against what the API says that it gives: this file does not compile when they part. A schema that
 * the API does not have yet fits whatever the page expects of it.
 */
import type { Schemas } from "./openapi";
import type * as T from "./types";

type Given<Name extends string> = Name extends keyof Schemas ? Schemas[Name] : never;

/** `true` where everything given can be read; otherwise the given type, to be seen in the error. */
type Fits<From, To> = [From] extends [To] ? true : From;

export const CONTRACT: {
  incident: Fits<Given<"Incident">, T.Incident>;
  events: Fits<Given<"EventPage">, T.EventPage>;
  event: Fits<Given<"EventSummary">, T.EventSummary>;
  auditLog: Fits<Given<"AuditLogPage">, T.AuditLogPage>;
  verification: Fits<Given<"Verification">, T.Verification>;
  me: Fits<Given<"Me">, T.Me>;
  metricsSummary: Fits<Given<"MetricsSummary">, T.MetricsSummary>;
  resources: Fits<Given<"ResourcePage">, T.ResourcePage>;
  resource: Fits<Given<"ResourceDetail">, T.ResourceDetail>;
  resourceMetrics: Fits<Given<"ResourceSeries">, T.ResourceMetrics>;
  approvals: Fits<Given<"Approvals">, { approvals: T.Claim[] }>;
  remediations: Fits<Given<"RemediationStatus">, T.RemediationStatus>;
  silence: Fits<Given<"Silence">, T.Silence>;
  product: Fits<Given<"Product">, T.Product>;
  thresholds: Fits<Given<"Thresholds">, T.Thresholds>;
  thresholdsSet: Fits<Given<"OverridesInForce">, T.ThresholdsSet>;
  thresholdPreview: Fits<Given<"Preview">, T.ThresholdPreview>;
} = {
  incident: true,
  events: true,
  event: true,
  auditLog: true,
  verification: true,
  me: true,
  metricsSummary: true,
  resources: true,
  resource: true,
  resourceMetrics: true,
  approvals: true,
  remediations: true,
  silence: true,
  product: true,
  thresholds: true,
  thresholdsSet: true,
  thresholdPreview: true,
};
