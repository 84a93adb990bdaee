import { useState } from "react";
import { Page } from "../app/Page";
import { useIncidents, useServices } from "../app/services";
import { visible } from "../lib/format";
import { Button } from "../ui/Button";
import { EventTable } from "../ui/EventTable";
import { Severity } from "../ui/Severity";
import { Absent, Loading, ProblemView, State } from "../ui/States";
import { Time } from "../ui/Time";
import { useQuery } from "../ui/hooks";
import { readFindings, type SecurityFinding } from "./findings";

/** Causes that are somebody's doing. */
const ATTACKS = /brute.?force|crypto.?min|credential|intru|malware/i;

export function SecurityPage() {
  const { client } = useServices();
  const { events } = useIncidents();
  const [older, setOlder] = useState<SecurityFinding[]>([]);
  const [cursor, setCursor] = useState<string | undefined>();
  const query = useQuery(`security ${cursor ?? ""}`, () => client.securityEvents(cursor === undefined ? {} : { cursor }));
  const { findings, next } = readFindings(query.data);
  const all = [...older, ...findings];
  const suspicious = events.filter((event) => ATTACKS.test(event.summary));
  return (
    <Page title="Security" lead="What people and programs did in the account, judged by Sigma rules on CloudTrail, and incidents whose likeliest cause is an attack.">
      <div className="stack">
        {query.problem?.isAbsent === true ? (
          <div className="card">
            <Absent what="security events">
              <p>The same rules run on files of your trail: <code>nightjar rules test --events trail/</code></p>
            </Absent>
          </div>
        ) : query.problem !== null ? <ProblemView problem={query.problem} what="security events" retry={query.reload} /> : query.loading && all.length === 0 ? <Loading /> : all.length === 0 ? (
          <div className="card"><State icon="security" title="No finding"><p>No rule matched in the time that is kept.</p></State></div>
        ) : (
          <div className="card table-wrap" tabIndex={0} role="region" aria-label="Security events">
            <table className="table">
              <thead><tr><th scope="col">Severity</th><th scope="col">What</th><th scope="col">Who</th><th scope="col">When</th></tr></thead>
              <tbody>
                {all.map((finding) => (
                  <tr key={finding.key}>
                    <td><Severity level={finding.severity} /></td>
                    <td className="anywhere"><strong>{visible(finding.title)}</strong><div className="muted small">{visible(finding.detail)}</div>{finding.techniques.length > 0 && <div className="muted small mono">{visible(finding.techniques.join(" "))}</div>}</td>
                    <td className="anywhere">{visible(finding.who)}</td>
                    <td>{finding.at !== "" && <Time at={finding.at} />}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {next !== null && <Button onClick={() => {
          setOlder(all);
          setCursor(next);
        }}>Show older ones</Button>}
        <section className="card" aria-labelledby="attacks-title">
          <div className="card-head"><h2 id="attacks-title">Incidents that look like an attack</h2></div>
          {suspicious.length === 0 ? <p className="card-body muted">No unresolved incident does.</p> : <EventTable events={suspicious} />}
        </section>
      </div>
    </Page>
  );
}
