import { loadCompatData, loadProgress } from "../compat-data.ts";
import { useLive } from "../live.ts";
import { count } from "../status-words.ts";
import { compatCount } from "../sync.ts";
import { run, showToast } from "../toasts.ts";
import { Icon } from "./icon.tsx";

export function LoadDataButton({ testId, primary }: { testId: string; primary?: boolean }) {
  const { phase, total } = useLive(loadProgress);
  const isLoaded = useLive(compatCount, ({ total }) => total > 0);
  const load = async () => {
    const loaded = await loadCompatData();
    showToast(`${count(loaded, "record")} saved on this device.`, {
      ...(location.hash.startsWith("#/data")
        ? {}
        : { action: { label: "Look", run: () => (location.hash = "#/data") } }),
    });
  };
  return (
    <button
      type="button"
      className={primary === true ? "button primary" : "button"}
      data-testid={testId}
      disabled={phase !== "idle"}
      onClick={() => run(load())}
    >
      <Icon name="database" />
      {phase === "fetching" && "Fetching…"}
      {phase === "writing" && `Writing ${count(total, "record")}…`}
      {phase === "idle" && (isLoaded ? "Load real data again" : "Load real data")}
    </button>
  );
}
