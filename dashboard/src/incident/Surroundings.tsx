import type { Finding, Incident, InstanceCondition, ScheduledEvent } from "../api/types";
import { links } from "../app/router";
import { bytes, causeTitle, dollars, number, visible } from "../lib/format";
import { Snippet } from "../ui/Copy";
import { Time } from "../ui/Time";
import { reach } from "./words";

/** Who changed what before. */
export function Changes({ finding }: { finding: Finding }) {
  const changes = finding.changes ?? [];
  return (
    <section className="card" aria-labelledby="changes-title">
      <div className="card-head">
        <h2 id="changes-title">Changes before</h2>
        {(finding.changes_cut ?? 0) > 0 && <span className="aside">{finding.changes_cut} more</span>}
      </div>
      {changes.length === 0 ? (
        <p className="card-body muted">No change was found in CloudTrail.</p>
      ) : (
        <div className="table-wrap" tabIndex={0} role="region" aria-label="Changes">
          <table className="table">
            <thead>
              <tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Who</th><th scope="col">Touches</th></tr>
            </thead>
            <tbody>
              {changes.map((change) => (
                <tr key={change.at + change.event}>
                  <td><Time at={change.at} /></td>
                  <td className="anywhere"><strong>{visible(change.event)}</strong><div className="muted small">{visible(change.service)}{change.resources.length > 0 && ` · ${visible(change.resources.join(", "))}`}</div></td>
                  <td className="anywhere">{visible(change.by)}<div className="muted small">from {visible(change.from)}</div></td>
                  <td>{change.touches == null ? <span className="muted">nothing of it</span> : visible(change.touches)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** How far it reaches, what else moved, what was before, and what could not be read. */
export function Surroundings({ finding }: { finding: Finding }) {
  const metrics = finding.metrics ?? [];
  const history = finding.history ?? [];
  return (
    <section className="card" aria-labelledby="around-title">
      <div className="card-head"><h2 id="around-title">Around it</h2></div>
      <div className="card-body stack">
        <div>
          <h3>Reach</h3>
          <p>{sentence(reach(finding.blast_radius))}</p>
        </div>
        {finding.state != null && <Condition state={finding.state} />}
        {metrics.length > 0 && (
          <div>
            <h3>Other metrics</h3>
            <ul className="plain">
              {metrics.map((moved) => (
                <li key={moved.metric.namespace + moved.metric.name}>
                  <span className="mono">{visible(moved.metric.name)}</span>{" "}
                  {moved.moved_at == null ? <span className="muted">as usual, {number(moved.during)}</span> : <>from {number(moved.usual)} to <strong>{number(moved.during)}</strong> at <Time at={moved.moved_at} /></>}
                </li>
              ))}
            </ul>
          </div>
        )}
        {history.length > 0 && (
          <div>
            <h3>Before</h3>
            <ul className="plain">
              {history.map((past) => (
                <li key={past.id}>
                  <a href={links.incident(past.id)}>{causeTitle(past.cause)}</a>, <Time at={past.opened_at} seconds={false} /><div className="muted small">{past.ended == null ? "still stands" : `ended: ${visible(past.ended)}`}</div>
                </li>
              ))}
            </ul>
          </div>
        )}
        <div>
          <h3>Not read</h3>
          {finding.gaps.length === 0 ? <p className="muted">Everything that was to be looked at was read.</p> : (
            <ul className="plain">
              {finding.gaps.map((gap) => <li key={gap.source + gap.reason}><span className="mono">{visible(gap.source)}</span>: {visible(gap.reason)}</li>)}
            </ul>
          )}
        </div>
      </div>
    </section>
  );
}

/** What EC2 says of the instance, and what AWS is going to do with it. */
function Condition({ state }: { state: InstanceCondition }) {
  return (
    <div>
      <h3>The instance</h3>
      <p className="anywhere">
        <strong>{visible(state.state)}</strong>{state.is_spot && ", spot"}{state.reason !== undefined && `: ${visible(state.reason)}`}
        {state.launched_at != null && <>, started <Time at={state.launched_at} /></>}
      </p>
      {state.system_check !== "" && <p className="muted small">Status checks: host {visible(state.system_check)}, instance {visible(state.instance_check)}</p>}
      {state.events.length > 0 && (
        <ul className="plain">
          {state.events.map((event) => <li key={event.code + (event.not_before ?? "")}><Scheduled event={event} /></li>)}
        </ul>
      )}
    </div>
  );
}

function Scheduled({ event }: { event: ScheduledEvent }) {
  return (
    <>
      <span className="mono">{visible(event.code)}</span>
      {event.not_before != null && <> from <Time at={event.not_before} /></>}
      {event.not_after != null && <> until <Time at={event.not_after} /></>}
      <div className="muted small anywhere">{visible(event.description)}</div>
    </>
  );
}

/** What was asked, to be asked again by hand. */
export function LookAgain({ incident }: { incident: Incident }) {
  const { finding, anomaly } = incident;
  return (
    <section className="card" aria-labelledby="again-title">
      <div className="card-head">
        <h2 id="again-title">Look again</h2>
        <span className="aside">searches cost {dollars(finding.cost_usd)}</span>
      </div>
      <div className="card-body stack">
        <Snippet text={`nightjar explain ${incident.id}`} what="the command" />
        {finding.searches.map((search) => (
          <div key={search.from + search.log_groups.join()}>
            <p className="muted small">{visible(search.log_groups.join(", "))} · <Time at={search.from} /> to <Time at={search.until} /> · {search.matched} matched, {bytes(search.bytes_scanned)} scanned</p>
            <Snippet text={search.query} what="the query" />
          </div>
        ))}
        <Snippet text={`aws cloudwatch get-metric-statistics --namespace ${anomaly.metric.namespace} --metric-name ${anomaly.metric.name} --dimensions ${Object.entries(anomaly.metric.dimensions).map(([name, value]) => `Name=${name},Value=${value}`).join(" ")} --statistics ${anomaly.metric.statistic} --period ${anomaly.metric.period_seconds} --start-time ${anomaly.window_start} --end-time ${anomaly.window_end}`} what="the AWS command" />
      </div>
    </section>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
