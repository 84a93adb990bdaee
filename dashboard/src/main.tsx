import { createRoot } from "react-dom/client";
import { parseConfig } from "./api/config";
import { App } from "./app/App";
import { applyTheme } from "./app/preferences";
import { Services } from "./app/services";
import { State } from "./ui/States";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/layout.css";

applyTheme();
const element = document.getElementById("root");
if (element === null) throw new Error("the page has no root");
const root = createRoot(element);

try {
  const response = await fetch("./config.json", { cache: "no-cache" });
  if (!response.ok) throw new Error(`config.json answered ${response.status}: the deployment writes it beside the page`);
  const services = new Services(parseConfig(await response.json()), sessionStorage);
  root.render(<App services={services} />);
  await services.session.restore();
} catch (error) {
  root.render(
    <main>
      <h1 className="sr-only">Nightjar</h1>
      <State icon="warning" title="The page is not set up">
        <p role="alert">{error instanceof Error ? error.message : String(error)}</p>
      </State>
    </main>,
  );
}
