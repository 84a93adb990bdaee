import { useEffect, useSyncExternalStore } from "react";
import { Icon, type IconName } from "./Icon";

interface Toast {
  id: number;
  text: string;
  tone: "good" | "critical" | "accent";
}

let toasts: readonly Toast[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(value: readonly Toast[]): void {
  toasts = value;
  listeners.forEach((listener) => listener());
}

/** Says something at the edge of the page for a few seconds. */
export function toast(text: string, tone: Toast["tone"] = "good"): void {
  set([...toasts.slice(-2), { id: next++, text, tone }]);
}

const ICONS: Record<Toast["tone"], IconName> = { good: "done", critical: "warning", accent: "now" };

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((one) => (
        <Message key={one.id} toast={one} />
      ))}
    </div>
  );
}

function Message({ toast: { id, text, tone } }: { toast: Toast }) {
  useEffect(() => {
    const timer = setTimeout(() => set(toasts.filter((one) => one.id !== id)), 6000);
    return () => clearTimeout(timer);
  }, [id]);
  return (
    <div className={`toast sev-${tone}`}>
      <Icon name={ICONS[tone]} />
      <span className="anywhere">{text}</span>
    </div>
  );
}
