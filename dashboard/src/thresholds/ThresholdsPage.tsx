import { useState } from "react";
import type { AlarmEntry, CatalogueEntry, ThresholdOverride, Thresholds, ThresholdsSet } from "../api/types";
import { Page } from "../app/Page";
import { useServices } from "../app/services";
import { visible } from "../lib/format";
import { Refusal, useDeed } from "../now/ActionDialog";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Absent, Loading, ProblemView } from "../ui/States";
import { toast } from "../ui/Toasts";
import { useQuery } from "../ui/hooks";
import { inForce } from "./draft";
import { ThresholdDialog, type Chosen } from "./ThresholdDialog";

const SIGNS: Record<AlarmEntry["comparison"], string> = { above: ">", at_or_above: "≥", below: "<", at_or_below: "≤" };

/** What each type of resource is watched for, and why; and setting it. */
export function ThresholdsPage() {
  const services = useServices();
  const query = useQuery("thresholds", () => services.client.thresholds());
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [isReverting, setReverting] = useState(false);
  const mayEdit = services.may("operator");
  const set = query.data?.set;
  const done = () => {
    setChosen(null);
    setReverting(false);
    query.reload();
  };
  return (
    <Page title="Thresholds" lead="What counts as abnormal whatever the detector says. Tags on a resource override it: docs/coverage.md has their grammar." head={set !== undefined && set.version > 0 && mayEdit && <Button onClick={() => setReverting(true)}>Revert</Button>}>
      {query.problem?.isAbsent === true ? (
        <div className="card"><Absent what="thresholds"><p>They are configured in <code>config/alert_thresholds.json</code>.</p></Absent></div>
      ) : query.problem !== null ? <ProblemView problem={query.problem} what="thresholds" retry={query.reload} /> : query.data === null ? <Loading /> : <Types thresholds={query.data} choose={mayEdit ? setChosen : null} />}
      {chosen !== null && set !== undefined && <ThresholdDialog chosen={chosen} set={set} onClose={() => setChosen(null)} onDone={done} />}
      {isReverting && set !== undefined && <RevertDialog set={set} onClose={() => setReverting(false)} onDone={done} />}
    </Page>
  );
}

type Choose = ((chosen: Chosen) => void) | null;

function Types({ thresholds, choose }: { thresholds: Thresholds; choose: Choose }) {
  const types = Object.entries(thresholds.resource_types).sort(([, a], [, b]) => a.title.localeCompare(b.title));
  const { version, changed_by, changed_at } = thresholds.set;
  return (
    <div className="stack">
      {version > 0 && <p className="small muted">Last set by {visible(changed_by ?? "nobody")} at {changed_at}, version {version}.</p>}
      {thresholds.left_out.map((problem) => <p key={problem} className="small">Left out, because it does not fit the catalogue any more: {visible(problem)}</p>)}
      {types.map(([name, { title, metrics }]) => (
        <section key={name} className="card" aria-label={title}>
          <div className="card-body"><h2>{visible(title)} <code className="muted small">{visible(name)}</code></h2></div>
          <div className="table-wrap" tabIndex={0} role="region" aria-label={`${title}, table`}>
            <table className="table">
              <thead><tr><th scope="col">Metric</th><th scope="col">Alarm</th><th scope="col">Anomalies</th><th scope="col">Why</th>{choose !== null && <th scope="col"><span className="sr-only">Actions</span></th>}</tr></thead>
              <tbody>{metrics.map((entry) => <Metric key={`${entry.namespace}/${entry.metric}`} type={name} entry={entry} thresholds={thresholds} choose={choose} />)}</tbody>
            </table>
          </div>
        </section>
      ))}
    </div>
  );
}

function Metric({ type, entry, thresholds, choose }: { type: string; entry: CatalogueEntry; thresholds: Thresholds; choose: Choose }) {
  const { alarm } = entry;
  const source = alarm == null ? undefined : thresholds.sources[alarm.source];
  const set = thresholds.set.overrides.resource_types?.[type]?.[entry.metric];
  return (
    <tr>
      <td><strong>{visible(entry.metric)}</strong><div className="small muted">{visible(entry.namespace)}</div></td>
      <td data-label="Alarm">{alarm == null ? <span className="muted">none</span> : <Alarm alarm={alarm} set={set} unit={entry.unit} />}</td>
      <td data-label="Anomalies">{entry.anomaly == null ? <span className="muted">not watched</span> : "watched"}</td>
      <td>{visible(set?.why ?? entry.why)}{set === undefined ? source !== undefined && <div className="small muted">{visible(source.title)}</div> : <div className="small muted">set here</div>}</td>
      {choose !== null && <td className="right">{alarm != null && <Button onClick={() => choose({ type, metric: entry.metric, unit: entry.unit, alarm })} aria-label={`Edit ${entry.metric} of ${type}`}>Edit</Button>}</td>}
    </tr>
  );
}

function Alarm({ alarm, set, unit }: { alarm: AlarmEntry; set: ThresholdOverride | undefined; unit: string }) {
  if (set?.levels === "off") return <span className="muted">switched off</span>;
  const now = inForce(alarm, set);
  return <>{levels(now, unit)}<div className="small muted">{now.statistic} of {now.period_seconds} s, {now.datapoints_to_alarm} of {now.evaluation_periods}</div></>;
}

/** `> 90 Percent (warning > 80)`. */
function levels({ comparison, critical, warning }: AlarmEntry, unit: string): string {
  const sign = SIGNS[comparison];
  return `${sign} ${String(critical)} ${unit}${warning == null ? "" : ` (warning ${sign} ${String(warning)})`}`;
}

function RevertDialog({ set, onClose, onDone }: { set: ThresholdsSet; onClose: () => void; onDone: () => void }) {
  const { client } = useServices();
  const [why, setWhy] = useState("");
  const { error, isBusy, run } = useDeed();
  const revert = () => void run(async () => {
    await client.revertThresholds(why, set.version);
    toast("Brought the version before back");
    onDone();
  });
  return (
    <Dialog title="Bring the version before back" onClose={onClose}>
      <p>Version {set.version} was set by {visible(set.changed_by ?? "nobody")} at {set.changed_at}. What was set before it comes back, as a new version.</p>
      <label className="field"><span>Why</span><input className="input" data-first required maxLength={500} value={why} onChange={(event) => setWhy(event.target.value)} /></label>
      <Refusal error={error} />
      <div className="dialog-foot">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="primary" disabled={isBusy || why.trim() === ""} onClick={revert}>Revert</Button>
      </div>
    </Dialog>
  );
}
