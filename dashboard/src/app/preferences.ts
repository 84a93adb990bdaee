import { useSyncExternalStore } from "react";
import type { Zone } from "../lib/time";

export type Theme = "auto" | "dark" | "light";

export interface Preferences {
  theme: Theme;
  zone: Zone;
}

const STORED = "nightjar.preferences";
const listeners = new Set<() => void>();
let current = load();

function load(): Preferences {
  try {
    const stored = JSON.parse(localStorage.getItem(STORED) ?? "{}") as Partial<Preferences>;
    return {
      theme: stored.theme === "dark" || stored.theme === "light" ? stored.theme : "auto",
      zone: stored.zone === "utc" ? "utc" : "local",
    };
  } catch {
    return { theme: "auto", zone: "local" };
  }
}

export function applyTheme(): void {
  if (current.theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = current.theme;
}

export function setPreferences(changes: Partial<Preferences>): void {
  current = { ...current, ...changes };
  try {
    localStorage.setItem(STORED, JSON.stringify(current));
  } catch {
    // A browser that stores nothing forgets the choice with the page.
  }
  applyTheme();
  listeners.forEach((listener) => listener());
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
