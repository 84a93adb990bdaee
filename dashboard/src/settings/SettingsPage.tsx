import { useState } from "react";
import { Page } from "../app/Page";
import { setPreferences, usePreferences } from "../app/preferences";
import { links } from "../app/router";
import { useServices } from "../app/services";
import { count, visible } from "../lib/format";
import { Refusal, useDeed } from "../now/ActionDialog";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Segments } from "../ui/Segments";
import { Absent, Loading, Notice, ProblemView } from "../ui/States";
import { Time } from "../ui/Time";
import { toast } from "../ui/Toasts";
import { useQuery } from "../ui/hooks";
import "../now/now.css";
import "./settings.css";

type Asking = { title: string; hint: string; word: string; isDangerous: boolean; deed: (why: string) => Promise<unknown> };

export function SettingsPage() {
  return (
    <Page title="Settings">
      <div className="settings stack">
        <Remediation />
        <Appearance />
        <Account />
      </div>
    </Page>
  );
}

/** The kill switch and how policies do. */
function Remediation() {
  const services = useServices();
  const { client } = services;
  const query = useQuery("remediations", () => client.remediations());
  const [asking, setAsking] = useState<Asking | null>(null);
  const status = query.data;
  const stopped = status?.control.stopped ?? null;
  const { healing = {}, breakers = {}, runs = [] } = status?.ledger ?? {};
  const policies = [...new Set([...Object.keys(healing), ...Object.keys(breakers)])].sort();
  return (
    <section className="card" aria-labelledby="remediation-title">
      <div className="card-head">
        <h2 id="remediation-title">Remediation</h2>
        {status?.mode !== undefined && <span className="aside">mode {status.mode.replace("_", " ")}</span>}
      </div>
      {query.problem?.isAbsent === true ? <Absent what="the state of remediation"><p>The mode is the Terraform variable <code>remediation_mode</code>.</p></Absent> : query.problem !== null ? <ProblemView problem={query.problem} what="remediation" retry={query.reload} /> : status === null ? <div className="card-body"><Loading lines={3} /></div> : (
        <div className="card-body stack">
          {stopped === null ? (
            <div className="row spread">
              <p><strong>Running.</strong> <span className="muted">What policies allow is carried out, as far as the deployment’s mode lets it.</span></p>
              {services.may("operator") && <Button kind="danger" icon="pause" onClick={() => setAsking({ title: "Stop all remediation?", hint: "Nothing is carried out any more, whatever the mode, until somebody takes it back. What is under way is not undone.", word: "Stop everything", isDangerous: true, deed: client.stop })}>Stop everything</Button>}
            </div>
          ) : (
            <Notice tone="critical" icon="pause">
              <div className="row spread">
                <span><strong>Stopped</strong> by {visible(stopped.by)}, <Time at={stopped.at} />: {visible(stopped.why)}</span>
                {services.may("admin") ? <Button onClick={() => setAsking({ title: "Resume remediation?", hint: "Policies act again, as far as the mode lets them.", word: "Resume", isDangerous: false, deed: client.resume })}>Resume</Button> : <span className="muted">An admin can resume.</span>}
              </div>
            </Notice>
          )}
          {policies.length > 0 && (
            <div className="table-wrap" tabIndex={0} role="region" aria-label="Policies">
              <table className="table">
                <thead><tr><th scope="col">Policy</th><th scope="col" className="right">Healed</th><th scope="col" className="right">Did not heal</th><th scope="col">State</th></tr></thead>
                <tbody>
                  {policies.map((policy) => {
                    const ends = healing[policy];
                    const off = breakers[policy]?.opened_at ?? null;
                    return (
                      <tr key={policy}>
                        <td>{visible(policy)}</td>
                        <td className="right" data-label="Healed">{ends?.healed ?? 0}</td>
                        <td className="right" data-label="Did not heal">{ends?.not_healed ?? 0}</td>
                        <td>{off === null ? <span className="chip sev-good">On</span> : <div className="row"><span className="chip sev-critical">Off</span><span className="muted small">switched itself off <Time at={off} /></span>{services.may("admin") && <Button onClick={() => setAsking({ title: `Switch ${policy} on again?`, hint: "It switched itself off because it failed too often in a row.", word: "Switch on", isDangerous: false, deed: (why) => client.resetPolicy(policy, why) })}>Switch on</Button>}</div>}</td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
          )}
          <div>
            <h3>Under repair</h3>
            {runs.length === 0 ? <p className="muted">Nothing.</p> : (
              <ul className="plain">
                {runs.map((run) => <li key={run.incident}><a href={links.incident(run.incident)}>{run.incident}</a> by policy {visible(run.policy)} since <Time at={run.since} /> {run.waiting && <span className="chip sev-accent">waits for approval</span>}</li>)}
              </ul>
            )}
          </div>
        </div>
      )}
      {asking !== null && <WhyDialog asking={asking} onClose={() => setAsking(null)} onDone={() => {
        setAsking(null);
        query.reload();
      }} />}
    </section>
  );
}

function WhyDialog({ asking, onClose, onDone }: { asking: Asking; onClose: () => void; onDone: () => void }) {
  const [why, setWhy] = useState("");
  const { error, isBusy, run } = useDeed();
  return (
    <Dialog title={asking.title} onClose={onClose}>
      <form className="action-form" onSubmit={(event) => {
        event.preventDefault();
        void run(async () => {
          await asking.deed(why);
          toast("Done, and on the record");
          onDone();
        });
      }}>
        <p className="muted">{asking.hint}</p>
        <label className="field"><span>Why</span><input className="input" data-first required maxLength={500} value={why} onChange={(event) => setWhy(event.target.value)} /></label>
        <Refusal error={error} />
        <div className="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind={asking.isDangerous ? "danger" : "primary"} type="submit" disabled={isBusy || why.trim() === ""}>{asking.word}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function Appearance() {
  const { theme, zone } = usePreferences();
  return (
    <section className="card" aria-labelledby="appearance-title">
      <div className="card-head"><h2 id="appearance-title">Appearance</h2></div>
      <div className="card-body stack">
        <div className="row spread"><span>Colours</span><Segments label="Colours" value={theme} options={[["auto", "As the system"], ["dark", "Dark"], ["light", "Light"]]} onChange={(value) => setPreferences({ theme: value })} /></div>
        <div className="row spread"><span>Times</span><Segments label="Times" value={zone} options={[["local", "Local"], ["utc", "UTC"]]} onChange={(value) => setPreferences({ zone: value })} /></div>
      </div>
    </section>
  );
}

function Account() {
  const services = useServices();
  const { me, session, config, liveState, incidents } = services;
  return (
    <section className="card" aria-labelledby="account-title">
      <div className="card-head"><h2 id="account-title">This session</h2></div>
      <div className="card-body stack">
        <dl className="facts">
          <dt>Who</dt><dd>{me?.who ?? "unknown"}</dd>
          <dt>Role</dt><dd>{me?.role ?? "unknown"}{me?.role === "viewer" && <span className="muted"> – reads everything, changes nothing</span>}</dd>
          <dt>Signed in by</dt><dd>{me?.authenticated_by ?? (session.needsSignIn ? "cognito" : "nothing: this API asks for no sign-in")}</dd>
          <dt>API</dt><dd className="mono">{config.api === "" ? location.origin : config.api}</dd>
          <dt>Updates</dt><dd>{config.live === null ? "by asking every 15 seconds" : liveState}</dd>
          <dt>Known</dt><dd>{count(incidents.read().events.length, "unresolved incident")}</dd>
        </dl>
        {session.needsSignIn && <Button icon="signout" onClick={() => void session.signOut()}>Sign out</Button>}
      </div>
    </section>
  );
}
