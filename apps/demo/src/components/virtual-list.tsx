import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

interface VirtualListProps<R> {
  rows: readonly R[];
  keyOf: (row: R) => string;
  rowHeightPx: number;
  /** Rows beyond the visible ones, so that scrolling shows no gaps. */
  spareRows?: number;
  /** Scrolls to the top when it changes. */
  resetKey: string;
  renderRow: (row: R) => ReactNode;
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
}

/** Draws only the rows in sight: thousands scroll as easily as ten. */
export function VirtualList<R>({ rows, keyOf, rowHeightPx, spareRows = 8, resetKey, ...on }: VirtualListProps<R>) {
  const pane = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });

  useLayoutEffect(() => {
    const element = pane.current;
    if (element === null) return undefined;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);

  useEffect(() => {
    if (pane.current !== null) pane.current.scrollTop = 0;
  }, [resetKey]);

  const first = Math.max(0, Math.floor(view.top / rowHeightPx) - spareRows);
  const end = Math.ceil((view.top + view.height) / rowHeightPx) + spareRows;
  return (
    <div className="virtual-list" ref={pane}>
      <ul className="rows" style={{ height: rows.length * rowHeightPx }} onKeyDown={on.onKeyDown}>
        {rows.slice(first, end).map((row, index) => (
          <li
            key={keyOf(row)}
            aria-setsize={rows.length}
            aria-posinset={first + index + 1}
            style={{ height: rowHeightPx, transform: `translateY(${(first + index) * rowHeightPx}px)` }}
          >
            {on.renderRow(row)}
          </li>
        ))}
      </ul>
    </div>
  );
}
