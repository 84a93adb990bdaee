import type { ReactNode } from "react";
import type { EventSummary } from "../api/types";
import { useServices } from "../app/services";
import { count } from "../lib/format";
import { span } from "../lib/time";
import { useQuery } from "../ui/hooks";

const DAYS = 7;

/** The counts of this moment, and how the last days went where the API tells. */
export function Totals({ events }: { events: readonly EventSummary[] }) {
  const { client } = useServices();
  const { data } = useQuery("metrics", () => client.metricsSummary(DAYS));
  const open = events.filter((event) => event.status === "OPEN");
  const critical = open.filter((event) => event.severity === "critical").length;
  const acknowledged = events.filter((event) => event.status === "ACKNOWLEDGED").length;
  const suppressed = events.filter((event) => event.status === "SUPPRESSED").length;
  return (
    <dl className="totals">
      <Total label="Open" tone={critical > 0 ? "critical" : ""} note={critical > 0 ? `${critical} critical` : "none critical"}>{open.length}</Total>
      <Total label="Acknowledged" note="somebody is on it">{acknowledged}</Total>
      <Total label="Suppressed" note="held back for a while">{suppressed}</Total>
      {data !== null && (
        <>
          <Total label="To acknowledge" note={rests(data.acknowledged_after)}>{duration(data.mtta_seconds)}</Total>
          <Total label="To resolve" note={rests(data.resolved_after)}>{duration(data.mttr_seconds)}</Total>
          <Total label="Healed by itself" note={`of ${count(data.remediations, "remediation")}`}>{data.healed}</Total>
        </>
      )}
    </dl>
  );
}

function Total({ label, note, tone = "", children }: { label: string; note: string; tone?: string; children: ReactNode }) {
  return (
    <div className={`total ${tone === "" ? "" : `sev-${tone} is-toned`}`}>
      <dt>{label}</dt>
      <dd>{children}</dd>
      <dd className="total-note">{note}</dd>
    </div>
  );
}

function duration(seconds: number | null): string {
  return seconds === null ? "–" : span(seconds * 1000);
}

function rests(amount: number): string {
  return amount === 0 ? `none in ${DAYS} days` : `mean of ${amount}, ${DAYS} days`;
}
