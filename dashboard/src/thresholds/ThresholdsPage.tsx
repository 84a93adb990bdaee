import type { AlarmEntry, CatalogueEntry, Thresholds } from "../api/types";
import { Page } from "../app/Page";
import { useServices } from "../app/services";
import { visible } from "../lib/format";
import { Absent, Loading, ProblemView } from "../ui/States";
import { useQuery } from "../ui/hooks";

const SIGNS: Record<AlarmEntry["comparison"], string> = { above: ">", at_or_above: "≥", below: "<", at_or_below: "≤" };

/** What each type of resource is watched for, and why. */
export function ThresholdsPage() {
  const services = useServices();
  const query = useQuery("thresholds", () => services.client.thresholds());
  return (
    <Page title="Thresholds" lead="What counts as abnormal whatever the detector says. Tags on a resource override it: docs/coverage.md has their grammar.">
      {query.problem?.isAbsent === true ? (
        <div className="card"><Absent what="thresholds"><p>They are configured in <code>config/alert_thresholds.json</code>.</p></Absent></div>
      ) : query.problem !== null ? <ProblemView problem={query.problem} what="thresholds" retry={query.reload} /> : query.data === null ? <Loading /> : <Types thresholds={query.data} />}
    </Page>
  );
}

function Types({ thresholds }: { thresholds: Thresholds }) {
  const types = Object.entries(thresholds.resource_types).sort(([, a], [, b]) => a.title.localeCompare(b.title));
  return (
    <div className="stack">
      {types.map(([name, { title, metrics }]) => (
        <section key={name} className="card" aria-label={title}>
          <div className="card-body"><h2>{visible(title)} <code className="muted small">{visible(name)}</code></h2></div>
          <div className="table-wrap" tabIndex={0} role="region" aria-label={`${title}, table`}>
            <table className="table">
              <thead><tr><th scope="col">Metric</th><th scope="col">Alarm</th><th scope="col">Anomalies</th><th scope="col">Why</th></tr></thead>
              <tbody>{metrics.map((entry) => <Metric key={`${entry.namespace}/${entry.metric}`} entry={entry} thresholds={thresholds} />)}</tbody>
            </table>
          </div>
        </section>
      ))}
    </div>
  );
}

function Metric({ entry, thresholds }: { entry: CatalogueEntry; thresholds: Thresholds }) {
  const { alarm } = entry;
  const source = alarm == null ? undefined : thresholds.sources[alarm.source];
  return (
    <tr>
      <td><strong>{visible(entry.metric)}</strong><div className="small muted">{visible(entry.namespace)}</div></td>
      <td data-label="Alarm">{alarm == null ? <span className="muted">none</span> : <>{levels(alarm, entry.unit)}<div className="small muted">{alarm.statistic} of {alarm.period_seconds} s, {alarm.datapoints_to_alarm} of {alarm.evaluation_periods}</div></>}</td>
      <td data-label="Anomalies">{entry.anomaly == null ? <span className="muted">not watched</span> : "watched"}</td>
      <td>{visible(entry.why)}{source !== undefined && <div className="small muted">{visible(source.title)}</div>}</td>
    </tr>
  );
}

/** `> 90 Percent (warning > 80)`. */
function levels({ comparison, critical, warning }: AlarmEntry, unit: string): string {
  const sign = SIGNS[comparison];
  return `${sign} ${String(critical)} ${unit}${warning == null ? "" : ` (warning ${sign} ${String(warning)})`}`;
}
