// The datasets that an app declares, by name or by prefix with a star.
import {
  newestWins,
  parseDeclaredName,
  SyncError,
  type AnyResolver,
  type DatasetName,
  type JsonValue,
  type Resolver,
} from "@holdfast/core";
import type { DatasetOptions, Definitions } from "./api.ts";

/** A dataset's options with their defaults. */
export interface Declaration {
  readonly name: DatasetName;
  readonly version: number;
  readonly schema: DatasetOptions<JsonValue>["schema"];
  readonly upgrade: ((value: JsonValue, fromVersion: number) => unknown) | undefined;
  readonly resolver: Resolver<JsonValue>;
  readonly sync: "auto" | "manual" | "never";
  readonly priority: number;
}

export class Declarations {
  readonly #exact = new Map<string, DatasetOptions<JsonValue>>();
  /** The longest prefix first. */
  readonly #prefixes: readonly (readonly [prefix: string, options: DatasetOptions<JsonValue>])[];
  readonly #resolver: AnyResolver;

  /** @throws SyncError `invalid-name` */
  constructor(definitions: Definitions = {}, resolver: AnyResolver = newestWins) {
    this.#resolver = resolver;
    const prefixes: (readonly [string, DatasetOptions<JsonValue>])[] = [];
    for (const [name, options] of Object.entries(definitions)) {
      checkVersion(name, options);
      if (name.endsWith("*")) prefixes.push([name.slice(0, -1), options]);
      else this.#exact.set(parseDeclaredName(name), options);
    }
    this.#prefixes = prefixes.sort(([a], [b]) => b.length - a.length);
  }

  /** Declared by their whole name. */
  get names(): readonly DatasetName[] {
    return [...this.#exact.keys()].map(parseDeclaredName);
  }

  /** @throws SyncError `invalid-name` where datasets are declared, and this one is not */
  of(name: DatasetName): Declaration {
    const options = this.#find(name);
    const { version = 1, schema, upgrade, resolver = this.#resolver, sync = "auto", priority = 0 } = options;
    return { name, version, schema, upgrade, resolver, sync, priority };
  }

  /** For a dataset that is here although it is no longer declared: it is kept equal with the defaults. */
  ofStored(name: DatasetName): Declaration {
    try {
      return this.of(name);
    } catch {
      return { ...new Declarations({}, this.#resolver).of(name), version: Infinity };
    }
  }

  #find(name: DatasetName): DatasetOptions<JsonValue> {
    const exact = this.#exact.get(name) ?? this.#prefixes.find(([prefix]) => name.startsWith(prefix))?.[1];
    if (exact) return exact;
    if (this.#exact.size === 0 && this.#prefixes.length === 0) return {};
    throw new SyncError({
      code: "invalid-name",
      message: `The dataset "${name}" is not among the datasets that createSyncClient was given. Declare it there.`,
      dataset: name,
    });
  }
}

function checkVersion(name: string, { version = 1 }: DatasetOptions<JsonValue>): void {
  if (Number.isSafeInteger(version) && version >= 1) return;
  throw new SyncError({
    code: "invalid-value",
    message: `The version of the dataset "${name}" is no whole number from 1 up. Raise it by one with each change of the schema.`,
    dataset: name,
  });
}
