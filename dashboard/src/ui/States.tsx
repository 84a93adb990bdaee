import type { ReactNode } from "react";
import type { Problem } from "../api/problem";
import { Button } from "./Button";
import { Icon, type IconName } from "./Icon";

export function State({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Lines where text will be. */
export function Loading({ lines = 5 }: { lines?: number }) {
  return (
    <div className="card" role="status" aria-label="Loading">
      <div className="card-body stack">
        {Array.from({ length: lines }, (_, line) => (
          <span key={line} className="skeleton" style={{ width: `${[92, 64, 78, 50, 86, 71][line % 6] ?? 80}%` }} />
        ))}
      </div>
    </div>
  );
}

/** Why something cannot be shown, and what helps. */
export function ProblemView({ problem, what, retry }: { problem: Problem; what: string; retry?: () => void }) {
  if (problem.isAbsent) return <Absent what={what} />;
  const isForbidden = problem.status === 403;
  return (
    <State icon={problem.isOffline ? "offline" : isForbidden ? "key" : "warning"} title={problem.title}>
      {problem.detail !== "" && <p role="alert">{problem.detail}</p>}
      {problem.errors.length > 0 && (
        <ul className="muted">
          {problem.errors.map((error) => (
            <li key={error.parameter}>
              <code>{error.parameter}</code> {error.problem}; allowed: {error.allowed}
            </li>
          ))}
        </ul>
      )}
      {problem.requestId !== null && <p className="small">Request {problem.requestId}</p>}
      {retry !== undefined && !isForbidden && <Button onClick={retry}>Try again</Button>}
    </State>
  );
}

/** For a part that the deployed API does not have. */
export function Absent({ what, children }: { what: string; children?: ReactNode }) {
  return (
    <State icon="quiet" title="Not available in this deployment">
      <p>The API that answers here does not serve {what}. A newer version may.</p>
      {children}
    </State>
  );
}

export function Notice({ tone = "accent", icon = "warning", children }: { tone?: string; icon?: IconName; children: ReactNode }) {
  return (
    <div className={`notice sev-${tone}`}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}
