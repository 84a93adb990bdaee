import type { AlarmEntry, ThresholdOverride, ThresholdOverrides, ThresholdPreview } from "../api/types";

/** What a person types; an empty field leaves the value to the catalogue. */
export interface Draft {
  critical: string;
  warning: string;
  datapoints: string;
  periods: string;
  why: string;
}

/** The fields as they are set now. */
export function draftOf(set: ThresholdOverride | undefined): Draft {
  const text = (value: number | null | undefined) => (value == null ? "" : String(value));
  return { critical: text(set?.critical), warning: text(set?.warning), datapoints: text(set?.datapoints_to_alarm), periods: text(set?.evaluation_periods), why: set?.why ?? "" };
}

/** What the fields say, over what is set and has no field here; `null` where they set nothing. */
export function overrideOf(draft: Draft, before: ThresholdOverride | undefined): ThresholdOverride | null {
  const typed: [keyof ThresholdOverride, string][] = [["critical", draft.critical], ["warning", draft.warning], ["datapoints_to_alarm", draft.datapoints], ["evaluation_periods", draft.periods]];
  const fields = typed.filter(([, text]) => text.trim() !== "").map(([name, text]) => [name, Number(text)]);
  const rest = Object.entries(before ?? {}).filter(([name, value]) => ["levels", "period_seconds", "missing_data"].includes(name) && value != null);
  const said = Object.fromEntries([...rest, ...fields]) as Omit<ThresholdOverride, "why">;
  // Who gives a threshold wants the alarm: it cannot be off as well.
  if (said.levels === "off" && fields.length > 0) delete said.levels;
  return Object.keys(said).length === 0 ? null : { ...said, why: draft.why.trim() };
}

/** Everything that is set, with this metric set to `override`, or left to the catalogue. */
export function withOverride(all: ThresholdOverrides, type: string, metric: string, override: ThresholdOverride | null): ThresholdOverrides {
  const types = Object.entries(all.resource_types ?? {}).map(([name, metrics]) => [name, { ...metrics }] as const);
  const changed = Object.fromEntries(types) as Record<string, Record<string, ThresholdOverride>>;
  const rest = Object.entries(changed[type] ?? {}).filter(([name]) => name !== metric);
  changed[type] = Object.fromEntries(override === null ? rest : [...rest, [metric, override]]);
  return { resource_types: Object.fromEntries(Object.entries(changed).filter(([, metrics]) => Object.keys(metrics).length > 0)) };
}

/** The alarm as it is with what is set. */
export function inForce(alarm: AlarmEntry, set: ThresholdOverride | undefined): AlarmEntry {
  return {
    ...alarm,
    critical: set?.critical ?? alarm.critical,
    warning: set?.warning ?? alarm.warning ?? null,
    datapoints_to_alarm: set?.datapoints_to_alarm ?? alarm.datapoints_to_alarm,
    evaluation_periods: set?.evaluation_periods ?? alarm.evaluation_periods,
    period_seconds: set?.period_seconds ?? alarm.period_seconds,
  };
}

/** `would have fired 3 times in the last seven days, 45 minutes in all, on 2 of 5 resources`. */
export function told(preview: ThresholdPreview): string {
  if (preview.series.length === 0) return preview.resources === 0 ? "nothing of this type is watched" : "no series to try it on";
  const where = new Set(preview.series.filter((one) => one.fired > 0).map((one) => one.resource)).size;
  const looked = new Set(preview.series.map((one) => one.resource)).size;
  if (preview.fired === 0) return `would not have fired in the last seven days on ${looked} of ${preview.resources} resources`;
  return `would have fired ${preview.fired} ${preview.fired === 1 ? "time" : "times"} in the last seven days, ${preview.minutes_in_alarm} minutes in all, on ${where} of ${looked} resources`;
}
