import type { Problem } from "../api/problem";
import type { AuditEntry, Incident, Status } from "../api/types";
import { visible } from "../lib/format";
import { span } from "../lib/time";
import { Time } from "../ui/Time";
import { sentence, timeTo } from "./words";

const TONES: Record<Status, string> = { OPEN: "critical", ACKNOWLEDGED: "accent", SUPPRESSED: "info", RESOLVED: "good" };

/** Every change of status. */
export function Timeline({ incident }: { incident: Incident }) {
  const acknowledged = timeTo(incident, "ACKNOWLEDGED");
  const resolved = timeTo(incident, "RESOLVED");
  return (
    <section className="card" aria-labelledby="timeline-title">
      <div className="card-head">
        <h2 id="timeline-title">Timeline</h2>
        <span className="aside">
          {acknowledged === null ? "not acknowledged" : `acknowledged after ${span(acknowledged)}`}
          {resolved !== null && `, resolved after ${span(resolved)}`}
        </span>
      </div>
      <ol className="card-body timeline">
        {incident.timeline.map((change) => (
          <li key={change.at + change.to + change.why} className={`sev-${TONES[change.to]}`}>
            <div><strong>{change.to.charAt(0) + change.to.slice(1).toLowerCase()}</strong> <span className="muted">by {visible(change.by)}</span></div>
            <div className="anywhere">{visible(change.why)}</div>
            <div className="muted small"><Time at={change.at} />{change.until != null && <> until <Time at={change.until} /></>}</div>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What was sent to whom and what was done, as the audit trail tells. */
export function Deeds({ facts, problem, loading }: { facts: readonly AuditEntry[]; problem: Problem | null; loading: boolean }) {
  const sent = facts.filter((entry) => entry.fact.kind.startsWith("notification.") || entry.fact.kind === "alert.published");
  const done = facts.filter((entry) => entry.fact.kind.startsWith("remediation.") || entry.fact.kind.startsWith("approval."));
  return (
    <section className="card" aria-labelledby="deeds-title">
      <div className="card-head"><h2 id="deeds-title">Told and done</h2></div>
      <div className="card-body stack">
        {problem !== null && <p className="muted">The audit trail could not be read: {problem.title}.</p>}
        {loading && <span className="skeleton" />}
        <div>
          <h3>Sent to</h3>
          <FactList facts={sent} none="Nobody was told." what={(entry) => (entry.fact.kind === "alert.published" ? "critical alerts (SNS, e-mail)" : entry.fact.subject)} />
        </div>
        <div>
          <h3>Remediation</h3>
          <FactList facts={done} none="Nothing was done." what={(entry) => entry.fact.kind.replace("remediation.", "").replace("_", " ")} />
        </div>
      </div>
    </section>
  );
}

function FactList({ facts, none, what }: { facts: readonly AuditEntry[]; none: string; what: (entry: AuditEntry) => string }) {
  if (facts.length === 0) return <p className="muted">{none}</p>;
  return (
    <ul className="plain">
      {facts.map((entry) => (
        <li key={entry.hash}>
          <strong>{visible(what(entry))}</strong> <span className="muted small"><Time at={entry.fact.at} /></span>
          <div className="muted small anywhere">{visible(sentence(entry.fact.details))}</div>
        </li>
      ))}
    </ul>
  );
}
