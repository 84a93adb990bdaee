import { useState } from "react";
import type { LiveState } from "../api/live";
import { zoneName } from "../lib/time";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Bird, Icon, type IconName } from "../ui/Icon";
import { setPreferences, usePreferences, type Theme } from "./preferences";
import type { Route } from "./router";
import { useIncidents, useServices } from "./services";

const LINKS: readonly (readonly [page: Route["page"], href: string, label: string, icon: IconName])[] = [
  ["now", "#/", "Now", "now"],
  ["resources", "#/resources", "Resources", "resources"],
  ["security", "#/security", "Security", "security"],
  ["silences", "#/silences", "Silences", "silences"],
  ["products", "#/products", "Products", "products"],
  ["thresholds", "#/thresholds", "Thresholds", "thresholds"],
  ["audit", "#/audit", "Audit", "audit"],
  ["settings", "#/settings", "Settings", "settings"],
];

const PARENT: Partial<Record<Route["page"], Route["page"]>> = { incident: "now", resource: "resources" };
const IN_TABS = ["now", "resources", "security", "audit"];

function isCurrent(page: Route["page"], route: Route): boolean {
  return (PARENT[route.page] ?? route.page) === page;
}

export function Sidebar({ route, onHelp }: { route: Route; onHelp: () => void }) {
  const { events } = useIncidents();
  const open = events.filter((event) => event.status === "OPEN").length;
  return (
    <nav className="side" aria-label="Pages">
      <a className="brand" href="#/" title="To the first page">
        <Bird />
        <span>Nightjar</span>
      </a>
      {LINKS.map(([page, href, label, icon]) => (
        <a key={page} className="nav-link" href={href} title={label} aria-current={isCurrent(page, route) ? "page" : undefined}>
          <Icon name={icon} />
          <span>{label}</span>
          {page === "now" && open > 0 && <span className="amount">{open}<span className="sr-only"> open</span></span>}
        </a>
      ))}
      <div className="side-foot">
        <LivePill />
        <div className="who">
          <Who />
          <Button kind="quiet" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={onHelp} className="button-icon">
            <kbd className="key">?</kbd>
          </Button>
        </div>
      </div>
    </nav>
  );
}

function Who() {
  const services = useServices();
  const { me, session } = services;
  return (
    <>
      <div>
        <div className="truncate small" title={me?.who ?? ""}>{me?.who ?? "Not signed in"}</div>
        <div className="muted small">{me?.role ?? ""}</div>
      </div>
      {session.needsSignIn && <Button kind="quiet" icon="signout" aria-label="Sign out" title="Sign out" onClick={() => void session.signOut()} />}
    </>
  );
}

const STATES: Record<LiveState, [tone: string, word: string, title: string]> = {
  live: ["good", "Live", "Changes appear as they happen"],
  polling: ["medium", "Every 15 s", "There is no live connection: the page asks every 15 seconds"],
  connecting: ["info", "Connecting", "Waiting for the API"],
  offline: ["critical", "Offline", "The API cannot be reached"],
};

export function LivePill() {
  const { liveState } = useServices();
  const [tone, word, title] = STATES[liveState];
  return (
    <div className={`live sev-${tone}`} role="status" title={title} data-live={liveState}>
      <span className="dot" />
      <span>{word}</span>
    </div>
  );
}

export function Tabs({ route }: { route: Route }) {
  const [isOpen, setOpen] = useState(false);
  const isElsewhere = !IN_TABS.includes(PARENT[route.page] ?? route.page);
  const { session } = useServices();
  return (
    <nav className="tabs-bottom" aria-label="Pages, short">
      {LINKS.filter(([page]) => IN_TABS.includes(page)).map(([page, href, label, icon]) => (
        <a key={page} className="tab" href={href} aria-current={isCurrent(page, route) ? "page" : undefined}>
          <Icon name={icon} />
          {label}
        </a>
      ))}
      <button type="button" className="tab" aria-haspopup="dialog" aria-current={isElsewhere ? "page" : undefined} onClick={() => setOpen(true)}>
        <Icon name="more" />
        More
      </button>
      {isOpen && (
        <Dialog title="More" onClose={() => setOpen(false)}>
          <div>
            {LINKS.filter(([page]) => !IN_TABS.includes(page)).map(([page, href, label, icon]) => (
              <a key={page} className="nav-link" href={href} onClick={() => setOpen(false)}>
                <Icon name={icon} />
                <span>{label}</span>
              </a>
            ))}
            {session.needsSignIn && <Button icon="signout" onClick={() => void session.signOut()}>Sign out</Button>}
          </div>
        </Dialog>
      )}
    </nav>
  );
}

const NEXT: Record<Theme, [next: Theme, icon: IconName, label: string]> = {
  auto: ["dark", "moon", "Colours follow the system; change to dark"],
  dark: ["light", "sun", "Dark colours; change to light"],
  light: ["auto", "moon", "Light colours; follow the system"],
};

/** Zone and theme, at the head of every page. */
export function Switches() {
  const { theme, zone } = usePreferences();
  const [next, icon, label] = NEXT[theme];
  return (
    <>
      <Button kind="quiet" icon="clock" aria-label={`Times are in ${zoneName(zone)}; change`} title="Local time or UTC (u)" onClick={() => setPreferences({ zone: zone === "utc" ? "local" : "utc" })}>
        {zoneName(zone)}
      </Button>
      <Button kind="quiet" icon={icon} aria-label={label} title={label} onClick={() => setPreferences({ theme: next })} />
    </>
  );
}
