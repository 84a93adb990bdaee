import { useState } from "react";
import type { EventSummary } from "../api/types";
import { useServices } from "../app/services";
import { Button } from "../ui/Button";
import { EventTable } from "../ui/EventTable";
import { Loading, ProblemView, State } from "../ui/States";
import { useQuery } from "../ui/hooks";

/** What is over, newest first, a page at a time. */
export function History() {
  const { client } = useServices();
  const [cursors, setCursors] = useState<string[]>([]);
  const cursor = cursors.at(-1);
  const [before, setBefore] = useState<EventSummary[]>([]);
  const page = useQuery(`history ${cursor ?? ""}`, () => client.events({ status: "RESOLVED", limit: 50, ...(cursor !== undefined && { cursor }) }));
  const events = [...before, ...(page.data?.events ?? [])];
  const next = page.data?.next_cursor;
  if (page.problem !== null) return <ProblemView problem={page.problem} what="incidents" retry={page.reload} />;
  if (page.loading && events.length === 0) return <Loading />;
  if (events.length === 0) return <State icon="quiet" title="Nothing was resolved"><p>No incident of the last 90 days is resolved.</p></State>;
  return (
    <div className="stack">
      <div className="card"><EventTable events={events} /></div>
      {next != null && (
        <Button onClick={() => {
          setBefore(events);
          setCursors([...cursors, next]);
        }}>
          Show older ones
        </Button>
      )}
    </div>
  );
}
