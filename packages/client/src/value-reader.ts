// What an app sees of a stored value: upgraded to the declared version, checked by the schema, or unreadable. The stored
// value itself is never changed by reading.
import {
  parseValue,
  storageForm,
  SyncError,
  type JsonValue,
  type LocalRecord,
  type RecordKey,
  type SyncErrorInfo,
} from "@holdfast/core";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Declaration } from "./declarations.ts";

export type Reading =
  | { readonly type: "value"; readonly value: JsonValue }
  | { readonly type: "absent" }
  | { readonly type: "unreadable"; readonly error: SyncErrorInfo };

const absent: Reading = { type: "absent" };

export class ValueReader {
  readonly #declaration: Declaration;
  readonly #readings = new WeakMap<LocalRecord, Reading>();

  constructor(declaration: Declaration) {
    this.#declaration = declaration;
  }

  read(record: LocalRecord | undefined): Reading {
    if (!record) return absent;
    const known = this.#readings.get(record);
    if (known) return known;
    const reading = this.#readAnew(record);
    this.#readings.set(record, reading);
    return reading;
  }

  /** The value that an app sees; undefined where there is none, or none that it can read. */
  value(record: LocalRecord | undefined): JsonValue | undefined {
    const reading = this.read(record);
    return reading.type === "value" ? reading.value : undefined;
  }

  /** What an app writes: copied, frozen, and what the schema allows. @throws SyncError `invalid-value`, `value-too-large` */
  check(key: RecordKey, input: unknown): JsonValue {
    const value = withPlace(() => fitting(parseValue(input)), { dataset: this.#declaration.name, key });
    const issues = this.#issues(value);
    if (issues.length === 0) return value;
    throw new SyncError({
      code: "invalid-value",
      message: `The value of ${JSON.stringify(key)} is not what the schema of "${this.#declaration.name}" asks for. Nothing was written; correct what \`issues\` lists.`,
      ...{ dataset: this.#declaration.name, key, issues },
    });
  }

  /** Whether the schema allows the value. */
  isValid(value: JsonValue): boolean {
    return this.#issues(value).length === 0;
  }

  /** @throws SyncError `format-too-new`, `invalid-value`: what this app version can't read it must not overwrite */
  assertWritable(record: LocalRecord | undefined): void {
    const reading = this.read(record);
    if (reading.type === "unreadable") throw new SyncError(reading.error);
  }

  #readAnew(record: LocalRecord): Reading {
    const { key, schema, base } = record;
    const { name, version, upgrade } = this.#declaration;
    if (base?.content.type === "unreadable") return { type: "unreadable", error: base.content.error };
    if (record.value === undefined) return absent;
    if (schema > version) {
      const message = `The record ${JSON.stringify(key)} of "${name}" has version ${schema}; this app knows ${version}. It is kept as it is; update the app.`;
      return { type: "unreadable", error: { code: "format-too-new", message, dataset: name, key } };
    }
    try {
      const value = schema < version && upgrade ? parseValue(upgrade(record.value, schema)) : record.value;
      const issues = this.#issues(value);
      if (issues.length === 0) return { type: "value", value };
      const message = `The stored record ${JSON.stringify(key)} of "${name}" is not what the schema asks for. It is kept as it is; give \`upgrade\` a way to mend it, or loosen the schema.`;
      return { type: "unreadable", error: { code: "invalid-value", message, dataset: name, key, issues } };
    } catch (error) {
      const what = error instanceof Error ? error.name : typeof error;
      const message = `The dataset's \`upgrade\` failed on the record ${JSON.stringify(key)} of "${name}" (${what}). It is kept as it is; correct the function.`;
      return { type: "unreadable", error: { code: "invalid-value", message, dataset: name, key } };
    }
  }

  #issues(value: JsonValue): readonly { readonly path: string; readonly message: string }[] {
    const { schema, name } = this.#declaration;
    if (!schema) return [];
    const result = schema["~standard"].validate(value);
    if (result instanceof Promise) {
      result.catch(() => {});
      throw new SyncError({
        code: "invalid-value",
        message: `The schema of "${name}" is asynchronous. Use one that validates at once: a write can't wait inside its transaction.`,
        dataset: name,
      });
    }
    return (result.issues ?? []).map(({ message, path = [] }) => ({ path: path.map(stepToText).join(""), message }));
  }
}

type Step = PropertyKey | StandardSchemaV1.PathSegment;

const stepToText = (step: Step): string =>
  `/${String(typeof step === "object" ? step.key : step)
    .replaceAll("~", "~0")
    .replaceAll("/", "~1")}`;

/** @throws SyncError `value-too-large` */
function fitting(value: JsonValue): JsonValue {
  storageForm(value);
  return value;
}

/** The error of `work`, with the place where it happened. */
function withPlace<R>(work: () => R, place: { readonly dataset: string; readonly key: string }): R {
  try {
    return work();
  } catch (error) {
    if (error instanceof SyncError) throw new SyncError({ ...error.info, ...place }, { cause: error });
    throw error;
  }
}
