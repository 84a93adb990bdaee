/** One parameter or field that the API refuses. */
export interface BadParameter {
  parameter: string;
  problem: string;
  allowed: string;
}

/** A refusal of the API (RFC 9457), or what stands for one when the answer is none of ours. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly BadParameter[] = [],
    readonly requestId: string | null = null,
    readonly type = "about:blank",
  ) {
    super(detail === "" ? title : `${title}: ${detail}`);
    this.name = "Problem";
  }

  /** Whether the route is not there at all, as in a deployment without that part. An unknown incident has a type of its own. */
  get isAbsent(): boolean {
    return (this.status === 404 && this.type === "about:blank") || this.status === 405;
  }

  get isOffline(): boolean {
    return this.status === 0;
  }

  static offline(): Problem {
    return new Problem(0, "No connection", "The API could not be reached. What you see may be old.");
  }

  /** Reads a refusal; API Gateway's own have only a `message`. */
  static async of(response: Response): Promise<Problem> {
    const requestId = response.headers.get("x-request-id");
    const body: unknown = await response.json().catch(() => null);
    const fields = isRecord(body) ? body : {};
    const title = text(fields["title"]) ?? text(fields["message"]) ?? `The API answered ${response.status}`;
    const errors = Array.isArray(fields["errors"]) ? fields["errors"].filter(isBadParameter) : [];
    return new Problem(response.status, title, text(fields["detail"]) ?? "", errors, requestId, text(fields["type"]) ?? "about:blank");
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function isBadParameter(value: unknown): value is BadParameter {
  return isRecord(value) && ["parameter", "problem", "allowed"].every((name) => typeof value[name] === "string");
}
