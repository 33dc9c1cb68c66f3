// The values that Holdfast keeps. (Content: see the functions below.)

/** What a record may hold: JSON, and nothing else. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** An RFC 6901 pointer; `""` is the whole value. */
export type Pointer = "" | `/${string}`;
