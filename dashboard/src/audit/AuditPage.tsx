import { useState } from "react";
import type { AuditEntry } from "../api/types";
import { Page } from "../app/Page";
import { links } from "../app/router";
import { useServices } from "../app/services";
import { visible } from "../lib/format";
import { sentence } from "../incident/words";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Loading, ProblemView, State } from "../ui/States";
import { Time } from "../ui/Time";
import { useQuery } from "../ui/hooks";
import { VerifyCard } from "./VerifyCard";
import "../now/now.css";
import "./audit.css";

/** What was done, and whether anybody changed the record. */
export function AuditPage() {
  const { client } = useServices();
  const [filter, setFilter] = useState({ kind: "", actor: "", subject: "" });
  const [draft, setDraft] = useState(filter);
  const [older, setOlder] = useState<AuditEntry[]>([]);
  const [cursor, setCursor] = useState<string | undefined>();
  const key = JSON.stringify([filter, cursor]);
  // A cursor carries its list's filters.
  const query = useQuery(`audit ${key}`, () => client.auditLog(cursor === undefined ? { ...filter, limit: 50 } : { cursor, limit: 50 }));
  const entries = [...older, ...(query.data?.entries ?? [])];
  const next = query.data?.next_cursor;
  const apply = (value: typeof filter) => {
    setOlder([]);
    setCursor(undefined);
    setFilter(value);
  };
  return (
    <Page title="Audit" lead="Every decision and deed, in sixteen chains of hashes. Your browser can recompute them: it needs to trust nobody for that.">
      <div className="stack">
        <VerifyCard />
        <section className="card" aria-labelledby="trail-title">
          <div className="card-head"><h2 id="trail-title">The trail, newest first</h2></div>
          <form className="card-body filters audit-filters" onSubmit={(event) => {
            event.preventDefault();
            apply(draft);
          }}>
            {(["kind", "actor", "subject"] as const).map((name) => (
              <label key={name} className="filter-field">
                <span className="sr-only">{name}</span>
                <input className="input" list={name === "kind" ? "kinds" : undefined} placeholder={{ kind: "Kind", actor: "Who", subject: "About what" }[name]} value={draft[name]} onChange={(event) => setDraft({ ...draft, [name]: event.target.value.trim() })} />
              </label>
            ))}
            <datalist id="kinds">{[...new Set(entries.map((entry) => entry.fact.kind))].map((kind) => <option key={kind} value={kind} />)}</datalist>
            <Button type="submit" icon="search">Filter</Button>
            {Object.values(filter).some((value) => value !== "") && <Button kind="quiet" onClick={() => {
              const none = { kind: "", actor: "", subject: "" };
              setDraft(none);
              apply(none);
            }}>All</Button>}
          </form>
          {query.problem !== null ? <ProblemView problem={query.problem} what="the audit trail" retry={query.reload} /> : query.loading && entries.length === 0 ? <div className="card-body"><Loading /></div> : entries.length === 0 ? <State icon="audit" title="No entry" /> : (
            <ol className="trail">
              {entries.map((entry) => <Entry key={entry.hash} entry={entry} />)}
            </ol>
          )}
          {next != null && <div className="card-body"><Button onClick={() => {
            setOlder(entries);
            setCursor(next);
          }}>Show older ones</Button></div>}
        </section>
      </div>
    </Page>
  );
}

/** `arn:aws:ec2:…:instance/i-0` → `i-0`. */
function shortName(subject: string): string {
  return subject.startsWith("arn:") ? (subject.split(/[/:]/).at(-1) ?? subject) : subject;
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { fact } = entry;
  return (
    <li className="trail-entry">
      <details>
        <summary>
          <span className="trail-time"><Time at={fact.at} /></span>
          <strong className="mono">{visible(fact.kind)}</strong>
          <span className="truncate" title={visible(fact.subject)}>{visible(shortName(fact.subject))}</span>
          <span className="muted truncate">{visible(fact.actor)}</span>
        </summary>
        <dl className="facts small">
          <dt>About</dt><dd>{visible(fact.subject)}</dd>
          <dt>What</dt><dd>{visible(sentence(fact.details)) || "no details"}</dd>
          <dt>Because of</dt><dd>{fact.because_of?.startsWith("inc_") === true && fact.because_of.length === 24 ? <a href={links.incident(fact.because_of)}>{fact.because_of}</a> : visible(fact.because_of ?? "nothing")}</dd>
          <dt>Place</dt><dd className="mono">{entry.chain}/{entry.seq}</dd>
          <dt>Hash</dt><dd className="mono">{entry.hash}</dd>
          <dt>Before it</dt><dd className="mono">{entry.previous_hash}</dd>
          {entry.seen != null && <><dt>Had seen</dt><dd className="mono">{entry.seen.chain}/{entry.seen.seq} {entry.seen.hash}</dd></>}
        </dl>
      </details>
      {fact.subject.startsWith("inc_") && <a className="trail-link" href={links.incident(fact.subject)} aria-label={`Open incident ${fact.subject}`}><Icon name="now" /></a>}
    </li>
  );
}
