import { useState, type SubmitEvent } from "react";
import type { Silence } from "../api/types";
import { Page } from "../app/Page";
import { useServices } from "../app/services";
import { visible } from "../lib/format";
import { Refusal, useDeed } from "../now/ActionDialog";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Segments } from "../ui/Segments";
import { Absent, Loading, ProblemView, State } from "../ui/States";
import { Ago, Time } from "../ui/Time";
import { toast } from "../ui/Toasts";
import "../now/now.css";
import { useNow, useQuery } from "../ui/hooks";

const LENGTHS = [["1", "1 h"], ["4", "4 h"], ["24", "1 day"], ["168", "1 week"]] as const;

export function SilencesPage() {
  const services = useServices();
  const query = useQuery("silences", () => services.client.silences());
  const now = useNow(30);
  const [isAdding, setAdding] = useState(false);
  const [ending, setEnding] = useState<Silence | null>(null);
  const silences = query.data?.silences ?? [];
  const holds = silences.filter((silence) => Date.parse(silence.starts_at) <= now && now < Date.parse(silence.ends_at));
  const later = silences.filter((silence) => Date.parse(silence.starts_at) > now);
  return (
    <Page title="Silences" lead="What nobody wants to hear of for a while, who said so, and why. What is still open when a silence ends is told." head={query.data !== null && services.may("operator") && <Button kind="primary" onClick={() => setAdding(true)}>New silence</Button>}>
      {query.problem?.isAbsent === true ? (
        <div className="card"><Absent what="silences"><p>The command line may: <code>nightjar silence list</code></p></Absent></div>
      ) : query.problem !== null ? <ProblemView problem={query.problem} what="silences" retry={query.reload} /> : query.data === null ? <Loading /> : silences.length === 0 ? (
        <State icon="silences" title="Nothing is silenced"><p>Everybody hears everything.</p></State>
      ) : (
        <div className="stack">
          <Group title="Holding now" none="None." list={holds} onEnd={services.may("operator") ? setEnding : null} />
          <Group title="To come" none="None." list={later} onEnd={services.may("operator") ? setEnding : null} />
        </div>
      )}
      {isAdding && <AddDialog onClose={() => setAdding(false)} onDone={() => {
        setAdding(false);
        query.reload();
      }} />}
      {ending !== null && <EndDialog silence={ending} onClose={() => setEnding(null)} onDone={() => {
        setEnding(null);
        query.reload();
      }} />}
    </Page>
  );
}

function Group({ title, none, list, onEnd }: { title: string; none: string; list: Silence[]; onEnd: ((silence: Silence) => void) | null }) {
  return (
    <section className="card" aria-label={title}>
      <div className="card-head"><h2>{title}</h2></div>
      {list.length === 0 ? <p className="card-body muted">{none}</p> : (
        <div className="table-wrap" tabIndex={0} role="region" aria-label={`${title}, table`}>
          <table className="table">
            <thead><tr><th scope="col">Matches</th><th scope="col">Why</th><th scope="col">From</th><th scope="col">Ends</th><th scope="col"><span className="sr-only">Actions</span></th></tr></thead>
            <tbody>
              {list.map((silence) => (
                <tr key={silence.id}>
                  <td>{silence.matchers.map((matcher) => <div key={matcher}><code className="anywhere">{visible(matcher)}</code></div>)}</td>
                  <td className="anywhere">{visible(silence.reason)}<div className="muted small">{visible(silence.owner)}</div></td>
                  <td data-label="From"><Time at={silence.starts_at} seconds={false} /></td>
                  <td data-label="Ends"><Time at={silence.ends_at} seconds={false} /><div className="muted small"><Ago at={silence.ends_at} /></div></td>
                  <td className="right">{onEnd !== null && <Button onClick={() => onEnd(silence)}>End it</Button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function AddDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const { client } = useServices();
  const [matchers, setMatchers] = useState("");
  const [reason, setReason] = useState("");
  const [hours, setHours] = useState<(typeof LENGTHS)[number][0]>("4");
  const { error, isBusy, run } = useDeed();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void run(async () => {
      const ends = new Date(Math.floor(Date.now() / 1000) * 1000 + Number(hours) * 3_600_000);
      await client.addSilence({ matchers: matchers.split("\n").map((line) => line.trim()).filter((line) => line !== ""), reason, ends_at: ends.toISOString().replace(".000Z", "Z") });
      toast("Silenced");
      onDone();
    });
  };
  return (
    <Dialog title="New silence" onClose={onClose}>
      <form className="action-form" onSubmit={submit}>
        <label className="field">
          <span>Matchers <span className="hint">– one a line; all must hold</span></span>
          <textarea className="input mono" data-first required rows={3} placeholder={'tag:app="shop"\nseverity=~"low|medium"'} value={matchers} onChange={(event) => setMatchers(event.target.value)} />
        </label>
        <div className="field">
          <span>For how long</span>
          <Segments label="For how long" value={hours} options={LENGTHS} onChange={setHours} />
        </div>
        <label className="field">
          <span>Why</span>
          <input className="input" required maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />
        </label>
        <Refusal error={error} />
        <div className="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={isBusy}>Silence</Button>
        </div>
      </form>
    </Dialog>
  );
}

function EndDialog({ silence, onClose, onDone }: { silence: Silence; onClose: () => void; onDone: () => void }) {
  const { client } = useServices();
  const { error, isBusy, run } = useDeed();
  return (
    <Dialog title="End this silence?" onClose={onClose}>
      <p className="anywhere">{visible(silence.reason)} ({visible(silence.owner)})</p>
      <p className="muted">What it held back and is still open will be told.</p>
      <Refusal error={error} />
      <div className="dialog-foot">
        <Button data-first onClick={onClose}>Keep it</Button>
        <Button kind="danger" disabled={isBusy} onClick={() => void run(async () => {
          await client.endSilence(silence.id);
          toast("The silence has ended");
          onDone();
        })}>End it</Button>
      </div>
    </Dialog>
  );
}
