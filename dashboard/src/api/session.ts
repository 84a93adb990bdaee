import { Cognito, CognitoError, type Tokens } from "./cognito";
import type { Config } from "./config";

/** Refresh this long before the access token ends. */
const AHEAD = 5 * 60 * 1000;
const STORED = "nightjar.refresh";

export type SessionState = "restoring" | "signed-out" | "signed-in";

/** Who is signed in. Tokens live in memory; the refresh token also in this tab's storage, so that a reload stays signed in. */
export class Session {
  readonly cognito: Cognito | null;
  private tokens: Tokens | null = null;
  private refreshing: Promise<string | null> | null = null;
  private readonly listeners = new Set<() => void>();
  state: SessionState;

  constructor(config: Config, private readonly storage: Storage) {
    this.cognito = config.auth.mode === "cognito" ? new Cognito(config.auth) : null;
    this.state = this.cognito === null ? "signed-in" : "restoring";
  }

  get needsSignIn(): boolean {
    return this.cognito !== null;
  }

  /** Takes up the session that a reload left; ends in `signed-in` or `signed-out`. */
  async restore(): Promise<void> {
    if (this.cognito === null) return;
    if (this.storage.getItem(STORED) === null) { this.become("signed-out"); return; }
    await this.renew();
  }

  accept(tokens: Tokens): void {
    this.tokens = tokens;
    if (tokens.refresh !== null) this.storage.setItem(STORED, tokens.refresh);
    this.become("signed-in");
  }

  /** An access token that is good for a while; null where none is needed or the session has ended. */
  async token(): Promise<string | null> {
    if (this.cognito === null) return null;
    if (this.tokens !== null && this.tokens.expiresAt - AHEAD > Date.now()) return this.tokens.access;
    return (await this.renew()) ?? this.stillGood();
  }

  /** Fetches a new access token; callers at the same moment share one request. */
  async renew(): Promise<string | null> {
    this.refreshing ??= this.fetchTokens().finally(() => (this.refreshing = null));
    return this.refreshing;
  }

  async signOut(): Promise<void> {
    const refresh = this.storage.getItem(STORED);
    this.forget();
    // Revoking is best effort: the token is forgotten here either way.
    if (refresh !== null) await this.cognito?.revoke(refresh).catch(() => undefined);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private stillGood(): string | null {
    return this.tokens !== null && this.tokens.expiresAt > Date.now() ? this.tokens.access : null;
  }

  private async fetchTokens(): Promise<string | null> {
    const refresh = this.storage.getItem(STORED);
    if (this.cognito === null || refresh === null) {
      this.forget();
      return null;
    }
    try {
      const tokens = await this.cognito.refresh(refresh);
      this.accept(tokens);
      return tokens.access;
    } catch (error) {
      // Without a connection the session is not over: the next call tries again.
      const isOver = error instanceof CognitoError && error.kind === "NotAuthorizedException";
      if (isOver) this.forget();
      else if (this.state === "restoring") this.become("signed-out");
      return null;
    }
  }

  private forget(): void {
    this.tokens = null;
    this.storage.removeItem(STORED);
    this.become("signed-out");
  }

  private become(state: SessionState): void {
    this.state = state;
    this.listeners.forEach((listener) => listener());
  }
}
