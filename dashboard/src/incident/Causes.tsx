import type { Argument, Cause } from "../api/types";
import { causeTitle, percent, visible } from "../lib/format";

/** Ranked causes, each with what speaks for and against it. */
export function Causes({ causes }: { causes: readonly Cause[] }) {
  return (
    <section className="card" aria-labelledby="causes-title">
      <div className="card-head">
        <h2 id="causes-title">Causes, likeliest first</h2>
      </div>
      <ol className="card-body causes">
        {causes.map((cause, place) => (
          <li key={cause.kind} className={`cause sev-${place === 0 && cause.kind !== "unknown" ? cause.severity : "info"}`}>
            <div className="cause-head">
              <h3>{cause.kind === "unknown" ? "Unknown" : causeTitle(cause.kind)}</h3>
              <div className="cause-confidence">
                <div className="meter"><span style={{ width: percent(cause.confidence).replace(" ", "") }} /></div>
                <span>{percent(cause.confidence)}</span>
              </div>
            </div>
            <Arguments sign="for" list={cause.supports ?? []} />
            <Arguments sign="against" list={cause.contradicts ?? []} />
            {cause.next_step !== undefined && cause.next_step !== "" && (
              <p className="next-step anywhere">
                <strong>Next:</strong> {visible(cause.next_step)} {cause.runbook != null && isWeb(cause.runbook) && <a href={cause.runbook} target="_blank" rel="noreferrer">Runbook</a>}
              </p>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Arguments({ sign, list }: { sign: "for" | "against"; list: readonly Argument[] }) {
  if (list.length === 0) return null;
  return (
    <ul className={`arguments arguments-${sign}`}>
      {list.map((argument) => (
        <li key={argument.text}>
          <span className="sign" aria-hidden="true">{sign === "for" ? "+" : "−"}</span>
          <span className="sr-only">{sign}: </span>
          <span className="anywhere">{visible(argument.text)}</span>
          <span className="weight muted small">{percent(argument.weight)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Links from outside lead to the web and nowhere else. */
export function isWeb(address: string): boolean {
  const parsed = URL.parse(address);
  return parsed?.protocol === "https:" || parsed?.protocol === "http:";
}
