import { useState, type SubmitEvent } from "react";
import type { AlarmEntry, ThresholdPreview, ThresholdsSet } from "../api/types";
import { useServices } from "../app/services";
import { visible } from "../lib/format";
import { Refusal, useDeed } from "../now/ActionDialog";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { toast } from "../ui/Toasts";
import { draftOf, inForce, overrideOf, told, withOverride } from "./draft";
import "../now/now.css";

export interface Chosen {
  type: string;
  metric: string;
  unit: string;
  alarm: AlarmEntry;
}

/** Sets the threshold of one metric for all resources of a type, after a look at what it would have done. */
export function ThresholdDialog({ chosen, set, onClose, onDone }: { chosen: Chosen; set: ThresholdsSet; onClose: () => void; onDone: () => void }) {
  const { client } = useServices();
  const { type, metric, unit, alarm } = chosen;
  const before = set.overrides.resource_types?.[type]?.[metric];
  const [draft, setDraft] = useState(draftOf(before));
  const [preview, setPreview] = useState<ThresholdPreview | null>(null);
  const { error, isBusy, run } = useDeed();
  const change = (changes: Partial<typeof draft>) => {
    setPreview(null);
    setDraft({ ...draft, ...changes });
  };
  const save = (override: ReturnType<typeof overrideOf>) => void run(async () => {
    await client.setThresholds(withOverride(set.overrides, type, metric, override), set.version);
    toast(override === null ? `${metric} is the catalogue's again` : `Set ${metric}: in force with onboarding's next run`);
    onDone();
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    save(overrideOf(draft, before));
  };
  const tryIt = () => void run(async () => {
    const { critical, datapoints_to_alarm, evaluation_periods } = inForce(alarm, overrideOf(draft, before) ?? undefined);
    const { body } = await client.previewThreshold({ type, metric, threshold: critical, datapoints_to_alarm, evaluation_periods });
    setPreview(body);
  });
  const field = (name: "critical" | "warning" | "datapoints" | "periods", label: string, hint: string, placeholder: string, isWhole = false) => (
    <label className="field"><span>{label} <span className="hint">– {hint}</span></span><input className="input" type="number" step={isWhole ? 1 : "any"} {...(isWhole && { min: 1 })} {...(name === "critical" && { "data-first": true })} value={draft[name]} placeholder={placeholder} onChange={(event) => change({ [name]: event.target.value })} /></label>
  );
  return (
    <Dialog title={`${metric} of ${type}`} onClose={onClose}>
      <form className="action-form" onSubmit={submit}>
        <p className="muted">For all resources of the type. An empty field leaves the value to the catalogue; a tag on a resource outweighs both.</p>
        {field("critical", "Critical", visible(unit), String(alarm.critical))}
        {field("warning", "Warning", visible(unit), alarm.warning == null ? "none" : String(alarm.warning))}
        {field("datapoints", "Datapoints to alarm", "M of M of N", String(alarm.datapoints_to_alarm), true)}
        {field("periods", "Evaluation periods", "N of M of N", String(alarm.evaluation_periods), true)}
        <label className="field"><span>Why</span><input className="input" required maxLength={500} value={draft.why} onChange={(event) => change({ why: event.target.value })} /></label>
        <div role="status">
          {preview !== null && <><p><strong>The critical threshold {told(preview)}.</strong></p>{preview.gaps.map((gap) => <p key={gap} className="small muted anywhere">{visible(gap)}</p>)}</>}
        </div>
        <Refusal error={error} />
        <div className="dialog-foot">
          {before !== undefined && <Button kind="danger" disabled={isBusy} onClick={() => save(null)}>Unset</Button>}
          <Button disabled={isBusy} onClick={tryIt}>Preview</Button>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={isBusy || overrideOf(draft, before) === null}>Save</Button>
        </div>
      </form>
    </Dialog>
  );
}
