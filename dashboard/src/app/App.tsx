import { Suspense, lazy, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { NowPage } from "../now/NowPage";
import { SignInPage } from "../sign-in/SignInPage";
import { Loading, State } from "../ui/States";
import { Toasts } from "../ui/Toasts";
import { useKeys } from "../ui/hooks";
import { ErrorBoundary } from "./ErrorBoundary";
import { Help } from "./Help";
import { Sidebar, Tabs } from "./Navigation";
import { setPreferences, usePreferences } from "./preferences";
import { go, parseRoute, useHash, type Route } from "./router";
import { SharedContext, type Services } from "./services";

const IncidentPage = lazy(() => import("../incident/IncidentPage").then((module) => ({ default: module.IncidentPage })));
const ResourcesPage = lazy(() => import("../resources/ResourcesPage").then((module) => ({ default: module.ResourcesPage })));
const ResourcePage = lazy(() => import("../resources/ResourcePage").then((module) => ({ default: module.ResourcePage })));
const SecurityPage = lazy(() => import("../security/SecurityPage").then((module) => ({ default: module.SecurityPage })));
const SilencesPage = lazy(() => import("../silences/SilencesPage").then((module) => ({ default: module.SilencesPage })));
const ProductsPage = lazy(() => import("../products/ProductsPage").then((module) => ({ default: module.ProductsPage })));
const ThresholdsPage = lazy(() => import("../thresholds/ThresholdsPage").then((module) => ({ default: module.ThresholdsPage })));
const AuditPage = lazy(() => import("../audit/AuditPage").then((module) => ({ default: module.AuditPage })));
const SettingsPage = lazy(() => import("../settings/SettingsPage").then((module) => ({ default: module.SettingsPage })));

export function App({ services }: { services: Services }) {
  const state = useSyncExternalStore(services.session.subscribe, () => services.session.state);
  if (state === "restoring") return <Splash />;
  if (state === "signed-out") return <SignInPage services={services} />;
  return <Inside services={services} />;
}

function Splash() {
  return (
    <main className="page" aria-busy="true">
      <h1 className="sr-only">Nightjar</h1>
      <Loading />
    </main>
  );
}

function Inside({ services }: { services: Services }) {
  const scroller = useRef<HTMLElement>(null);
  const hash = useHash();
  const route = useMemo(() => parseRoute(hash), [hash]);
  const [isHelping, setHelping] = useState(false);
  const { zone } = usePreferences();
  const shared = useMemo(() => ({ services, scroller }), [services]);

  useEffect(() => {
    services.start();
    return () => services.stop();
  }, [services]);

  useKeys({
    "?": () => setHelping(true),
    u: () => setPreferences({ zone: zone === "utc" ? "local" : "utc" }),
    "g n": () => go("#/"),
    "g r": () => go("#/resources"),
    "g s": () => go("#/security"),
    "g a": () => go("#/audit"),
  });

  const key = route.page + ("id" in route ? route.id : "");
  return (
    <SharedContext value={shared}>
      <a className="button skip" href="#main" onClick={(event) => {
        event.preventDefault();
        scroller.current?.focus();
      }}>
        Skip to the page
      </a>
      <div className="app">
        <Sidebar route={route} onHelp={() => setHelping(true)} />
        <main id="main" ref={scroller} className="scroller" tabIndex={-1}>
          <ErrorBoundary key={key}>
            <Suspense fallback={<div className="page"><Loading /></div>}>
              <Content route={route} />
            </Suspense>
          </ErrorBoundary>
        </main>
        <Tabs route={route} />
      </div>
      <Toasts />
      {isHelping && <Help onClose={() => setHelping(false)} />}
    </SharedContext>
  );
}

function Content({ route }: { route: Route }) {
  switch (route.page) {
    case "now":
      return <NowPage />;
    case "incident":
      return <IncidentPage key={route.id} id={route.id} />;
    case "resources":
      return <ResourcesPage />;
    case "resource":
      return <ResourcePage key={route.id} id={route.id} />;
    case "security":
      return <SecurityPage />;
    case "silences":
      return <SilencesPage />;
    case "products":
      return <ProductsPage />;
    case "thresholds":
      return <ThresholdsPage />;
    case "audit":
      return <AuditPage />;
    case "settings":
      return <SettingsPage />;
    case "unknown":
      return (
        <div className="page">
          <h1 className="sr-only">Not found</h1>
          <State icon="quiet" title="There is nothing here">
            <p>The address names no page.</p>
            <a className="button" href="#/">To the incidents</a>
          </State>
        </div>
      );
  }
}
