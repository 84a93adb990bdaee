import { useEffect, useMemo, useRef, useState } from "react";
import { SEVERITIES, type Claim, type EventSummary, type Severity as Level, type Status } from "../api/types";
import { Page } from "../app/Page";
import { go, links } from "../app/router";
import { useIncidents, useServices, useShared } from "../app/services";
import { count, visible } from "../lib/format";
import { Icon } from "../ui/Icon";
import { Segments } from "../ui/Segments";
import { Loading, Notice, ProblemView, State } from "../ui/States";
import { Ago } from "../ui/Time";
import { useKeys, useMedia, useStill } from "../ui/hooks";
import { VirtualList } from "../ui/VirtualList";
import { ActionDialog, type Action } from "./ActionDialog";
import { useApprovals } from "./approvals";
import { History } from "./History";
import { IncidentRow } from "./IncidentRow";
import { Totals } from "./Totals";
import "./now.css";

type View = "OPEN" | "ACKNOWLEDGED" | "SUPPRESSED" | "ALL" | "PAST";

/** Whether every word of the search is somewhere in the row. */
export function matches(event: EventSummary, search: string): boolean {
  const text = `${event.title} ${event.resource.name ?? ""} ${event.resource.id} ${event.resource.arn} ${event.summary} ${event.id} ${event.by ?? ""}`.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

export function NowPage() {
  const { scroller } = useShared();
  const services = useServices();
  const { events, loading, complete, fresh } = useIncidents();
  const [view, setView] = useState<View>("ALL");
  const [level, setLevel] = useState<Level | "any">("any");
  const [search, setSearch] = useState("");
  const [selected, setSelected] = useState<string | null>(null);
  // Chosen by key: only then is the row brought into sight. Under a mouse button that is down, the row must not move, or the click is lost.
  const [sought, setSought] = useState<string | null>(null);
  const [action, setAction] = useState<{ action: Action; event: EventSummary } | null>(null);
  const searchField = useRef<HTMLInputElement>(null);
  const isNarrow = useMedia("(max-width: 760px)");
  const approvals = useApprovals();
  const claims = useMemo(() => new Map((approvals.data?.approvals ?? []).map((claim): [string, Claim] => [claim.incident, claim])), [approvals.data]);

  // What waits for approval often comes with news of its incident.
  const askAgain = approvals.reload;
  const newest = fresh.size;
  useEffect(() => {
    if (newest > 0) askAgain();
  }, [newest, askAgain]);

  const matching = useMemo(
    () => events.filter((event) => (view === "ALL" || event.status === view) && (level === "any" || event.severity === level) && (search === "" || matches(event, search))),
    [events, view, level, search],
  );
  const shown = useStill(matching);
  const amount = (status: Status) => events.filter((event) => event.status === status).length;
  const position = shown.findIndex((event) => event.id === selected);
  const current = shown[position];

  const seek = (id: string | null) => {
    setSelected(id);
    setSought(id);
  };
  const move = (by: number) => {
    const next = shown[Math.max(0, Math.min(shown.length - 1, position === -1 ? 0 : position + by))];
    if (next !== undefined) seek(next.id);
  };
  const act = (kind: Action) => {
    if (current === undefined || (kind === "assign" && !services.canAssign) || (kind === "approve" && !claims.has(current.id))) return;
    setAction({ action: kind, event: current });
  };
  useKeys({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    Home: () => seek(shown[0]?.id ?? null),
    End: () => seek(shown.at(-1)?.id ?? null),
    Enter: () => {
      const focused = document.activeElement;
      if (focused instanceof HTMLElement && focused.matches("button, a")) focused.click();
      else if (current !== undefined) go(links.incident(current.id));
    },
    a: () => act("acknowledge"),
    s: () => act("suppress"),
    e: () => act("resolve"),
    o: () => act("assign"),
    p: () => act("approve"),
    "/": () => searchField.current?.focus(),
    Escape: () => setSelected(null),
  });

  // The row that was chosen by key has the focus, so that a screen reader reads it; it may have to be rendered first.
  useEffect(() => {
    if (selected === null) return;
    let left = 60;
    let frame = 0;
    const focus = () => {
      const row = document.getElementById(`row-${selected}`);
      if (row !== null) row.focus({ preventScroll: true });
      else if (left-- > 0) frame = requestAnimationFrame(focus);
    };
    frame = requestAnimationFrame(focus);
    return () => cancelAnimationFrame(frame);
  }, [selected]);

  const isPast = view === "PAST";
  // What came or changed last is told to those who cannot see it come.
  const latestId = [...fresh].sort(([, a], [, b]) => b - a)[0]?.[0];
  const latest = latestId === undefined ? undefined : services.incidents.get(latestId);
  return (
    <Page title="Now" badge={amount("OPEN")}>
      <p className="sr-only" role="log">{latest === undefined ? "" : `${latest.severity}, ${latest.status.toLowerCase()}: ${visible(latest.title)}`}</p>
      <Totals events={events} />
      {services.liveState === "offline" && (
        <div className="now-notice">
          <Notice tone="critical" icon="offline">
            The API cannot be reached. {services.freshAt === null ? "Nothing has been read yet." : <>What you see was true <Ago at={new Date(services.freshAt).toISOString()} />.</>} The page tries again by itself.
          </Notice>
        </div>
      )}
      <div className="filters">
        <Segments label="Which incidents" value={view} onChange={setView} options={[
          ["ALL", "Unresolved", events.length],
          ["OPEN", "Open", amount("OPEN")],
          ["ACKNOWLEDGED", "Acknowledged", amount("ACKNOWLEDGED")],
          ["SUPPRESSED", "Suppressed", amount("SUPPRESSED")],
          ["PAST", "Resolved"],
        ]} />
        {!isPast && (
          <>
            <label className="filter-field">
              <span className="sr-only">Severity</span>
              <select className="input" value={level} onChange={(event) => setLevel(event.target.value as Level | "any")}>
                <option value="any">Any severity</option>
                {SEVERITIES.map((severity) => (
                  <option key={severity} value={severity}>{severity.charAt(0).toUpperCase() + severity.slice(1)}</option>
                ))}
              </select>
            </label>
            <label className="filter-field filter-search">
              <span className="sr-only">Search in the incidents</span>
              <Icon name="search" />
              <input ref={searchField} className="input" type="search" placeholder={isNarrow ? "Search" : "Search   /"} value={search} onChange={(event) => setSearch(event.target.value)} onKeyDown={(event) => {
                if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
              }} />
            </label>
          </>
        )}
      </div>
      {isPast ? (
        <History />
      ) : (
        <>
          <p className="sr-only" role="status">{count(shown.length, "incident")} shown</p>
          {loading && events.length === 0 ? (
            services.liveState === "offline" ? <State icon="offline" title="No connection"><p>The incidents appear as soon as the API answers.</p></State> : <Loading lines={9} />
          ) : shown.length === 0 ? (
            <Nothing isFiltered={events.length > 0} />
          ) : (
            <div className="card list-card">
              <VirtualList
                label="Incidents, worst first"
                items={shown}
                keyOf={(event) => event.id}
                rowHeight={isNarrow ? 116 : 70}
                scroller={scroller}
                reveal={position === -1 || selected !== sought ? undefined : position}
                render={(event) => (
                  <IncidentRow
                    event={event}
                    claim={claims.get(event.id)}
                    isSelected={event.id === selected}
                    freshAt={fresh.get(event.id)}
                    canAssign={services.canAssign}
                    onSelect={() => setSelected(event.id)}
                    onAct={(kind) => setAction({ action: kind, event })}
                  />
                )}
              />
            </div>
          )}
          {!complete && !loading && <p className="muted small list-note">There are more incidents than this page reads at once; the worst of those that were read stand first.</p>}
        </>
      )}
      {approvals.problem !== null && !approvals.problem.isAbsent && approvals.problem.status !== 403 && !approvals.problem.isOffline && <ProblemView problem={approvals.problem} what="approvals" retry={approvals.reload} />}
      {action !== null && (
        <ActionDialog
          action={action.action}
          target={action.event}
          claim={claims.get(action.event.id)}
          onClose={() => setAction(null)}
          onDone={(incident) => {
            setAction(null);
            if (incident === null) approvals.reload();
            else services.incidents.put([{ ...action.event, status: incident.status, version: incident.version, changed_at: incident.timeline.at(-1)?.at ?? action.event.opened_at, by: incident.timeline.at(-1)?.by ?? "" }]);
          }}
        />
      )}
    </Page>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <State icon="search" title="Nothing matches">
      <p>No unresolved incident fits these filters.</p>
    </State>
  ) : (
    <State icon="quiet" title="All is quiet">
      <p>No incident is open. That is only as good as the coverage: <a href="#/resources">see what is watched</a>.</p>
    </State>
  );
}
