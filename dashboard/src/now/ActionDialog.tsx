import { useState, type SubmitEvent } from "react";
import { Problem } from "../api/problem";
import type { Claim, EventSummary, Incident } from "../api/types";
import { useServices } from "../app/services";
import { causeTitle } from "../lib/format";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Segments } from "../ui/Segments";
import { Time } from "../ui/Time";
import { asProblem } from "../ui/hooks";
import { toast } from "../ui/Toasts";

export type Action = "acknowledge" | "suppress" | "resolve" | "assign" | "approve";

/** What is acted upon; the version is what the person decided on. */
export type Target = Pick<EventSummary, "id" | "title" | "version">;

const TEXTS: Record<Exclude<Action, "approve">, { title: string; word: string; hint: string; why: string; done: string }> = {
  acknowledge: { title: "Acknowledge", word: "Acknowledge", hint: "You are on it: it is neither repeated nor escalated any more.", why: "on it", done: "Acknowledged" },
  suppress: { title: "Suppress for a while", word: "Suppress", hint: "It is held back until then. If it is still open, it is told again.", why: "", done: "Suppressed" },
  resolve: { title: "Resolve", word: "Resolve", hint: "It is over. A new anomaly opens a new incident.", why: "", done: "Resolved" },
  assign: { title: "Assign", word: "Assign", hint: "Somebody else takes it.", why: "", done: "Assigned" },
};

const LENGTHS = [["30", "30 min"], ["60", "1 h"], ["240", "4 h"], ["1440", "1 day"], ["10080", "1 week"]] as const;

/** Asks who acts why, and does it. */
export function ActionDialog({ action, target, claim, onClose, onDone }: {
  action: Action;
  target: Target;
  claim?: Claim | undefined;
  onClose: () => void;
  onDone: (incident: Incident | null) => void;
}) {
  if (action === "approve") {
    return claim === undefined ? null : <ApproveDialog claim={claim} target={target} onClose={onClose} onDone={() => onDone(null)} />;
  }
  return <ChangeDialog action={action} target={target} onClose={onClose} onDone={onDone} />;
}

function ChangeDialog({ action, target, onClose, onDone }: { action: Exclude<Action, "approve">; target: Target; onClose: () => void; onDone: (incident: Incident) => void }) {
  const { client } = useServices();
  const text = TEXTS[action];
  const [why, setWhy] = useState(text.why);
  const [to, setTo] = useState("");
  const [minutes, setMinutes] = useState<(typeof LENGTHS)[number][0]>("60");
  const { error, isBusy, run } = useDeed();

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void run(async () => {
      const { id, version } = target;
      const until = new Date(Math.floor(Date.now() / 1000) * 1000 + Number(minutes) * 60_000).toISOString().replace(".000Z", "Z");
      const deeds = {
        acknowledge: () => client.acknowledge(id, why, version),
        suppress: () => client.suppress(id, why, until, version),
        resolve: () => client.resolve(id, why, version),
        assign: () => client.assign(id, to, why, version),
      };
      const { body } = await deeds[action]();
      toast(`${text.done}: ${target.title}`);
      onDone(body);
    });
  };

  return (
    <Dialog title={text.title} onClose={onClose}>
      <form className="action-form" onSubmit={submit}>
        <p className="anywhere"><strong>{target.title}</strong></p>
        <p className="muted">{text.hint}</p>
        {action === "assign" && (
          <label className="field">
            <span>To whom</span>
            <input className="input" data-first required maxLength={200} value={to} onChange={(event) => setTo(event.target.value)} placeholder="name@example.com" />
          </label>
        )}
        {action === "suppress" && (
          <div className="field">
            <span>For how long</span>
            <Segments label="For how long" value={minutes} options={LENGTHS} onChange={setMinutes} />
          </div>
        )}
        <label className="field">
          <span>Why <span className="hint">– for whoever reads the timeline later</span></span>
          <textarea className="input" data-first={action === "assign" ? undefined : true} required maxLength={2000} rows={2} value={why} onChange={(event) => setWhy(event.target.value)} onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey) {
              event.preventDefault();
              event.currentTarget.form?.requestSubmit();
            }
          }} />
        </label>
        <Refusal error={error} />
        <div className="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={isBusy || why.trim() === ""}>{text.word}</Button>
        </div>
      </form>
    </Dialog>
  );
}

const DEEDS: Record<string, string> = { stop_start: "stop and start", snapshot_first: "snapshot", notify_only: "notice to people" };

/** `stop_start` → `stop and start`. */
export function deedName(action: string | undefined): string {
  return action === undefined ? "what was planned" : (DEEDS[action] ?? causeTitle(action).toLowerCase());
}

function ApproveDialog({ claim, target, onClose, onDone }: { claim: Claim; target: Target; onClose: () => void; onDone: () => void }) {
  const { client } = useServices();
  const [why, setWhy] = useState("");
  const { error, isBusy, run } = useDeed();
  const decide = (isApproved: boolean) =>
    void run(async () => {
      await (isApproved ? client.approve(claim.incident, why) : client.deny(claim.incident, why));
      toast(isApproved ? "Approved: it is carried out within a minute" : "Denied: nothing is done");
      onDone();
    });
  return (
    <Dialog title="Approve a remediation" onClose={onClose}>
      <p className="anywhere"><strong>{target.title}</strong></p>
      <dl className="facts">
        <dt>What</dt>
        <dd>{deedName(claim.state.action)}</dd>
        <dt>To</dt>
        <dd className="mono anywhere">{claim.resource_arn}</dd>
        {claim.run != null && (
          <>
            <dt>Runbook</dt>
            <dd>{claim.run.policy}: {claim.run.steps.map((step) => deedName(step.action)).join(", then ")}</dd>
          </>
        )}
        {claim.state.until !== undefined && (
          <>
            <dt>Until</dt>
            <dd><Time at={claim.state.until} /></dd>
          </>
        )}
      </dl>
      <p className="muted">Every guardrail is asked again before anything is done.</p>
      <label className="field">
        <span>Why</span>
        <textarea className="input" data-first rows={2} maxLength={2000} value={why} onChange={(event) => setWhy(event.target.value)} />
      </label>
      <Refusal error={error} />
      <div className="dialog-foot">
        <Button disabled={isBusy || why.trim() === ""} onClick={() => decide(false)}>Deny</Button>
        <Button kind="danger" disabled={isBusy || why.trim() === ""} onClick={() => decide(true)}>Approve</Button>
      </div>
    </Dialog>
  );
}

/** Runs something that the API may refuse. */
export function useDeed() {
  const [error, setError] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const run = async (deed: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await deed();
    } catch (failure) {
      setError(asProblem(failure));
    } finally {
      setBusy(false);
    }
  };
  return { error, isBusy, run };
}

/** Why the API refused, in a form. */
export function Refusal({ error }: { error: Problem | null }) {
  if (error === null) return null;
  const hint = error.status === 412 ? " Somebody changed it meanwhile: close this, look again, and decide anew." : "";
  const text = error.isAbsent ? "This deployment does not serve that." : `${error.title}${error.detail === "" ? "." : `: ${error.detail}.`}${hint}`;
  return <p className="error-text" role="alert">{text}</p>;
}
