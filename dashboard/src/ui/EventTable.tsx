import type { EventSummary } from "../api/types";
import { links } from "../app/router";
import { visible } from "../lib/format";
import { Severity, StatusChip } from "./Severity";
import { Time } from "./Time";

/** Incidents as a plain table, for short lists. */
export function EventTable({ events }: { events: readonly EventSummary[] }) {
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label="Incidents, table">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Severity</th>
            <th scope="col">Incident</th>
            <th scope="col">Status</th>
            <th scope="col">Opened</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.id}>
              <td><Severity level={event.severity} /></td>
              <td className="anywhere">
                <a href={links.incident(event.id)}>{visible(event.title)}</a>
                <div className="muted small">{visible(event.summary)}</div>
              </td>
              <td><StatusChip status={event.status} /></td>
              <td><Time at={event.opened_at} seconds={false} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
