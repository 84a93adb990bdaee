/** Which clock people want to read: their own, or UTC. */
export type Zone = "local" | "utc";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** The zone's name, such as `UTC` or `GMT+1`. */
export function zoneName(zone: Zone, at: Date = new Date()): string {
  if (zone === "utc") return "UTC";
  const parts = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(at);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "local";
}

/** `2026-11-21 09:55:00`; an instant that cannot be read stays as it is. */
export function clock(instant: string, zone: Zone, seconds = true): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return instant;
  const [year, month, day, hour, minute, second] =
    zone === "utc"
      ? [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()]
      : [at.getFullYear(), at.getMonth(), at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds()];
  const time = `${two(hour)}:${two(minute)}${seconds ? `:${two(second)}` : ""}`;
  return `${year}-${two(month + 1)}-${two(day)} ${time}`;
}

/** How long ago, in the largest unit that tells something: `now`, `4 min`, `3 h`, `12 d`; `in 4 min` for the future. */
export function ago(instant: string, now: number): string {
  const at = Date.parse(instant);
  if (Number.isNaN(at)) return instant;
  const past = now - at;
  const text = span(Math.abs(past));
  if (Math.abs(past) < 45 * SECOND) return "now";
  return past < 0 ? `in ${text}` : `${text} ago`;
}

/** A duration in milliseconds as people say it: `40 s`, `4 min`, `3 h 20 min`, `12 d`. */
export function span(milliseconds: number): string {
  if (milliseconds < MINUTE) return `${Math.round(milliseconds / SECOND)} s`;
  if (milliseconds < HOUR) return `${Math.round(milliseconds / MINUTE)} min`;
  const hours = Math.floor(milliseconds / HOUR);
  const minutes = Math.round((milliseconds - hours * HOUR) / MINUTE);
  if (milliseconds < 10 * HOUR && minutes > 0 && minutes < 60) return `${hours} h ${minutes} min`;
  if (milliseconds < 2 * DAY) return `${Math.round(milliseconds / HOUR)} h`;
  return `${Math.round(milliseconds / DAY)} d`;
}
