// The demo's icons, drawn on a 20 by 20 grid in the colour of the text around them.

const paths = {
  back: "M12.5 4.5 7 10l5.5 5.5",
  check: "m4.5 10.5 3.5 3.5 7.5-8",
  clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm0 3.5V10l2.5 2",
  close: "m5 5 10 10M15 5 5 15",
  cloudCheck: "M6 15.5a3.5 3.5 0 0 1-.4-7A4.8 4.8 0 0 1 15 9.3a3.1 3.1 0 0 1-.6 6.2H6Zm1.8-4.2 1.6 1.6 2.8-3",
  database:
    "M4 5.5C4 4.1 6.7 3 10 3s6 1.1 6 2.5S13.3 8 10 8 4 6.9 4 5.5Zm0 0v9c3.5 3.3 8.5 3.3 12 0v-9M4 10c3.5 3.3 8.5 3.3 12 0",
  devices: "M3 4h11v3M3 4v9h6M12 9h5v8h-5V9ZM6 16h3",
  note: "M5 3h7l3.5 3.5V17H5V3Zm2.5 6.5h5m-5 3.5h5",
  person: "M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4Zm-6 7c.6-3.2 2.9-4.8 6-4.8s5.4 1.6 6 4.8",
  pin: "M7 3h6l-.8 5 2.3 3h-9l2.3-3L7 3Zm3 8v6",
  plus: "M10 4v12M4 10h12",
  refresh: "M15.5 8A6 6 0 0 0 4.6 7.4M4.5 12a6 6 0 0 0 10.9.6M15.8 4v4h-4M4.2 16v-4h4",
  search: "M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4Zm3.7 8.7L16 16",
  shield: "M10 3 4.5 5v4.5c0 3.5 2.3 6 5.5 7.5 3.2-1.5 5.5-4 5.5-7.5V5L10 3Zm-2.5 7 1.9 1.9 3.3-3.6",
  star: "m10 3.5 2 4.2 4.6.6-3.4 3.2.9 4.5-4.1-2.2L5.9 16l.9-4.5L3.4 8.3l4.6-.6 2-4.2Z",
  trash: "M4 6h12M8 6V4h4v2M5.5 6l.8 11h7.4l.8-11M8.5 9v5m3-5v5",
  up: "M10 16V5m-4.5 4.5L10 5l4.5 4.5",
  warning: "M10 3.5 2.5 16.5h15L10 3.5Zm0 5v4m0 2v.1",
} as const;

export type IconName = keyof typeof paths;

/** Decorative unless it has a label. */
export function Icon({ name, label, filled }: { name: IconName; label?: string; filled?: boolean }) {
  const named = label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label };
  return (
    <svg className="icon" viewBox="0 0 20 20" {...named}>
      {label !== undefined && <title>{label}</title>}
      <path d={paths[name]} className={filled === true ? "icon-filled" : undefined} />
    </svg>
  );
}
