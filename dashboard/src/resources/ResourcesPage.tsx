import { useEffect, useMemo, useState } from "react";
import type { MetricSeries, ResourceItem } from "../api/types";
import { Page } from "../app/Page";
import { links } from "../app/router";
import { useServices, useShared, type Services } from "../app/services";
import { count, visible } from "../lib/format";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Segments } from "../ui/Segments";
import { Severity } from "../ui/Severity";
import { Sparkline } from "../ui/Sparkline";
import { Loading, ProblemView, State } from "../ui/States";
import { useMedia, useQuery } from "../ui/hooks";
import { VirtualList } from "../ui/VirtualList";
import { limited } from "./limited";
import "../now/now.css";
import "./resources.css";

type View = "all" | "trouble" | "gaps";

const GAPS: Record<string, string> = {
  log_group: "no log group",
  named_log_group: "log group missing",
  memory_metric: "no memory metric",
  disk_metric: "no disk metric",
};

export function gapName(missing: string): string {
  return GAPS[missing] ?? missing.replaceAll("_", " ");
}

/** What is watched, how it does, and what is not covered. */
export function ResourcesPage() {
  const services = useServices();
  const { scroller } = useShared();
  const [view, setView] = useState<View>("all");
  const [search, setSearch] = useState("");
  const [older, setOlder] = useState<ResourceItem[]>([]);
  const [cursor, setCursor] = useState<string | undefined>();
  const isNarrow = useMedia("(max-width: 760px)");
  const query = useQuery(`resources ${cursor ?? ""}`, () => services.client.resources(cursor === undefined ? {} : { cursor }));
  const all = useMemo(() => [...older, ...(query.data?.resources ?? [])], [older, query.data]);
  const inTrouble = all.filter((item) => item.open_events > 0);
  const withGaps = all.filter((item) => item.missing.length > 0);
  const chosen = { all, trouble: inTrouble, gaps: withGaps }[view];
  const shown = chosen.filter((item) => `${item.name ?? ""} ${item.id} ${item.type} ${Object.entries(item.tags).flat().join(" ")}`.toLowerCase().includes(search.toLowerCase()));
  const next = query.data?.next_cursor;

  return (
    <Page title="Resources">
      {query.problem !== null ? <ProblemView problem={query.problem} what="the inventory" retry={query.reload} /> : query.loading && all.length === 0 ? <Loading lines={8} /> : all.length === 0 ? (
        <State icon="resources" title="Nothing is watched yet">
          <p>Tag an instance with <code>aiops:monitor = true</code>; it appears here within 15 minutes.</p>
        </State>
      ) : (
        <>
          <div className="filters">
            <Segments label="Which resources" value={view} onChange={setView} options={[["all", "All", all.length], ["trouble", "In trouble", inTrouble.length], ["gaps", "With gaps", withGaps.length]]} />
            <label className="filter-field filter-search">
              <span className="sr-only">Search by name, id, type or tag</span>
              <Icon name="search" />
              <input className="input" type="search" placeholder="Name, id or tag" value={search} onChange={(event) => setSearch(event.target.value)} />
            </label>
          </div>
          <p className="sr-only" role="status">{count(shown.length, "resource")} shown</p>
          {shown.length === 0 ? <State icon="search" title="Nothing matches" /> : (
            <div className="card list-card">
              <VirtualList label="Resources" items={shown} keyOf={(item) => item.arn} rowHeight={isNarrow ? 118 : 72} scroller={scroller} render={(item) => <ResourceRow item={item} services={services} />} />
            </div>
          )}
          {next != null && (
            <Button className="more" onClick={() => {
              setOlder(all);
              setCursor(next);
            }}>
              Show more
            </Button>
          )}
        </>
      )}
    </Page>
  );
}

function ResourceRow({ item, services }: { item: ResourceItem; services: Services }) {
  const tags = Object.entries(item.tags).filter(([name]) => name !== "Name" && !name.startsWith("aiops:"));
  return (
    <div className={`resource sev-${item.worst ?? "info"}`}>
      <div className="resource-what">
        <a href={links.resource(item.id)} className="truncate"><strong>{visible(item.name ?? item.id)}</strong></a>
        <div className="muted small truncate"><span className="mono">{item.id}</span> · {item.type}{item.state !== "running" && ` · ${item.state}`}{tags.length > 0 && ` · ${visible(tags.map(([name, value]) => `${name}=${value}`).join(" "))}`}</div>
      </div>
      <div className="resource-line"><LazySparkline item={item} services={services} /></div>
      <div className="resource-gaps row">
        {item.missing.map((missing) => <span key={missing} className="chip sev-medium">{gapName(missing)}</span>)}
        {item.missing.length === 0 && <span className="muted small">covered</span>}
      </div>
      <div className="resource-state">{item.worst != null ? <><Severity level={item.worst} /><span className="muted small">{count(item.open_events, "incident")}</span></> : <span className="chip sev-good">Quiet</span>}</div>
    </div>
  );
}

const turn = limited(4);

function latest(services: Services, item: ResourceItem, metric: string): Promise<MetricSeries | null> {
  const before = services.sparklines.get(item.arn);
  if (before !== undefined) return before;
  const answer = turn(() => services.client.resourceMetrics(item.id, { metric })).then(({ body }) => body.series[0] ?? null, () => null);
  services.sparklines.set(item.arn, answer);
  return answer;
}

/** The last day of the first metric of a resource; asked for once its row is in sight, a few at a time. */
function LazySparkline({ item, services }: { item: ResourceItem; services: Services }) {
  const [series, setSeries] = useState<MetricSeries | null>(null);
  const metric = item.metrics[0]?.name;
  useEffect(() => {
    if (metric === undefined) return;
    let isOver = false;
    void latest(services, item, metric).then((found) => {
      if (!isOver) setSeries(found);
    });
    return () => {
      isOver = true;
    };
  }, [item, metric, services]);
  return series === null ? <span className="muted small">{metric ?? "no metric"}</span> : <Sparkline name={series.metric.name} points={series.points} periodSeconds={series.metric.period_seconds} />;
}
