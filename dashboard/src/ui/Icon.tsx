const PATHS = {
  now: "M3 12h4l2.5-7 5 14 2.5-7h4",
  resources: "M4 5h16v5H4zM4 14h16v5H4zM8 7.5h.01M8 16.5h.01",
  security: "M12 3l7 3v5.5c0 4.5-3 8-7 9.5-4-1.5-7-5-7-9.5V6zM9 12l2 2 4-4",
  silences: "M6 9a6 6 0 0 1 9.5-4.9M18 9v4l2 3H9M6 9v4l-2 3h2M10 19.5a2.2 2.2 0 0 0 4 0M3 3l18 18",
  products: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12L4 7.5",
  thresholds: "M4 7h9M19 7h1M4 17h1M11 17h9M16 4.5v5M8 14.5v5",
  audit: "M9 4h6v3H9zM9 5.5H6V20h12V5.5h-3M9 13.5l2 2 4-4",
  settings: "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM19.4 13.5l1.6 1.2-1.8 3.1-1.9-.7-2.1 1.2-.3 2h-3.7l-.4-2-2-1.2-2 .7L5 14.7l1.6-1.2v-2.9L5 9.3l1.8-3.1 2 .7 2-1.2.400-2h3.7l.3 2 2.1 1.2 1.9-.7L21 9.3l-1.6 1.3z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  pause: "M9 5v14M15 5v14",
  done: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 12l2.5 2.5 4.5-5",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.5c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  download: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M4.5 20h15",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20.5 20.5",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2",
  warning: "M12 4l9.5 16h-19zM12 10v4.5M12 17.3v.01",
  offline: "M3 3l18 18M5 12.5a10 10 0 0 1 4-2.5M19 12.5a10 10 0 0 0-6-3M8.5 16a5 5 0 0 1 6.5-.5M12 19.5v.01",
  quiet: "M5 19c4-8 9-11 14-10M5 19c5 1 9-1 11-6M19 9l2 .8-2 1",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  back: "M14.5 6L8.5 12l6 6",
  signout: "M14 4H5v16h9M10 12h11M17.5 8.5L21 12l-3.5 3.5",
  wrench: "M14.5 6.5a4 4 0 0 1 5-2.5l-2.5 2.5 1.5 2.5 2.5-.5a4 4 0 0 1-5.5 4l-7 7.5-3-3 7.5-7a4 4 0 0 1 1.5-3.5z",
  key: "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12l8.5-8.5M16 7l3 3",
} as const;

export type IconName = keyof typeof PATHS;

/** A line drawing. It says nothing to a screen reader: the text beside it does. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The bird of the name, in flight. */
export function Bird() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path className="bird" d="M3 21c4-9 10-13 16-12 3.5.600 5 2.3 6 3.5l4.5 1.2-4.5 1.8c-1 6-6 10-12 10-2.3 0-4.7-.6-6.5-1.8L2 27l3-4z" />
    </svg>
  );
}
