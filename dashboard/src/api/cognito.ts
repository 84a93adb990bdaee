import type { CognitoConfig } from "./config";

/** What a sign-in gives. The refresh token is missing after a refresh. */
export interface Tokens {
  access: string;
  refresh: string | null;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** What Cognito asks for before it gives tokens. */
export interface Challenge {
  name: string;
  session: string;
  username: string;
}

export type SignIn = { tokens: Tokens } | { challenge: Challenge };

/** A refusal in Cognito's own name, such as `NotAuthorizedException`. */
export class CognitoError extends Error {
  constructor(readonly kind: string, message: string) {
    super(message);
    this.name = "CognitoError";
  }
}

const SENTENCES: Record<string, string> = {
  NotAuthorizedException: "The e-mail address or the password is wrong.",
  UserNotFoundException: "The e-mail address or the password is wrong.",
  UserNotConfirmedException: "This user is not confirmed yet. Ask an administrator.",
  PasswordResetRequiredException: "The password has to be set anew. Use “Forgot password”.",
  CodeMismatchException: "The code is wrong.",
  ExpiredCodeException: "The code has expired. Ask for another one.",
  TooManyRequestsException: "Too many attempts. Wait a minute.",
  LimitExceededException: "Too many attempts. Wait a while.",
};

/** The calls of Amazon Cognito's user pools that a public client needs. */
export class Cognito {
  constructor(private readonly config: CognitoConfig) {}

  async signIn(username: string, password: string): Promise<SignIn> {
    const answer = await this.call("InitiateAuth", {
      AuthFlow: "USER_PASSWORD_AUTH",
      ClientId: this.config.clientId,
      AuthParameters: { USERNAME: username, PASSWORD: password },
    });
    return read(answer, username);
  }

  async answer(challenge: Challenge, responses: Record<string, string>): Promise<SignIn> {
    const answer = await this.call("RespondToAuthChallenge", {
      ChallengeName: challenge.name,
      ClientId: this.config.clientId,
      Session: challenge.session,
      ChallengeResponses: { USERNAME: challenge.username, ...responses },
    });
    return read(answer, challenge.username);
  }

  async refresh(token: string): Promise<Tokens> {
    const answer = await this.call("InitiateAuth", {
      AuthFlow: "REFRESH_TOKEN_AUTH",
      ClientId: this.config.clientId,
      AuthParameters: { REFRESH_TOKEN: token },
    });
    const result = read(answer, "");
    if ("challenge" in result) throw new CognitoError("NotAuthorizedException", "The session has ended.");
    return { ...result.tokens, refresh: result.tokens.refresh ?? token };
  }

  async revoke(token: string): Promise<void> {
    await this.call("RevokeToken", { ClientId: this.config.clientId, Token: token });
  }

  async forgotPassword(username: string): Promise<void> {
    await this.call("ForgotPassword", { ClientId: this.config.clientId, Username: username });
  }

  async confirmForgotPassword(username: string, code: string, password: string): Promise<void> {
    await this.call("ConfirmForgotPassword", {
      ClientId: this.config.clientId,
      Username: username,
      ConfirmationCode: code,
      Password: password,
    });
  }

  private async call(action: string, body: Record<string, unknown>): Promise<Record<string, unknown>> {
    let response: Response;
    try {
      response = await fetch(this.config.endpoint, {
        method: "POST",
        headers: {
          "Content-Type": "application/x-amz-json-1.1",
          "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
        },
        body: JSON.stringify(body),
      });
    } catch {
      throw new CognitoError("Offline", "The sign-in service could not be reached.");
    }
    const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    if (response.ok) return answer;
    const kind = text(answer["__type"], "Unknown").split("#").at(-1) ?? "Unknown";
    throw new CognitoError(kind, SENTENCES[kind] ?? text(answer["message"], `The sign-in service answered ${response.status}.`));
  }
}

/** Reads the answer to a sign-in. */
export function read(answer: Record<string, unknown>, username: string, now = Date.now()): SignIn {
  const result = answer["AuthenticationResult"] as Record<string, unknown> | undefined;
  if (typeof result?.["AccessToken"] === "string") {
    const seconds = typeof result["ExpiresIn"] === "number" ? result["ExpiresIn"] : 300;
    const refresh = typeof result["RefreshToken"] === "string" ? result["RefreshToken"] : null;
    return { tokens: { access: result["AccessToken"], refresh, expiresAt: now + seconds * 1000 } };
  }
  if (typeof answer["ChallengeName"] === "string") {
    return { challenge: { name: answer["ChallengeName"], session: text(answer["Session"], ""), username } };
  }
  throw new CognitoError("Unknown", "The sign-in service gave an answer that this page does not understand.");
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}
