import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { EventSummary, Point } from "../api/types";
import { usePreferences } from "../app/preferences";
import { number } from "../lib/format";
import { clock } from "../lib/time";
import { columns, describe } from "./chart";
import { useMedia } from "./hooks";
import "./chart.css";

interface Props {
  name: string;
  unit?: string;
  points: readonly Point[];
  periodSeconds: number;
  /** A window to mark, as of the anomaly in question. */
  mark?: { from: string; to: string };
  /** Incidents whose openings are marked. */
  events?: readonly EventSummary[];
  height?: number;
}

/** Colours as the canvas wants them: a variable may hold `light-dark()`, which only a rendered element resolves. */
function colours(element: HTMLElement): Record<string, string> {
  const probe = document.createElement("span");
  element.append(probe);
  const names = ["text", "muted", "line", "accent", "band", "critical", "feather"];
  const found = names.map((name): [string, string] => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(found);
}

/** A metric against the band that was expected. Drag to zoom, double-click to see all. */
export function Chart({ name, points, periodSeconds, mark, events = [], height = 260 }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { theme, zone } = usePreferences();
  const isDark = useMedia("(prefers-color-scheme: dark)");
  const [at, setAt] = useState<number | null>(null);
  const data = useMemo(() => columns(points, periodSeconds), [points, periodSeconds]);
  const sentence = describe(name, points);

  useEffect(() => {
    const element = box.current;
    if (element === null || points.length === 0) return;
    const colour = colours(element);
    const axis: uPlot.Axis = { stroke: colour["muted"] ?? "", grid: { stroke: colour["line"] ?? "", width: 1 }, ticks: { show: false }, font: "12px ui-sans-serif, system-ui, sans-serif" };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        padding: [10, 12, 0, 0],
        legend: { show: false },
        cursor: { points: { size: 7 }, drag: { x: true, y: false } },
        tzDate: (seconds) => (zone === "utc" ? uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC") : new Date(seconds * 1e3)),
        axes: [
          { ...axis, size: 30, values: "{HH}:{mm}", space: 70, incrs: [300, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800] },
          { ...axis, size: 58, values: (_, splits) => splits.map((value) => number(value)) },
        ],
        scales: { y: { range: (_, least, most) => bounds(least, most) } },
        series: [
          {},
          { label: name, stroke: colour["text"] ?? "", width: 1.6, points: { show: false } },
          { label: "low", stroke: "transparent", points: { show: false } },
          { label: "high", stroke: "transparent", points: { show: false } },
          { label: "typical", stroke: colour["accent"] ?? "", width: 1, dash: [4, 4], points: { show: false } },
          { label: "anomalous", stroke: "transparent", paths: () => null, points: { show: true, size: 8, fill: colour["critical"] ?? "", stroke: colour["critical"] ?? "" } },
        ],
        bands: [{ series: [3, 2], fill: colour["band"] ?? "" }],
        hooks: {
          drawAxes: [(drawn) => shade(drawn, mark, events, colour["critical"] ?? "", colour["feather"] ?? "")],
          setCursor: [(drawn) => setAt(drawn.cursor.idx ?? null)],
        },
      },
      data,
      element,
    );
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [data, events, height, isDark, mark, name, points.length, theme, zone]);

  const index = at ?? lastIndex(data[1]);
  const value = data[1][index];
  const seconds = data[0][index];
  const low = data[2][index];
  const high = data[3][index];
  return (
    <figure className="chart">
      {points.length === 0 ? <p className="muted chart-none">No datapoints in this span.</p> : <div ref={box} role="img" aria-label={sentence} className="chart-box" />}
      <figcaption className="chart-caption">
        <span className="chart-readout mono">
          {seconds === undefined ? "" : clock(new Date(seconds * 1000).toISOString(), zone, false)}
          {value == null ? "" : <> · <strong>{number(value)}</strong></>}
          {low == null || high == null ? "" : ` · expected ${number(low)} to ${number(high)}`}
        </span>
        <span className="chart-key">
          <span><i className="key-band" /> expected</span>
          <span><i className="key-typical" /> usual</span>
          <span><i className="key-anomalous" /> anomalous</span>
        </span>
      </figcaption>
    </figure>
  );
}

/** Room above and below, and none below zero for what never was. */
function bounds(least: number | null, most: number | null): [number, number] {
  const low = least ?? 0;
  const high = most ?? 1;
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

function shade(plot: uPlot, mark: Props["mark"], events: readonly EventSummary[], critical: string, feather: string): void {
  const { ctx, bbox } = plot;
  const x = (instant: string) => plot.valToPos(Date.parse(instant) / 1000, "x", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  if (mark !== undefined) {
    ctx.globalAlpha = 0.16;
    ctx.fillStyle = critical;
    const from = x(mark.from);
    ctx.fillRect(from, bbox.top, Math.max(3, x(mark.to) - from), bbox.height);
    ctx.globalAlpha = 1;
  }
  ctx.strokeStyle = feather;
  ctx.setLineDash([3, 3]);
  for (const event of events) {
    const at = Math.round(x(event.opened_at)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function lastIndex(values: readonly (number | null)[]): number {
  for (let index = values.length - 1; index >= 0; index -= 1) if (values[index] != null) return index;
  return 0;
}
