import type { Finding, LogPattern } from "../api/types";
import { causeTitle, count, number, visible } from "../lib/format";
import { Time } from "../ui/Time";

const TONES: Record<NonNullable<LogPattern["change"]>, [tone: string, word: string]> = {
  new: ["critical", "New"],
  surged: ["high", "Surged"],
  steady: ["info", "Steady"],
  vanished: ["low", "Vanished"],
  uncompared: ["info", "No baseline"],
};

/** Templates of log lines, with one line of each as it was written. */
export function LogEvidence({ finding }: { finding: Finding }) {
  return (
    <section className="card" aria-labelledby="logs-title">
      <div className="card-head">
        <h2 id="logs-title">In the logs</h2>
        <span className="aside">{count(finding.error_events, "error event")}{finding.patterns_cut > 0 && `, ${count(finding.patterns_cut, "more template")}`}</span>
      </div>
      <div className="card-body">
        {finding.patterns.length === 0 ? (
          <p className="muted">No log lines were found around the anomaly.</p>
        ) : (
          <ul className="patterns">
            {finding.patterns.map((pattern) => <Pattern key={pattern.log_group + pattern.template} pattern={pattern} />)}
          </ul>
        )}
      </div>
    </section>
  );
}

function Pattern({ pattern }: { pattern: LogPattern }) {
  const [tone, word] = TONES[pattern.change ?? "uncompared"];
  const isNews = tone === "critical" || tone === "high";
  return (
    <li>
      <details open={isNews}>
        <summary>
          <span className={`chip sev-${tone}`}>{word}</span>
          <code className="anywhere">{visible(pattern.template)}</code>
          <span className="pattern-count">
            <strong>{number(pattern.count)} ×</strong>
            {pattern.baseline_count != null && <span className="muted"> before {number(pattern.baseline_count)} ×</span>}
          </span>
        </summary>
        <pre className="sample" tabIndex={0} aria-label="A line as it was written">{visible(pattern.sample)}</pre>
        <p className="muted small">
          {visible(pattern.log_group)} · <Time at={pattern.first_at} /> to <Time at={pattern.last_at} />
          {pattern.cause != null && <> · points to {causeTitle(pattern.cause).toLowerCase()}</>}
        </p>
      </details>
    </li>
  );
}
