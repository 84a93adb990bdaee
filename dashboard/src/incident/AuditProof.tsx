import { useEffect, useState } from "react";
import type { Problem } from "../api/problem";
import type { AuditEntry } from "../api/types";
import { digest } from "../audit/verify";
import { count } from "../lib/format";
import { Icon } from "../ui/Icon";

/** Whether the entries about this incident are what their hashes were made of, computed here. */
export function AuditProof({ facts, problem }: { facts: readonly AuditEntry[]; problem: Problem | null }) {
  const [proof, setProof] = useState<{ key: string; bad: number } | null>(null);
  const key = facts.map((entry) => entry.hash).join();
  useEffect(() => {
    let isOver = false;
    void Promise.all(facts.map((entry) => digest(entry).then((hash) => hash === entry.hash, () => false))).then((intact) => {
      if (!isOver) setProof({ key, bad: intact.filter((is) => !is).length });
    });
    return () => {
      isOver = true;
    };
    // `key` stands for `facts`, which is a new list at every render.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  const bad = proof?.key === key ? proof.bad : 0;
  return (
    <section className="card" aria-labelledby="proof-title">
      <div className="card-head"><h2 id="proof-title">Audit proof</h2></div>
      <div className="card-body stack">
        {problem !== null || facts.length === 0 ? (
          <p className="muted">{problem === null ? "The audit trail has no entry about this incident." : `The audit trail could not be read: ${problem.title}.`}</p>
        ) : (
          <p className={`row proof sev-${bad === 0 ? "good" : "critical"}`} role="status">
            <Icon name={bad === 0 ? "done" : "warning"} />
            <span>{bad === 0 ? `${count(facts.length, "entry", "entries")}: every hash was recomputed here and fits.` : `${count(bad, "entry", "entries")} of ${facts.length} ${bad === 1 ? "does" : "do"} not fit the hash.`}</span>
          </p>
        )}
        <ul className="plain mono small hashes">
          {facts.map((entry) => (
            <li key={entry.hash}><span>{entry.chain}/{entry.seq}</span> <span>{entry.fact.kind}</span> <span className="muted" title={entry.hash}>{entry.hash.slice(0, 12)}…</span></li>
          ))}
        </ul>
        <p className="small"><a href="#/audit">Verify the whole trail</a></p>
      </div>
    </section>
  );
}
