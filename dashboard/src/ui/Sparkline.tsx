import type { Point } from "../api/types";
import { describe, sparkline } from "./chart";
import "./chart.css";

const WIDTH = 160;
const HEIGHT = 30;

/** A series in a word's height; what was anomalous stands on a ribbon. */
export function Sparkline({ name, points, periodSeconds }: { name: string; points: readonly Point[]; periodSeconds: number }) {
  const { line, ribbons } = sparkline(points, WIDTH, HEIGHT, periodSeconds);
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={describe(name, points)}>
      {ribbons.map((ribbon) => <rect key={ribbon.x} x={ribbon.x} y="0" width={ribbon.width} height={HEIGHT} />)}
      <path d={line} />
    </svg>
  );
}
