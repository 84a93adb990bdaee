import { Component, type ReactNode } from "react";
import { State } from "../ui/States";

/** Keeps a page that fails from taking the others along. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <div className="page">
        <State icon="warning" title="This page failed">
          <p role="alert">{this.state.error.message}</p>
          <button type="button" className="button" onClick={() => location.reload()}>Load it again</button>
        </State>
      </div>
    );
  }
}
