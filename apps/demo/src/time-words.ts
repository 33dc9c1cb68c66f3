import { useEffect, useState } from "react";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** "now", "5 min", "3 h", "Tue", "12 Mar": short enough for a list. */
export function shortAge(at: number, now: number): string {
  const ageMs = now - at;
  if (ageMs < minuteMs) return "now";
  if (ageMs < hourMs) return `${Math.floor(ageMs / minuteMs)} min`;
  if (ageMs < dayMs) return `${Math.floor(ageMs / hourMs)} h`;
  const date = new Date(at);
  if (ageMs < 6 * dayMs) return date.toLocaleDateString("en-GB", { weekday: "short" });
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

/** The same as a sentence's end: "just now", "5 minutes ago". */
export function longAge(at: number, now: number): string {
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const ageMs = now - at;
  if (ageMs < minuteMs) return "just now";
  if (ageMs < hourMs) return words.format(-Math.floor(ageMs / minuteMs), "minute");
  if (ageMs < dayMs) return words.format(-Math.floor(ageMs / hourMs), "hour");
  return words.format(-Math.floor(ageMs / dayMs), "day");
}

/** The time, anew every 20 seconds, for ages on the screen. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 20_000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
