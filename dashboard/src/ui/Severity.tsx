import { SEVERITIES, type Severity as Level, type Status } from "../api/types";

/** A severity as word, colour and number of bars: none of the three alone. */
export function Severity({ level }: { level: Level }) {
  const filled = SEVERITIES.length - SEVERITIES.indexOf(level);
  return (
    <span className={`severity sev-${level}`}>
      <svg className="bars" viewBox="0 0 14 13" aria-hidden="true" focusable="false">
        {[0, 1, 2, 3].map((bar) => (
          <rect key={bar} x={bar * 3.6} y={9 - bar * 3} width="2.6" height={4 + bar * 3} rx="0.8" fill="currentColor" opacity={bar < filled - 1 || filled === 1 && bar === 0 ? 1 : 0.25} />
        ))}
      </svg>
      {level.charAt(0).toUpperCase() + level.slice(1)}
    </span>
  );
}

const WORDS: Record<Status, [word: string, tone: string]> = {
  OPEN: ["Open", "sev-critical"],
  ACKNOWLEDGED: ["Acknowledged", "sev-accent"],
  SUPPRESSED: ["Suppressed", "sev-info"],
  RESOLVED: ["Resolved", "sev-good"],
};

export function StatusChip({ status }: { status: Status }) {
  const [word, tone] = WORDS[status];
  return <span className={`chip ${tone}`}>{word}</span>;
}
