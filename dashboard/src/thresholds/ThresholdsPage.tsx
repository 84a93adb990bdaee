import { useState } from "react";
import type { Json } from "../lib/canonical";
import { Page } from "../app/Page";
import { useServices } from "../app/services";
import { Refusal, useDeed } from "../now/ActionDialog";
import { Button } from "../ui/Button";
import { Absent, Loading, ProblemView } from "../ui/States";
import { toast } from "../ui/Toasts";
import { useQuery } from "../ui/hooks";
import { differences, sentences } from "./document";

/** The thresholds as they are, to be changed with a preview. */
export function ThresholdsPage() {
  const services = useServices();
  const query = useQuery("thresholds", () => services.client.thresholds());
  return (
    <Page title="Thresholds" lead="What counts as abnormal whatever the detector says, and how sure it has to be. A change is shown against the last week before it is saved.">
      {query.problem?.isAbsent === true ? (
        <div className="card"><Absent what="thresholds"><p>They are configured in <code>config/alert_thresholds.json</code>.</p></Absent></div>
      ) : query.problem !== null ? <ProblemView problem={query.problem} what="thresholds" retry={query.reload} /> : query.data === null ? <Loading /> : (
        <Editor key={query.etag} document={query.data as Json} etag={query.etag} mayEdit={services.may("admin")} onSaved={query.reload} />
      )}
    </Page>
  );
}

function Editor({ document, etag, mayEdit, onSaved }: { document: Json; etag: string | null; mayEdit: boolean; onSaved: () => void }) {
  const { client } = useServices();
  const [text, setText] = useState(() => JSON.stringify(document, null, 2));
  const [preview, setPreview] = useState<string[] | null>(null);
  const { error, isBusy, run } = useDeed();
  const { value, problem } = parse(text);
  const changes = value === undefined ? [] : differences(document, value);
  return (
    <div className="stack">
      <div className="card card-body stack">
        <label className="field">
          <span>Document <span className="hint">{mayEdit ? "– JSON" : "– JSON; only an admin changes it"}</span></span>
          <textarea className="input mono" rows={22} spellCheck={false} readOnly={!mayEdit} value={text} aria-invalid={problem !== null} onChange={(event) => {
            setText(event.target.value);
            setPreview(null);
          }} />
        </label>
        {problem !== null && <p className="error-text" role="alert">{problem}</p>}
        {changes.length > 0 && (
          <div>
            <h2>What changes</h2>
            <ul className="mono small">{changes.map((change) => <li key={change} className="anywhere">{change}</li>)}</ul>
          </div>
        )}
        {preview !== null && (
          <div role="status">
            <h2>What it would have done</h2>
            <ul>{preview.map((line) => <li key={line} className="anywhere">{line}</li>)}</ul>
          </div>
        )}
        <Refusal error={error} />
        {mayEdit && (
          <div className="row">
            <Button disabled={isBusy || changes.length === 0} onClick={() => void run(async () => setPreview(sentences((await client.previewThresholds(value)).body as Json)))}>Preview</Button>
            <Button kind="primary" disabled={isBusy || changes.length === 0} onClick={() => void run(async () => {
              await client.setThresholds(value, etag);
              toast("The thresholds are saved");
              onSaved();
            })}>Save</Button>
          </div>
        )}
      </div>
    </div>
  );
}

function parse(text: string): { value?: Json; problem: string | null } {
  try {
    return { value: JSON.parse(text) as Json, problem: null };
  } catch (error) {
    return { problem: `This is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
