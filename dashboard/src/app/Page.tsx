import { useEffect, useRef, type ReactNode } from "react";
import { useMedia } from "../ui/hooks";
import { LivePill, Switches } from "./Navigation";

/** One page: its title, what stands beside it, and the rest. The title gets the focus when the page is entered. */
export function Page({ title, badge = 0, head, lead, children }: { title: string; badge?: number; head?: ReactNode; lead?: ReactNode; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const isNarrow = useMedia("(max-width: 760px)");
  useEffect(() => {
    document.title = `${badge > 0 ? `(${badge}) ` : ""}${title} · Nightjar`;
  }, [title, badge]);
  useEffect(() => {
    if (document.activeElement === document.body || document.activeElement?.closest("nav") != null) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className="page">
      <header className="page-head">
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {head}
        <div className="tools">
          {isNarrow && <LivePill />}
          <Switches />
        </div>
      </header>
      {lead !== undefined && <p className="lead">{lead}</p>}
      {children}
    </div>
  );
}
