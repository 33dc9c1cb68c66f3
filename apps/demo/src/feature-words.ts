// Names and verdicts for the features of browser-compat-data.
import type { CompatSupport } from "./compat-feature.ts";

const browserNames: Readonly<Record<string, string>> = {
  chrome: "Chrome",
  edge: "Edge",
  firefox: "Firefox",
  safari: "Safari",
  opera: "Opera",
  chrome_android: "Chrome on Android",
  firefox_android: "Firefox on Android",
  safari_ios: "Safari on iOS",
  samsunginternet_android: "Samsung Internet",
};

export const browserOrder: readonly string[] = Object.keys(browserNames);

export function browserName(id: string): string {
  return browserNames[id] ?? id;
}

/** "css.properties.gap" → "gap". */
export function featureName(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1).replaceAll("_", " ");
}

/** "css.properties.gap" → "CSS › properties". */
export function featureArea(key: string): string {
  const [area = "", ...rest] = key.split(".").slice(0, -1);
  const name = area === "javascript" ? "JavaScript" : area.toUpperCase();
  return [name, ...rest].join(" › ");
}

export function featureMatches(key: string, description: string | undefined, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${key} ${description ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

export interface SupportVerdict {
  readonly level: "yes" | "partly" | "no" | "unknown";
  readonly words: string;
}

export function supportVerdict(support: CompatSupport): SupportVerdict {
  const { version_added: added, version_removed: removed, partial, flagged } = support;
  if (added === null) return { level: "unknown", words: "Unknown" };
  if (added === false) return { level: "no", words: "No" };
  const since = added === true ? "Yes" : `Since ${added}`;
  if (removed !== undefined) return { level: "no", words: `${since}, until ${removed}` };
  if (flagged === true) return { level: "partly", words: `${since}, behind a flag` };
  if (added === "preview") return { level: "partly", words: "In preview" };
  return partial === true ? { level: "partly", words: `${since}, in part` } : { level: "yes", words: since };
}
