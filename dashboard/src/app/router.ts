import { useSyncExternalStore } from "react";

/** Pages live behind the hash: the API has the paths. */
export type Route =
  | { page: "now" | "resources" | "security" | "silences" | "products" | "thresholds" | "audit" | "settings" | "unknown" }
  | { page: "incident" | "resource"; id: string };

const PAGES = ["resources", "security", "silences", "products", "thresholds", "audit", "settings"] as const;

export function parseRoute(hash: string): Route {
  const [first = "", second, ...rest] = hash.replace(/^#?\/?/, "").split("?")[0]?.split("/") ?? [];
  if (rest.length > 0) return { page: "unknown" };
  const id = second === undefined || second === "" ? null : decode(second);
  if (first === "" && id === null) return { page: "now" };
  if (first === "events" && id !== null) return { page: "incident", id };
  if (first === "resources" && id !== null) return { page: "resource", id };
  const page = PAGES.find((name) => name === first);
  return page !== undefined && id === null ? { page } : { page: "unknown" };
}

const DEEDS = ["acknowledge", "suppress", "resolve", "approve"] as const;

/** What a link asks to begin, such as `#/events/inc_1?do=acknowledge`. */
export function asked(hash: string): (typeof DEEDS)[number] | null {
  const wanted = new URLSearchParams(hash.split("?")[1] ?? "").get("do");
  return DEEDS.find((name) => name === wanted) ?? null;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

export const links = {
  now: "#/",
  incident: (id: string) => `#/events/${encodeURIComponent(id)}`,
  resource: (id: string) => `#/resources/${encodeURIComponent(id)}`,
};

export function go(href: string): void {
  location.hash = href;
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

export function useHash(): string {
  return useSyncExternalStore(subscribe, () => location.hash);
}
