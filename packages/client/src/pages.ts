// A paged read, collected. It is no snapshot: what that means is decided by those who believe it or not (S-8, S-9).
import type { Head, RemoteRecord } from "@holdfast/core";
import type { DamagedItem, Page } from "./remote-store.ts";

export interface ReadPages {
  readonly records: readonly RemoteRecord[];
  readonly damaged: readonly DamagedItem[];
  readonly head: Head | null;
}

/** `onPage` is told of each page, and of how many records have come so far. */
export async function readPages(
  readPage: (cursor: unknown) => Promise<Page>,
  onPage: (page: Page, records: number, isFirst: boolean) => void,
): Promise<ReadPages> {
  const records: RemoteRecord[] = [];
  const damaged: DamagedItem[] = [];
  let head: Head | null = null;
  let cursor: unknown = null;
  do {
    const isFirst = cursor === null;
    const page = await readPage(cursor);
    for (const record of page.records) records.push(record);
    damaged.push(...page.damaged);
    head = page.head ?? head;
    cursor = page.cursor;
    onPage(page, records.length, isFirst);
  } while (cursor !== null);
  return { records, damaged, head };
}
