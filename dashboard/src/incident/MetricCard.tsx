import { useMemo, useState } from "react";
import type { Incident } from "../api/types";
import { useServices } from "../app/services";
import { number, visible } from "../lib/format";
import { Chart } from "../ui/Chart";
import { Segments } from "../ui/Segments";
import { useQuery } from "../ui/hooks";

const SPANS = [["6", "6 h"], ["24", "24 h"], ["72", "3 d"]] as const;

/** The metric around the anomaly, against what was expected. */
export function MetricCard({ incident }: { incident: Incident }) {
  const { client } = useServices();
  const { anomaly } = incident;
  const [hours, setHours] = useState<"6" | "24" | "72">("6");
  const [now] = useState(() => Date.now());
  const to = new Date(Math.min(now, Date.parse(anomaly.window_end) + 2 * 3_600_000));
  const from = new Date(Date.parse(anomaly.window_start) - Number(hours) * 3_600_000);
  const query = useQuery(`metric ${incident.id} ${hours}`, () =>
    client.resourceMetrics(anomaly.resource.id, { from: iso(from), to: iso(to), metric: anomaly.metric.name }),
  );
  const series = query.data?.series.find((found) => found.metric.name === anomaly.metric.name && found.metric.namespace === anomaly.metric.namespace) ?? query.data?.series[0];
  const mark = useMemo(() => ({ from: anomaly.window_start, to: anomaly.window_end }), [anomaly.window_start, anomaly.window_end]);
  return (
    <section className="card" aria-labelledby="metric-title">
      <div className="card-head">
        <h2 id="metric-title">{visible(anomaly.metric.name)} against its band</h2>
        <div className="aside">{series !== undefined && <Segments label="Time before the anomaly" value={hours} options={SPANS} onChange={setHours} />}</div>
      </div>
      <div className="card-body stack">
        {series !== undefined ? (
          <Chart name={visible(anomaly.metric.name)} points={series.points} periodSeconds={series.metric.period_seconds} mark={mark} />
        ) : query.loading ? (
          <span className="skeleton chart-skeleton" role="status" aria-label="Loading the datapoints" />
        ) : (
          <>
            <BandGauge incident={incident} />
            <p className="muted small">{query.problem?.isAbsent === false ? `The datapoints could not be read: ${query.problem.title}.` : "This deployment does not serve datapoints: this is the one that was judged."}</p>
          </>
        )}
        {anomaly.reasons.length > 0 && (
          <ul className="reasons">
            {anomaly.reasons.map((reason) => <li key={reason}>{visible(reason)}</li>)}
          </ul>
        )}
      </div>
    </section>
  );
}

function iso(at: Date): string {
  return new Date(Math.floor(at.getTime() / 1000) * 1000).toISOString().replace(".000Z", "Z");
}

/** The one datapoint that was judged, on a line with what was expected. */
function BandGauge({ incident: { anomaly } }: { incident: Incident }) {
  const { low, typical, high } = anomaly.expected;
  const least = Math.min(low, anomaly.observed, 0);
  const most = Math.max(high, anomaly.observed) * 1.05 || 1;
  const x = (value: number) => ((value - least) / (most - least)) * 100;
  const label = `Observed ${number(anomaly.observed)}; expected ${number(low)} to ${number(high)}, usually ${number(typical)}`;
  return (
    <svg className="gauge" viewBox="0 0 100 16" preserveAspectRatio="none" role="img" aria-label={label}>
      <rect x="0" y="6" width="100" height="4" className="gauge-track" />
      <rect x={x(low)} y="4" width={Math.max(0.5, x(high) - x(low))} height="8" className="gauge-band" />
      <rect x={x(typical) - 0.15} y="3" width="0.3" height="10" className="gauge-typical" />
      <rect x={x(anomaly.observed) - 0.4} y="1" width="0.8" height="14" className="gauge-observed" />
    </svg>
  );
}
