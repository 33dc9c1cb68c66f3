// Every bound of the protocol, with its unit and its reason. DynamoDB's own limits: TransactWriteItems takes 100 actions
// and 4 MB; an item together with its entry in the local secondary index 400 KB; a document is nested at most 32 levels;
// a sort key has at most 1,024 bytes.

/** UTF-8 bytes of a record's key. The table's sort key adds `record/<dataset>/` (up to 136 bytes) to it. */
export const keyBytesMax = 800;

/** Characters of a dataset's name. */
export const datasetNameLengthMax = 128;

/** Characters of a name that an app declares, so that `<name>.<identity id>` still fits. */
export const declaredNameLengthMax = 72;

/** Bytes of one record's value: half of DynamoDB's item limit (the index holds the item again), less keys and attributes. */
export const valueBytesMax = 195 * 1024;

/** Levels of objects and arrays in a value: above any honest use, far below a call stack. */
export const valueDepthMax = 100;

/** Levels that DynamoDB's native document types hold (32, the item's own `value` attribute being the first). */
export const nativeDepthMax = 31;

/** Records in one commit: 100 actions of TransactWriteItems, less the head. */
export const commitRecordsMax = 99;

/** Bytes of one commit: 4 MB of TransactWriteItems, less a reserve for the head and the request's own words. */
export const commitBytesMax = 3_500_000;

/** Bytes that a record's item has beside key and value; an upper bound for planning. */
export const recordOverheadBytes = 600;

/** Writers whose last landed commit the head remembers; keeps the head under 1 KB, one read unit. */
export const headWritersMax = 16;

/** Milliseconds that a record's time may lie after the cloud's. */
export const clockAheadMsMax = 5 * 60_000;

/** Milliseconds that a tombstone stays after the commit's cloud time. */
export const tombstoneMs = 90 * 24 * 60 * 60_000;

/** Milliseconds that a settled conflict stays listed. */
export const conflictKeptMs = 30 * 24 * 60 * 60_000;

/** Newest version of the item layout that this code writes and understands. */
export const formatVersion = 1;

/** Pulls that may fail to verify before the whole dataset is compared (S-8). */
export const pullTriesMax = 3;

/** Milliseconds before a pull that did not verify is read again: shortest and longest (S-8). */
export const rereadDelayMs = { min: 200, max: 5_000 } as const;

/** Milliseconds of full jitter after throttling or contention: first and longest (S-14). */
export const backoffDelayMs = { first: 50, max: 5_000 } as const;

/** S-18: commits in a row after which a bulk push lets others in, and for how many milliseconds. */
export const pushTurn = { commitsMax: 32, pauseMs: 1_000 } as const;

/** S-18: milliseconds for which another writer counts as being at work after it showed itself. */
export const otherWriterMs = 60_000;

/** Milliseconds after which a head that still disagrees with the whole listing may be repaired (S-10): far longer than any commit takes to be seen whole. */
export const repairAfterMs = 10 * 60_000;

/** Commits that one run makes beyond one for each record that waited when it began: others must have their turn. */
export const commitsExtra = 32;

/** Failures in a row after which a run gives up; auto sync tries again later. */
export const failuresMax = 6;

/** Refusals in a row that are answered at once, and those after which a run ends: far more than contention makes. */
export const refusalsFree = 3;
export const refusalsMax = 200;
