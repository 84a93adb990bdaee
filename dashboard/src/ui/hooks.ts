import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Problem } from "../api/problem";
import type { Answer } from "../api/client";

export interface Query<B> {
  data: B | null;
  etag: string | null;
  problem: Problem | null;
  loading: boolean;
  reload: () => void;
}

/** Asks the API when `key` changes; keeps what is shown while it asks again. */
export function useQuery<B>(key: string | null, ask: () => Promise<Answer<B>>): Query<B> {
  const [state, setState] = useState<{ key: string | null; data: B | null; etag: string | null; problem: Problem | null }>({ key: null, data: null, etag: null, problem: null });
  const [round, setRound] = useState(0);
  const latest = useRef(ask);
  useEffect(() => {
    latest.current = ask;
  });
  useEffect(() => {
    if (key === null) return;
    let isOver = false;
    latest.current().then(
      ({ body, etag }) => {
        if (!isOver) setState({ key, data: body, etag, problem: null });
      },
      (error: unknown) => {
        if (!isOver) setState((before) => ({ key, data: before.key === key ? before.data : null, etag: null, problem: asProblem(error) }));
      },
    );
    return () => {
      isOver = true;
    };
  }, [key, round]);
  const reload = useCallback(() => setRound((count) => count + 1), []);
  const isCurrent = state.key === key;
  return { data: isCurrent ? state.data : null, etag: state.etag, problem: isCurrent ? state.problem : null, loading: key !== null && !isCurrent, reload };
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(-1, "The answer cannot be shown", error instanceof Error ? error.message : String(error));
}

/** The time, told again every so many seconds, so that ages stay true. */
export function useNow(seconds: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return now;
}

/** Does something every so many seconds, while the page is looked at. */
export function useEvery(seconds: number, act: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) act();
    }, seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds, act]);
}

export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const media = matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

/** The value as it was when a button or link was pressed, until it is let go: what lies under the pointer must not move, or the click is lost. */
export function useStill<V>(value: V): V {
  const [held, setHeld] = useState<{ value: V } | null>(null);
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  useEffect(() => {
    const hold = ({ target }: PointerEvent) => {
      if (target instanceof Element && target.closest("a, button") !== null) setHeld({ value: latest.current });
    };
    // The click follows the release in the same task, so the value moves on after it.
    const release = () => setTimeout(() => setHeld(null));
    document.addEventListener("pointerdown", hold);
    document.addEventListener("pointerup", release);
    document.addEventListener("pointercancel", release);
    return () => {
      document.removeEventListener("pointerdown", hold);
      document.removeEventListener("pointerup", release);
      document.removeEventListener("pointercancel", release);
    };
  }, []);
  return held === null ? value : held.value;
}

/** Keys that are pressed outside of fields and dialogs, such as `a`; two in a row are written `g n`. */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    let first = "";
    let at = 0;
    const listen = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const isTyping = target.closest("input, textarea, select, [contenteditable], dialog") !== null;
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const pair = event.timeStamp - at < 1200 ? `${first} ${event.key}` : event.key;
      const act = latest.current[pair] ?? latest.current[event.key];
      first = event.key;
      at = event.timeStamp;
      if (act === undefined) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
