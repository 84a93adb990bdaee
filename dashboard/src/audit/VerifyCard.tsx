import { useRef, useState } from "react";
import type { AuditEntry, Verification } from "../api/types";
import { useServices, type Services } from "../app/services";
import { count, visible } from "../lib/format";
import { Button } from "../ui/Button";
import { Snippet } from "../ui/Copy";
import { Icon } from "../ui/Icon";
import { Ago } from "../ui/Time";
import { asProblem } from "../ui/hooks";
import { verify, type Verdict } from "./verify";

/** Entries that one verification reads at most: a few seconds of hashing. */
const MOST = 20_000;

type Step = { name: "idle" } | { name: "busy"; text: string } | { name: "done"; verdict: Verdict; isAll: boolean; server: Verification | null } | { name: "failed"; text: string };

async function readTrail(services: Services, tell: (amount: number) => void, isOver: () => boolean): Promise<{ entries: AuditEntry[]; isAll: boolean }> {
  const entries: AuditEntry[] = [];
  let cursor: string | undefined;
  do {
    const { body } = await services.client.auditLog({ limit: 200, ...(cursor !== undefined && { cursor }) });
    entries.push(...body.entries);
    tell(entries.length);
    cursor = body.next_cursor ?? undefined;
  } while (cursor !== undefined && entries.length < MOST && !isOver());
  return { entries, isAll: cursor === undefined };
}

export function VerifyCard() {
  const services = useServices();
  const [step, setStep] = useState<Step>({ name: "idle" });
  const stopped = useRef(false);
  const start = async () => {
    stopped.current = false;
    setStep({ name: "busy", text: "Reading the trail" });
    try {
      const server = services.client.auditVerify(24).then(({ body }) => body, () => null);
      const { entries, isAll } = await readTrail(services, (amount) => setStep({ name: "busy", text: `Read ${count(amount, "entry", "entries")}` }), () => stopped.current);
      const verdict = await verify(entries, (done) => setStep({ name: "busy", text: `Hashed ${count(done, "entry", "entries")} of ${entries.length}` }));
      setStep({ name: "done", verdict, isAll, server: await server });
    } catch (error) {
      const problem = asProblem(error);
      setStep({ name: "failed", text: problem.isAbsent ? "This deployment does not serve the audit trail." : problem.message });
    }
  };
  const isBusy = step.name === "busy";
  return (
    <section className="card" aria-labelledby="verify-title">
      <div className="card-head">
        <h2 id="verify-title">Is the record whole?</h2>
      </div>
      <div className="card-body stack">
        <div className="row">
          <Button kind="primary" icon="audit" disabled={isBusy} onClick={() => void start()}>{isBusy ? "Verifying" : step.name === "done" ? "Verify again" : "Verify in this browser"}</Button>
          {isBusy && <Button onClick={() => (stopped.current = true)}>That is enough</Button>}
          <span className="muted" role="status">{isBusy ? `${step.text} …` : ""}</span>
        </div>
        {step.name === "failed" && <p className="error-text" role="alert">{step.text}</p>}
        {step.name === "done" && <Result {...step} />}
        <details>
          <summary>What is checked, and what is not</summary>
          <p className="muted verify-note">
            Each entry’s hash is recomputed here: SHA-256 over its canonical JSON (RFC 8785). Each must name the hash of the one before, stand in the chain that its fact’s id
            chooses, and agree with what entries of other chains had seen. That tells edits, deletions, insertions and cut tails. A trail that somebody rewrote as a whole, all
            hashes anew, is told by the signed anchors alone, which the API checks and the command line checks without the API:
          </p>
          <Snippet text="nightjar audit verify" what="the command" />
        </details>
      </div>
    </section>
  );
}

function Result({ verdict, isAll, server }: { verdict: Verdict; isAll: boolean; server: Verification | null }) {
  const isWhole = verdict.faults.length === 0;
  return (
    <div className="verify-result" role="status">
      <div className={`verify-half sev-${isWhole ? "good" : "critical"}`}>
        <Icon name={isWhole ? "done" : "warning"} />
        <div>
          <strong>{isWhole ? "Whole, by this browser’s own computation" : `Not whole: ${count(verdict.faults.length, "fault")}`}</strong>
          <p className="muted">
            {count(verdict.entries, "entry", "entries")} in {count(verdict.chains.length, "chain")} hashed, {count(verdict.sightings, "link")} between chains compared.
            {isAll ? " That is all that is kept." : " Older ones were not looked at."}
          </p>
          {!isWhole && (
            <ul className="plain">
              {verdict.faults.slice(0, 20).map((fault) => (
                <li key={`${fault.chain}${fault.seq}${fault.reason}`}><span className="mono">{visible(fault.chain)}/{fault.seq}</span> <strong>{fault.reason.replace("_", " ")}</strong>: {visible(fault.detail)}</li>
              ))}
            </ul>
          )}
        </div>
      </div>
      <div className={`verify-half sev-${server === null ? "info" : server.valid ? "good" : "critical"}`}>
        <Icon name={server?.valid === true ? "key" : "warning"} />
        <div>
          <strong>{server === null ? "The anchors could not be checked" : server.valid ? "Anchored, says the API" : "Not whole, says the API"}</strong>
          {server !== null && (
            <p className="muted">
              {count(server.anchors, "signed anchor")} vouch for {count(server.anchored_through, "entry", "entries")}.
              {server.newest_anchor_at !== null && <> The newest was taken <Ago at={server.newest_anchor_at} />.</>}
              {server.first_bad !== null && ` First fault: ${server.first_bad.chain}/${server.first_bad.seq} ${server.first_bad.reason}, ${server.first_bad.detail}`}
            </p>
          )}
        </div>
      </div>
    </div>
  );
}
