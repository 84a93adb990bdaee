import { useState } from "react";
import { Page } from "../app/Page";
import { useServices } from "../app/services";
import { visible } from "../lib/format";
import { Chart } from "../ui/Chart";
import { EventTable } from "../ui/EventTable";
import { Icon } from "../ui/Icon";
import { Segments } from "../ui/Segments";
import { Severity } from "../ui/Severity";
import { Loading, Notice, ProblemView, State } from "../ui/States";
import { Time } from "../ui/Time";
import { useQuery } from "../ui/hooks";
import { gapName } from "./ResourcesPage";
import "../now/now.css";
import "./resources.css";

const SPANS = [["6", "6 h"], ["24", "24 h"], ["72", "3 d"], ["336", "14 d"]] as const;

/** One resource: is this normal? */
export function ResourcePage({ id }: { id: string }) {
  const { client } = useServices();
  const query = useQuery(`resource ${id}`, () => client.resource(id));
  const item = query.data;
  const back = (
    <a className="back" href="#/resources">
      <Icon name="back" />
      All resources
    </a>
  );
  if (item === null) {
    return (
      <Page title="Resource" head={back}>
        {query.problem === null ? <Loading /> : query.problem.status === 404 && !query.problem.isAbsent ? (
          <State icon="quiet" title="This resource is not watched"><p>Perhaps it no longer is. Its incidents are kept.</p></State>
        ) : <ProblemView problem={query.problem} what="the inventory" retry={query.reload} />}
      </Page>
    );
  }
  return (
    <Page title={visible(item.name ?? item.id)} head={back}>
      <div className="row resource-head">
        {item.worst != null ? <Severity level={item.worst} /> : <span className="chip sev-good">Quiet</span>}
        <span className="mono muted">{item.id}</span>
        <span className="muted">{item.type} · {item.state} · {item.region} · account {item.account}</span>
      </div>
      {item.advice.length > 0 && (
        <div className="incident-notice">
          <Notice tone="medium">
            <strong>Not fully covered.</strong>
            <ul className="plain">
              {item.advice.map((gap) => <li key={gap.missing}>{gapName(gap.missing)}: {visible(gap.advice)}</li>)}
            </ul>
          </Notice>
        </div>
      )}
      <div className="stack">
        <History id={id} />
        <section className="card" aria-labelledby="events-title">
          <div className="card-head"><h2 id="events-title">Incidents</h2></div>
          {item.events.length === 0 ? <p className="card-body muted">There was none.</p> : <EventTable events={item.events} />}
        </section>
        <section className="card" aria-labelledby="about-title">
          <div className="card-head"><h2 id="about-title">About it</h2></div>
          <dl className="card-body facts">
            <dt>Tags</dt>
            <dd className="row">{Object.entries(item.tags).map(([name, value]) => <span key={name} className="chip">{visible(name)}={visible(value)}</span>)}</dd>
            <dt>Logs</dt>
            <dd>{item.log_sources.length === 0 ? "none" : item.log_sources.map((source) => `${source.group}${source.stream_prefix != null ? `:${source.stream_prefix}` : ""}`).map(visible).join(", ")}</dd>
            <dt>ARN</dt>
            <dd className="mono">{item.arn}</dd>
            <dt>Watched since</dt>
            <dd><Time at={item.onboarded_at} /></dd>
            {item.launched_at != null && <><dt>Launched</dt><dd><Time at={item.launched_at} /></dd></>}
          </dl>
        </section>
      </div>
    </Page>
  );
}

function History({ id }: { id: string }) {
  const { client } = useServices();
  const [hours, setHours] = useState<(typeof SPANS)[number][0]>("24");
  const [to] = useState(() => new Date(Math.floor(Date.now() / 1000) * 1000));
  const from = new Date(to.getTime() - Number(hours) * 3_600_000);
  const iso = (at: Date) => at.toISOString().replace(".000Z", "Z");
  const query = useQuery(`metrics of ${id} ${hours}`, () => client.resourceMetrics(id, { from: iso(from), to: iso(to) }));
  return (
    <section className="card" aria-labelledby="history-title">
      <div className="card-head">
        <h2 id="history-title">Is this normal?</h2>
        <div className="aside"><Segments label="Time span" value={hours} options={SPANS} onChange={setHours} /></div>
      </div>
      <div className="card-body stack">
        {query.problem !== null ? <ProblemView problem={query.problem} what="datapoints" retry={query.reload} /> : query.data === null ? <span className="skeleton chart-skeleton" role="status" aria-label="Loading the datapoints" /> : (
          <>
            {query.data.series.map((series) => (
              <div key={series.series}>
                <h3>{visible(series.metric.name)} <span className="muted small">{series.metric.statistic} of {series.metric.period_seconds} s</span></h3>
                <Chart name={visible(series.metric.name)} points={series.points} periodSeconds={series.metric.period_seconds} events={series.events} height={200} />
              </div>
            ))}
            {query.data.series.length === 0 && <p className="muted">No metric of it is watched.</p>}
            {query.data.gaps.length > 0 && <ul className="plain muted small">{query.data.gaps.map((gap) => <li key={gap}>{visible(gap)}</li>)}</ul>}
            <p className="muted small">Drag to zoom, double-click to see all. Dashed verticals are openings of incidents.</p>
          </>
        )}
      </div>
    </section>
  );
}
