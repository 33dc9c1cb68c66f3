import { createRoot } from "react-dom/client";
import { installNetworkSwitch } from "./network-switch.ts";
import "./styles/tokens.css";
import "./styles/frame.css";
import "./styles/status.css";
import "./styles/controls.css";
import "./styles/list.css";
import "./styles/detail.css";
import "./styles/checklist.css";
import "./styles/feature.css";
import "./styles/panel.css";
import "./styles/conflicts.css";
import "./styles/toasts.css";

// First of all: the client asks navigator.onLine and fetch, and both must obey the switch from the start.
installNetworkSwitch();

const root = createRoot(document.body.appendChild(document.createElement("div")));
try {
  const { startApp } = await import("./start-app.ts");
  startApp(root);
} catch (error) {
  root.render(
    <main className="start-failed">
      <h1>The demo could not start</h1>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      <p>Is its server running? Start it with “npm start” and reload this page.</p>
    </main>,
  );
}
