import type { Claim, EventSummary } from "../api/types";
import { links } from "../app/router";
import { number, score, visible } from "../lib/format";
import { Button } from "../ui/Button";
import { Severity, StatusChip } from "../ui/Severity";
import { Ago } from "../ui/Time";
import { deedName, type Action } from "./ActionDialog";

interface Props {
  event: EventSummary;
  claim: Claim | undefined;
  isSelected: boolean;
  /** When it came or changed while the page was open. */
  freshAt: number | undefined;
  canAssign: boolean;
  onSelect: () => void;
  onAct: (action: Action) => void;
}

/** One incident in one look: how bad, what, why, since when. */
export function IncidentRow({ event, claim, isSelected, freshAt, canAssign, onSelect, onAct }: Props) {
  const name = event.resource.name ?? event.resource.id;
  const isOpen = event.status === "OPEN";
  return (
    <div className={`incident sev-${event.severity} ${isSelected ? "is-selected" : ""} ${freshAt !== undefined ? "is-fresh" : ""} ${isOpen ? "" : "is-taken"}`} data-id={event.id}>
      <div className="incident-level">
        <Severity level={event.severity} />
        <span className="muted small"><Ago at={event.opened_at} /></span>
      </div>
      <div className="incident-what">
        <div className="incident-title">
          <a id={`row-${event.id}`} href={links.incident(event.id)} onFocus={onSelect} className="truncate" title={event.resource.id}>
            <span>{visible(event.metric)}</span> <span className="incident-of">of</span> <strong>{visible(name)}</strong>
          </a>
          {!isOpen && <StatusChip status={event.status} />}
          {!isOpen && event.by !== undefined && <span className="muted small truncate incident-by">{visible(event.by)}</span>}
          {claim !== undefined && <span className="chip sev-accent">Waits for approval: {deedName(claim.state.action)}</span>}
        </div>
        <div className="muted incident-summary" title={visible(event.summary)}>{visible(event.summary)}</div>
      </div>
      <div className="incident-numbers">
        <span>{number(event.observed)}</span>
        <span className="muted small">score {score(event.score)}</span>
      </div>
      <div className="incident-actions" role="group" aria-label="Actions">
        {claim !== undefined && <Button kind="quiet" icon="key" aria-label="Approve or deny" title="Approve or deny (p)" onClick={() => onAct("approve")} />}
        {isOpen && <Button kind="quiet" icon="check" aria-label="Acknowledge" title="Acknowledge (a)" onClick={() => onAct("acknowledge")} />}
        <Button kind="quiet" icon="silences" aria-label="Suppress" title="Suppress (s)" onClick={() => onAct("suppress")} />
        {canAssign && <Button className="later" kind="quiet" icon="person" aria-label="Assign" title="Assign (o)" onClick={() => onAct("assign")} />}
        <Button className="later" kind="quiet" icon="done" aria-label="Resolve" title="Resolve (e)" onClick={() => onAct("resolve")} />
      </div>
    </div>
  );
}
