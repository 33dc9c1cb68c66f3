import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

interface VirtualListProps {
  length: number;
  rowHeightPx: number;
  /** Rows beyond the visible ones, so that scrolling shows no gaps. */
  spareRows?: number;
  /** Scrolls to the top when it changes. */
  resetKey: string;
  renderRow: (at: number) => ReactNode;
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
}

/** Draws only the rows in sight: thousands scroll as easily as ten. */
export function VirtualList({ length, rowHeightPx, spareRows = 8, resetKey, renderRow, onKeyDown }: VirtualListProps) {
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
  const end = Math.min(length, Math.ceil((view.top + view.height) / rowHeightPx) + spareRows);
  const visible = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
  return (
    <div className="virtual-list" ref={pane}>
      <ul className="rows" style={{ height: length * rowHeightPx }} onKeyDown={onKeyDown}>
        {visible.map((at) => (
          <li
            key={at}
            aria-setsize={length}
            aria-posinset={at + 1}
            style={{ height: rowHeightPx, transform: `translateY(${at * rowHeightPx}px)` }}
          >
            {renderRow(at)}
          </li>
        ))}
      </ul>
    </div>
  );
}
