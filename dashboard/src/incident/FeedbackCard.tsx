import { useState, type SubmitEvent } from "react";
import type { Incident } from "../api/types";
import { useServices } from "../app/services";
import { visible } from "../lib/format";
import { Refusal, useDeed } from "../now/ActionDialog";
import { Button } from "../ui/Button";
import { Time } from "../ui/Time";
import { toast } from "../ui/Toasts";

/** Says that it was no anomaly, or takes that back. */
export function FeedbackCard({ incident, onDone }: { incident: Incident; onDone: () => void }) {
  const { client } = useServices();
  const [why, setWhy] = useState("");
  const { error, isBusy, run } = useDeed();
  const said = incident.feedback;
  const isFalse = said?.verdict === "false_positive";
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void run(async () => {
      const { body } = await client.feedback(incident.id, isFalse ? "withdrawn" : "false_positive", why);
      toast(`The series’ bar is now raised by ${body.bar_raised_by.toFixed(2)}`);
      setWhy("");
      onDone();
    });
  };
  return (
    <section className="card" aria-labelledby="feedback-title">
      <div className="card-head"><h2 id="feedback-title">Was it one?</h2></div>
      <form className="card-body stack" onSubmit={submit}>
        {said != null ? (
          <p className="anywhere">{isFalse ? "Called a false positive" : "Taken back"} by {visible(said.by)}, <Time at={said.at} />: {visible(said.why)}</p>
        ) : (
          <p className="muted">A false positive raises the bar of this series for a while.</p>
        )}
        <label className="field">
          <span className="sr-only">Why</span>
          <input className="input" required maxLength={500} placeholder={isFalse ? "Why it is taken back" : "Why it was none, such as: the nightly import"} value={why} onChange={(event) => setWhy(event.target.value)} />
        </label>
        <Refusal error={error} />
        <Button type="submit" disabled={isBusy || why.trim() === ""}>{isFalse ? "Take it back" : "False positive"}</Button>
      </form>
    </section>
  );
}
