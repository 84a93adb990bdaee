import { useEffect, useState } from "react";
import type { AuditEntry, Incident } from "../api/types";
import { Problem } from "../api/problem";
import { Page } from "../app/Page";
import { asked, links } from "../app/router";
import { useIncidents, useServices } from "../app/services";
import { number, range, score, visible } from "../lib/format";
import { ActionDialog, deedName, type Action } from "../now/ActionDialog";
import { useApprovals } from "../now/approvals";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Severity, StatusChip } from "../ui/Severity";
import { Loading, Notice, ProblemView, State } from "../ui/States";
import { Ago, Time } from "../ui/Time";
import { toast } from "../ui/Toasts";
import { useKeys, useQuery } from "../ui/hooks";
import { AuditProof } from "./AuditProof";
import { Causes } from "./Causes";
import { FeedbackCard } from "./FeedbackCard";
import { LogEvidence } from "./LogEvidence";
import { MetricCard } from "./MetricCard";
import { Changes, LookAgain, Surroundings } from "./Surroundings";
import { Deeds, Timeline } from "./Timeline";
import { save } from "./save";
import "./incident.css";

/** Everything about one incident on one screen. */
export function IncidentPage({ id }: { id: string }) {
  const services = useServices();
  useIncidents();
  const { client } = services;
  const query = useQuery(`event ${id}`, () => client.event(id));
  const approvals = useApprovals();
  const told = useQuery(`facts of ${id}`, () => client.auditLog({ because_of: id, limit: 100 }));
  const about = useQuery(`facts about ${id}`, () => client.auditLog({ subject: id, limit: 100 }));
  // A link in a notification may ask for something; whoever follows it confirms it here.
  const [wanted, setWanted] = useState<Action | null>(() => asked(location.hash));
  const [chosen, setChosen] = useState<Action | null>(null);

  const incident = query.data;
  const claim = approvals.data?.approvals.find((found) => found.incident === id);
  const facts = join(told.data?.entries, about.data?.entries);
  const known = services.incidents.get(id)?.version ?? 0;
  const isOld = incident !== null && known > incident.version;
  const reload = query.reload;
  const reloadFacts = about.reload;
  useEffect(() => {
    if (!isOld) return;
    reload();
    reloadFacts();
  }, [isOld, known, reload, reloadFacts]);

  const isOver = incident?.status === "RESOLVED";
  const action = chosen ?? (incident !== null && !isOver && (wanted !== "approve" || claim !== undefined) ? wanted : null);
  const setAction = (kind: Action | null) => {
    setChosen(kind);
    setWanted(null);
  };
  const act = (kind: Action) => {
    if (incident !== null && !isOver && (kind !== "assign" || services.canAssign) && (kind !== "approve" || claim !== undefined)) setAction(kind);
  };
  const exportRecord = () => {
    client.record(id).then(
      (answer) => save(`${id}.md`, answer.body),
      (problem: unknown) => toast(`The record was not written: ${problem instanceof Problem ? problem.title : String(problem)}`, "critical"),
    );
  };
  useKeys({
    a: () => act("acknowledge"),
    s: () => act("suppress"),
    e: () => act("resolve"),
    o: () => act("assign"),
    p: () => act("approve"),
    x: exportRecord,
  });

  if (incident === null) {
    return (
      <Page title="Incident" head={<Back />}>
        {query.problem === null ? <Loading lines={10} /> : query.problem.type.endsWith("unknown-event") ? (
          <State icon="quiet" title="There is no such incident">
            <p>Incidents are kept until their retention ends.</p>
            <a className="button" href="#/">To the incidents</a>
          </State>
        ) : <ProblemView problem={query.problem} what="incidents" retry={query.reload} />}
      </Page>
    );
  }

  const { finding } = incident;
  return (
    <Page title={visible(incident.title)} head={<Back />}>
      <div className={`incident-head sev-${incident.severity}`}>
        <div className="row">
          <Severity level={incident.severity} />
          <StatusChip status={incident.status} />
          <span className="chip" title={incident.escalation.because}>{incident.escalation.decision === "escalated" ? "Escalated" : "Recorded only"}</span>
          <span className="muted">opened <Time at={incident.opened_at} /> (<Ago at={incident.opened_at} />)</span>
        </div>
        <p className="incident-lead anywhere">{visible(finding.summary)}</p>
        <div className="row">
          {incident.status === "OPEN" && <Button kind="primary" icon="check" onClick={() => act("acknowledge")}>Acknowledge</Button>}
          {!isOver && <Button icon="silences" onClick={() => act("suppress")}>Suppress</Button>}
          {!isOver && services.canAssign && <Button icon="person" onClick={() => act("assign")}>Assign</Button>}
          {!isOver && <Button icon="done" onClick={() => act("resolve")}>Resolve</Button>}
          <Button icon="download" onClick={exportRecord} title="The post-incident record as Markdown (x)">Export record</Button>
        </div>
      </div>
      {query.problem !== null && <div className="incident-notice"><Notice tone="medium">{query.problem.title}. What you see is version {incident.version}.</Notice></div>}
      {claim !== undefined && (
        <div className="incident-notice">
          <Notice tone="accent" icon="key">
            <div className="row spread">
              <span>A remediation waits for a word: <strong>{deedName(claim.state.action)}</strong>{claim.state.until !== undefined && <> until <Time at={claim.state.until} /></>}.</span>
              <Button kind="primary" onClick={() => act("approve")}>Approve or deny</Button>
            </div>
          </Notice>
        </div>
      )}
      <div className="incident-grid">
        <div className="stack">
          <MetricCard incident={incident} />
          <Causes causes={finding.causes} />
          <LogEvidence finding={finding} />
          <Changes finding={finding} />
          <LookAgain incident={incident} />
        </div>
        <div className="stack">
          <Facts incident={incident} />
          <Timeline incident={incident} />
          <Deeds facts={facts} problem={told.problem} loading={told.loading} />
          <Surroundings finding={finding} />
          <AuditProof facts={facts} problem={told.problem} />
          <FeedbackCard incident={incident} onDone={reload} />
        </div>
      </div>
      {action !== null && (
        <ActionDialog
          action={action}
          target={incident}
          claim={claim}
          onClose={() => setAction(null)}
          onDone={() => {
            setAction(null);
            reload();
            approvals.reload();
            told.reload();
            reloadFacts();
          }}
        />
      )}
    </Page>
  );
}

function Back() {
  return (
    <a className="back" href={links.now}>
      <Icon name="back" />
      All incidents
    </a>
  );
}

function Facts({ incident }: { incident: Incident }) {
  const { anomaly } = incident;
  return (
    <section className="card" aria-labelledby="facts-title">
      <div className="card-head"><h2 id="facts-title">At a glance</h2></div>
      <dl className="card-body facts">
        <dt>Resource</dt>
        <dd><a href={links.resource(anomaly.resource.id)}>{visible(anomaly.resource.name ?? anomaly.resource.id)}</a> <span className="muted mono">{anomaly.resource.id}</span></dd>
        <dt>Where</dt>
        <dd>{anomaly.resource.region}, account {anomaly.resource.account}</dd>
        <dt>Metric</dt>
        <dd>{visible(anomaly.metric.namespace)} {visible(anomaly.metric.name)}, {anomaly.metric.statistic} of {anomaly.metric.period_seconds} s</dd>
        <dt>Observed</dt>
        <dd><strong>{number(anomaly.observed)}</strong>, expected {range(anomaly.expected)}</dd>
        <dt>Score</dt>
        <dd>{score(anomaly.score)} by detector <span className="mono">{anomaly.detector}</span></dd>
        {incident.assignee != null && (
          <>
            <dt>Assigned to</dt>
            <dd className="anywhere">{visible(incident.assignee)}</dd>
          </>
        )}
        <dt>Id</dt>
        <dd className="mono">{incident.id}</dd>
      </dl>
    </section>
  );
}

function join(...lists: (readonly AuditEntry[] | undefined)[]): AuditEntry[] {
  const found = new Map(lists.flatMap((list) => list ?? []).map((entry) => [entry.hash, entry]));
  return [...found.values()].sort((a, b) => a.fact.at.localeCompare(b.fact.at));
}
