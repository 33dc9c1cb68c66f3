// Flattens MDN's tree of features into records: the key is the dotted path, the value what an app would store of it.
import type { CompatFeature, CompatSupport } from "../src/compat-feature.ts";

/** Areas of the data set, and the length of path after which their details are left out. */
const areas: readonly { readonly path: string; readonly depthMax: number }[] = [
  { path: "css.properties", depthMax: 3 },
  { path: "css.selectors", depthMax: 3 },
  { path: "html.elements", depthMax: 4 },
  { path: "javascript.builtins", depthMax: 4 },
  { path: "javascript.operators", depthMax: 3 },
  { path: "javascript.statements", depthMax: 3 },
];

const browsers = [
  "chrome",
  "edge",
  "firefox",
  "safari",
  "opera",
  "chrome_android",
  "firefox_android",
  "safari_ios",
  "samsunginternet_android",
];

export function compatEntries(data: unknown): [key: string, feature: CompatFeature][] {
  return areas.flatMap(({ path, depthMax }) => {
    const area = path.split(".").reduce<unknown>((tree, name) => asObject(tree)[name], data);
    return featuresIn(area, path, depthMax);
  });
}

function featuresIn(tree: unknown, path: string, depthMax: number): [string, CompatFeature][] {
  const { __compat: compat, ...children } = asObject(tree);
  const own: [string, CompatFeature][] = compat === undefined ? [] : [[path, toFeature(asObject(compat))]];
  if (path.split(".").length >= depthMax) return own;
  return [
    ...own,
    ...Object.entries(children).flatMap(([name, child]) => featuresIn(child, `${path}.${name}`, depthMax)),
  ];
}

function toFeature(compat: Record<string, unknown>): CompatFeature {
  const status = asObject(compat["status"]);
  const support = asObject(compat["support"]);
  const specUrl = firstOf(compat["spec_url"]);
  return {
    ...(typeof compat["description"] === "string" && { description: asText(compat["description"]) }),
    ...(typeof compat["mdn_url"] === "string" && { mdn_url: compat["mdn_url"] }),
    ...(typeof specUrl === "string" && { spec_url: specUrl }),
    status: {
      experimental: status["experimental"] === true,
      standard_track: status["standard_track"] === true,
      deprecated: status["deprecated"] === true,
    },
    support: Object.fromEntries(
      browsers.filter((name) => name in support).map((name) => [name, toSupport(asObject(firstOf(support[name])))]),
    ),
  };
}

function toSupport(statement: Record<string, unknown>): CompatSupport {
  const added = statement["version_added"];
  const notes = firstOf(statement["notes"]);
  return {
    version_added: typeof added === "string" || typeof added === "boolean" ? added : null,
    ...(typeof statement["version_removed"] === "string" && { version_removed: statement["version_removed"] }),
    ...(statement["partial_implementation"] === true && { partial: true }),
    ...(statement["flags"] !== undefined && { flagged: true }),
    ...(typeof notes === "string" && { notes: asText(notes) }),
  };
}

/** Descriptions and notes are HTML in the data set; a note app shows plain words. */
function asText(html: string): string {
  return html
    .replace(/<[^>]+>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new TypeError("@mdn/browser-compat-data has another shape.");
  return Object.fromEntries(Object.entries(value));
}
