import { createContext, useContext, useSyncExternalStore, type RefObject } from "react";
import { Client } from "../api/client";
import type { Config } from "../api/config";
import { Live, type LiveState } from "../api/live";
import { Session } from "../api/session";
import type { Me, MetricSeries, Role } from "../api/types";
import { IncidentStore } from "../now/incidents";

/** A whole walk over all incidents, which also finds what left while nobody told. */
const WALK_EVERY = 120_000;

/** What the pages share: the API, the session, the incidents and how fresh they are. */
export class Services {
  readonly session: Session;
  readonly client: Client;
  readonly incidents = new IncidentStore();
  /** The last day of resources that were looked at in this session, by ARN. */
  readonly sparklines = new Map<string, Promise<MetricSeries | null>>();
  liveState: LiveState = "connecting";
  /** When the incidents were last known to be true; null before the first answer. */
  freshAt: number | null = null;
  me: Me | null = null;
  /** Which actions this deployment serves; null until it has said so. */
  canAssign = false;
  private live: Live | null = null;
  private aborter = new AbortController();
  private walkedAt = 0;
  private version = 0;
  private readonly listeners = new Set<() => void>();

  constructor(readonly config: Config, storage: Storage) {
    this.session = new Session(config, storage);
    this.client = new Client(config.api, this.session);
  }

  start(): void {
    this.aborter = new AbortController();
    this.live = new Live({
      url: this.config.live,
      token: () => this.session.token(),
      renew: () => this.session.renew(),
      onSnapshot: (events, complete) => {
        this.incidents.replace(events, complete);
        if (!complete) void this.walk().catch(() => undefined);
      },
      onDelta: (events, removed) => this.incidents.put(events, removed),
      poll: () => this.poll(),
      onState: (state) => {
        this.liveState = state;
        this.changed();
      },
    });
    this.live.start();
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    void this.client.me().then(
      ({ body }) => {
        this.me = body;
        this.changed();
      },
      () => undefined,
    );
    void this.client.serves("assign").then((serves) => {
      this.canAssign = serves;
      this.changed();
    });
  }

  stop(): void {
    this.aborter.abort();
    this.live?.stop();
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.incidents.clear();
    this.sparklines.clear();
    this.me = null;
    this.freshAt = null;
    this.walkedAt = 0;
    this.liveState = "connecting";
  }

  /** Whether somebody with this role may act; unknown roles are left to the API to refuse. */
  may(role: Role): boolean {
    const ranks: Role[] = ["viewer", "operator", "admin"];
    return this.me === null || ranks.indexOf(this.me.role) >= ranks.indexOf(role);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readVersion = (): number => this.version;

  private wake = (): void => {
    if (document.visibilityState === "visible") this.live?.wake();
  };

  private async poll(): Promise<void> {
    if (Date.now() - this.walkedAt > WALK_EVERY) return this.walk();
    const { body } = await this.client.events({ limit: 100 }, this.aborter.signal);
    this.incidents.put(body.events);
    this.isFresh();
  }

  private async walk(): Promise<void> {
    const before = this.walkedAt;
    this.walkedAt = Date.now();
    try {
      await this.incidents.walk(this.client, this.aborter.signal);
      this.isFresh();
    } catch (error) {
      this.walkedAt = before;
      throw error;
    }
  }

  private isFresh(): void {
    this.freshAt = Date.now();
    this.changed();
  }

  private changed(): void {
    this.version += 1;
    this.listeners.forEach((listener) => listener());
  }
}

export interface Shared {
  services: Services;
  /** What scrolls. */
  scroller: RefObject<HTMLElement | null>;
}

export const SharedContext = createContext<Shared | null>(null);

export function useShared(): Shared {
  const shared = useContext(SharedContext);
  if (shared === null) throw new Error("this part stands outside of the application");
  return shared;
}

/** The services; renders again when the connection, the user or the abilities change. */
export function useServices(): Services {
  const { services } = useShared();
  useSyncExternalStore(services.subscribe, services.readVersion);
  return services;
}

export function useIncidents() {
  const { services } = useShared();
  return useSyncExternalStore(services.incidents.subscribe, services.incidents.read);
}
