/** What a browser does with a feature. `version_added` as MDN writes it: a version, "preview", false, null: unknown. */
export interface CompatSupport {
  version_added: string | boolean | null;
  version_removed?: string;
  partial?: boolean;
  flagged?: boolean;
  notes?: string;
}

/** One feature of the web platform, as MDN's browser-compat-data has it, and the reader's own star. */
export interface CompatFeature {
  description?: string;
  mdn_url?: string;
  spec_url?: string;
  status: { experimental: boolean; standard_track: boolean; deprecated: boolean };
  support: Record<string, CompatSupport>;
  starred?: boolean;
}
