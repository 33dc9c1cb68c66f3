import type { RecordSnapshot } from "@holdfast/client";
import { useDeferredValue, useState } from "react";
import type { CompatFeature } from "../compat-feature.ts";
import { featureArea, featureMatches, featureName } from "../feature-words.ts";
import { useRows } from "../live.ts";
import { compat } from "../sync.ts";
import { Icon } from "./icon.tsx";
import { onListKeyDown, SearchField } from "./search-field.tsx";
import { SyncMark } from "./sync-mark.tsx";
import { VirtualList } from "./virtual-list.tsx";

const filters = [
  { name: "All", prefix: "", starredOnly: false },
  { name: "CSS", prefix: "css.", starredOnly: false },
  { name: "HTML", prefix: "html.", starredOnly: false },
  { name: "JavaScript", prefix: "javascript.", starredOnly: false },
  { name: "Starred", prefix: "", starredOnly: true },
] as const;

export function FeatureList({ selected }: { selected: string | null }) {
  const [search, setSearch] = useState("");
  const [filter, setFilter] = useState<(typeof filters)[number]>(filters[0]);
  const query = useDeferredValue(search);
  const { rows, total, state } = useRows(
    compat,
    {
      prefix: filter.prefix,
      where: (feature, key) =>
        (!filter.starredOnly || feature.starred === true) && featureMatches(key, feature.description, query),
    },
    [query, filter],
  );
  return (
    <section className="list-pane" aria-label="Features">
      <div className="list-head">
        <SearchField label="Search features" value={search} onChange={setSearch} />
        <fieldset className="filters">
          <legend className="only-spoken">Show</legend>
          {filters.map((choice) => (
            <label key={choice.name}>
              <input type="radio" name="filter" checked={choice === filter} onChange={() => setFilter(choice)} />
              <span>{choice.name}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <p className="list-count" data-testid="feature-count">
        {state === "loading" ? "Opening…" : `${total.toLocaleString("en")} ${total === 1 ? "feature" : "features"}`}
      </p>
      <VirtualList
        rows={rows}
        keyOf={(row) => row.key}
        rowHeightPx={64}
        resetKey={`${filter.name} ${query}`}
        onKeyDown={onListKeyDown}
        renderRow={(row) => <FeatureRow row={row} isSelected={row.key === selected} />}
      />
    </section>
  );
}

function FeatureRow({ row, isSelected }: { row: RecordSnapshot<CompatFeature>; isSelected: boolean }) {
  const { status, starred } = row.value;
  return (
    <a
      className="row feature-row"
      href={`#/data/${encodeURIComponent(row.key)}`}
      data-testid="feature-row"
      data-key={row.key}
      aria-current={isSelected ? "true" : undefined}
    >
      <span className="row-title">
        {starred === true && <Icon name="star" label="Starred" filled />}
        <span className="row-name">{featureName(row.key)}</span>
        {status.experimental && <span className="badge">Experimental</span>}
        {status.deprecated && (
          <span className="badge" data-tone="bad">
            Deprecated
          </span>
        )}
        <SyncMark state={row.syncState} />
      </span>
      <span className="row-preview">{featureArea(row.key)}</span>
    </a>
  );
}
