import { useEffect, useLayoutEffect, useRef, useState, type ReactNode, type RefObject } from "react";

interface Props<I> {
  items: readonly I[];
  keyOf: (item: I) => string;
  /** Pixels; every row has the same. */
  rowHeight: number;
  render: (item: I, index: number) => ReactNode;
  /** What scrolls; the list lies somewhere inside. */
  scroller: RefObject<HTMLElement | null>;
  label: string;
  /** A row that is to be seen. */
  reveal?: number | undefined;
}

/** Rows beyond what is seen, so that a fast scroll shows no hole. */
const AHEAD = 8;

/** A list of which only the rows in sight are in the document, whatever its length. */
export function VirtualList<I>({ items, keyOf, rowHeight, render, scroller, label, reveal }: Props<I>) {
  const list = useRef<HTMLUListElement>(null);
  const [span, setSpan] = useState({ from: 0, to: 30 });

  useLayoutEffect(() => {
    const outer = scroller.current;
    const inner = list.current;
    if (outer === null || inner === null) return;
    let frame = 0;
    const measure = () => {
      frame = 0;
      const above = outer.getBoundingClientRect().top - inner.getBoundingClientRect().top;
      const from = Math.max(0, Math.floor(above / rowHeight) - AHEAD);
      const to = Math.min(items.length, Math.ceil((above + outer.clientHeight) / rowHeight) + AHEAD);
      setSpan((before) => (before.from === from && before.to === to ? before : { from, to: Math.max(to, from) }));
    };
    const soon = () => {
      frame ||= requestAnimationFrame(measure);
    };
    measure();
    outer.addEventListener("scroll", soon, { passive: true });
    const watch = new ResizeObserver(soon);
    watch.observe(outer);
    return () => {
      cancelAnimationFrame(frame);
      outer.removeEventListener("scroll", soon);
      watch.disconnect();
    };
  }, [items.length, rowHeight, scroller]);

  useEffect(() => {
    const outer = scroller.current;
    const inner = list.current;
    if (reveal === undefined || outer === null || inner === null) return;
    const top = inner.getBoundingClientRect().top - outer.getBoundingClientRect().top + reveal * rowHeight;
    if (top < 0) outer.scrollBy(0, top - rowHeight);
    else if (top + rowHeight > outer.clientHeight) outer.scrollBy(0, top + 2 * rowHeight - outer.clientHeight);
  }, [reveal, rowHeight, scroller]);

  const shown = items.slice(span.from, Math.max(span.to, span.from));
  return (
    <ul ref={list} className="virtual" aria-label={label} style={{ height: items.length * rowHeight }}>
      {shown.map((item, offset) => {
        const index = span.from + offset;
        return (
          <li key={keyOf(item)} className="virtual-row" aria-setsize={items.length} aria-posinset={index + 1} style={{ height: rowHeight, transform: `translateY(${index * rowHeight}px)` }}>
            {render(item, index)}
          </li>
        );
      })}
    </ul>
  );
}
