import { usePreferences } from "../app/preferences";
import { ago, clock, zoneName } from "../lib/time";
import { useNow } from "./hooks";

/** An instant in the chosen zone; the other zone on hover. */
export function Time({ at, seconds = true }: { at: string; seconds?: boolean }) {
  const { zone } = usePreferences();
  const other = zone === "utc" ? "local" : "utc";
  return (
    <time dateTime={at} title={`${clock(at, other)} ${zoneName(other, new Date(at))}`} className="nowrap">
      {clock(at, zone, seconds)}
    </time>
  );
}

/** How long ago; the instant on hover. */
export function Ago({ at }: { at: string }) {
  const now = useNow(15);
  const { zone } = usePreferences();
  return (
    <time dateTime={at} title={`${clock(at, zone)} ${zoneName(zone, new Date(at))}`} className="nowrap">
      {ago(at, now)}
    </time>
  );
}
