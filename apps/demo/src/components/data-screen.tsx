import { useLive } from "../live.ts";
import { compatCount } from "../sync.ts";
import { FeatureDetail } from "./feature-detail.tsx";
import { FeatureList } from "./feature-list.tsx";
import { LoadDataButton } from "./load-data-button.tsx";

export function DataScreen({ featureKey }: { featureKey: string | null }) {
  const isEmpty = useLive(compatCount, ({ state, total }) => state !== "loading" && total === 0);
  if (isEmpty) return <NoData />;
  return (
    <main className="split" data-open={featureKey === null ? "list" : "detail"}>
      <FeatureList selected={featureKey} />
      {featureKey === null ? (
        <section className="detail detail-empty" aria-label="No feature chosen">
          <h1>Choose a feature</h1>
          <p>Each one is a record with nested values. Star one: it goes to your other devices like a note does.</p>
        </section>
      ) : (
        <FeatureDetail key={featureKey} featureKey={featureKey} />
      )}
    </main>
  );
}

function NoData() {
  return (
    <main className="no-data">
      <section className="detail-empty" aria-label="No data yet">
        <h1>What can browsers do?</h1>
        <p>
          More than 2,000 features of the web platform from MDN’s browser-compat-data, each a record with nested values.
          They are written to this device in one go and then pushed to the cloud; the status says how many are left.
        </p>
        <LoadDataButton testId="load-data-empty" primary />
      </section>
    </main>
  );
}
