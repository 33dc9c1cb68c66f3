import { useMemo } from "react";
import type { CompatFeature } from "../compat-feature.ts";
import { browserName, browserOrder, featureArea, featureName, supportVerdict } from "../feature-words.ts";
import { useLive } from "../live.ts";
import { compat } from "../sync.ts";
import { run } from "../toasts.ts";
import { Icon } from "./icon.tsx";
import { SyncMark } from "./sync-mark.tsx";

export function FeatureDetail({ featureKey }: { featureKey: string }) {
  const record = useLive(useMemo(() => compat.record(featureKey), [featureKey]));
  const feature = record.value;
  if (feature === undefined) {
    return (
      <section className="detail detail-empty" aria-label="No such feature">
        <h1>{record.syncState === "loading" ? "Opening…" : "This feature is not here"}</h1>
      </section>
    );
  }
  const isStarred = feature.starred === true;
  return (
    <article className="detail feature" aria-label={featureName(featureKey)}>
      <div className="editor-tools" role="toolbar" aria-label="This feature">
        <a className="icon-button back" href="#/data" aria-label="Back to the list">
          <Icon name="back" />
        </a>
        <span className="feature-area">{featureArea(featureKey)}</span>
        <span className="spacer" />
        <button
          type="button"
          className="icon-button"
          aria-pressed={isStarred}
          aria-label="Star"
          title={isStarred ? "Remove the star" : "Star"}
          data-testid="star"
          onClick={() => run(compat.update(featureKey, (draft) => void (draft.starred = !isStarred)))}
        >
          <Icon name="star" filled={isStarred} />
        </button>
      </div>
      <div className="editor-page">
        <h1 className="feature-name">{featureName(featureKey)}</h1>
        <p className="editor-meta">
          <SyncMark state={record.syncState} verbose />
          <FeatureBadges status={feature.status} />
        </p>
        {feature.description !== undefined && <p>{feature.description}</p>}
        <SupportTable support={feature.support} />
        <p className="feature-links">
          {feature.mdn_url !== undefined && (
            <a href={feature.mdn_url} target="_blank" rel="noreferrer">
              Read on MDN
            </a>
          )}
          {feature.spec_url !== undefined && (
            <a href={feature.spec_url} target="_blank" rel="noreferrer">
              Specification
            </a>
          )}
        </p>
      </div>
    </article>
  );
}

function FeatureBadges({ status }: { status: CompatFeature["status"] }) {
  return (
    <>
      {status.standard_track && (
        <span className="badge" data-tone="good">
          Standard
        </span>
      )}
      {status.experimental && <span className="badge">Experimental</span>}
      {status.deprecated && (
        <span className="badge" data-tone="bad">
          Deprecated
        </span>
      )}
    </>
  );
}

function SupportTable({ support }: { support: CompatFeature["support"] }) {
  return (
    <table className="support">
      <thead>
        <tr>
          <th scope="col">Browser</th>
          <th scope="col">Support</th>
        </tr>
      </thead>
      <tbody>
        {browserOrder.map((id) => {
          const statement = support[id];
          if (statement === undefined) return null;
          const { level, words } = supportVerdict(statement);
          return (
            <tr key={id}>
              <th scope="row">{browserName(id)}</th>
              <td data-level={level}>
                <span className="support-words">{words}</span>
                {statement.notes !== undefined && <small>{statement.notes}</small>}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
