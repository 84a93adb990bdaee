import type { BlastRadius, Incident, StatusChange } from "../api/types";

/** Milliseconds from the opening to the first change to that state; null while there is none. */
export function timeTo(incident: Incident, status: StatusChange["to"]): number | null {
  const change = incident.timeline.find((found) => found.to === status);
  return change === undefined ? null : Date.parse(change.at) - Date.parse(incident.opened_at);
}

/** How far the trouble reaches, in words. */
export function reach(radius: BlastRadius | undefined): string {
  switch (radius?.reach) {
    case "alone":
      return radius.of === 1 ? "this resource alone; the other one is as usual" : `this resource alone; ${radius.of} others are as usual`;
    case "group":
      return `${radius.moved} of ${radius.of} others in ${radius.name} too`;
    case "everything":
      return `${radius.moved} of ${radius.of} other watched resources too`;
    default:
      return "unknown: no other resource to compare with";
  }
}

/** The words in a fact's details. */
export function sentence(details: unknown): string {
  if (typeof details !== "object" || details === null) return "";
  const parts = Object.entries(details).map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return parts.join("; ");
}
