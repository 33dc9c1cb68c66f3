declare module "virtual:compat-data" {
  const entries: readonly [key: string, feature: import("./compat-feature.ts").CompatFeature][];
  export default entries;
}
