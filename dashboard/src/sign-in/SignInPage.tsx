import { useEffect, useState, type SubmitEvent, type ReactNode } from "react";
import type { Challenge, SignIn } from "../api/cognito";
import type { Services } from "../app/services";
import { Button } from "../ui/Button";
import { Bird, Icon } from "../ui/Icon";
import "./sign-in.css";

type Step =
  | { name: "password" }
  | { name: "new-password"; challenge: Challenge }
  | { name: "code"; challenge: Challenge }
  | { name: "forgot" }
  | { name: "reset"; username: string };

/** Reads a text field of the form. */
function field(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value : "";
}

export function SignInPage({ services }: { services: Services }) {
  const [step, setStep] = useState<Step>({ name: "password" });
  const [error, setError] = useState("");
  const [note, setNote] = useState("");
  const [isBusy, setBusy] = useState(false);
  const { cognito } = services.session;

  useEffect(() => {
    document.title = "Sign in · Nightjar";
  }, []);

  if (cognito === null) return null;

  function proceed(result: SignIn): void {
    if ("tokens" in result) {
      services.session.accept(result.tokens);
    } else if (result.challenge.name === "NEW_PASSWORD_REQUIRED") {
      setStep({ name: "new-password", challenge: result.challenge });
    } else if (result.challenge.name === "SOFTWARE_TOKEN_MFA") {
      setStep({ name: "code", challenge: result.challenge });
    } else {
      setError(`This page cannot answer the challenge ${result.challenge.name}. Use “nightjar login” or ask an administrator.`);
    }
  }

  function submit(act: (form: HTMLFormElement) => Promise<void>) {
    return (event: SubmitEvent<HTMLFormElement>) => {
      event.preventDefault();
      setBusy(true);
      setError("");
      setNote("");
      act(event.currentTarget)
        .catch((failure: unknown) => setError(failure instanceof Error ? failure.message : String(failure)))
        .finally(() => setBusy(false));
    };
  }

  function toPassword(): void {
    setError("");
    setStep({ name: "password" });
  }

  const forms: Record<Step["name"], () => ReactNode> = {
    password: () => (
      <Form title="Sign in" busy={isBusy} word="Sign in" onSubmit={submit(async (form) => proceed(await cognito.signIn(field(form, "username").trim(), field(form, "password"))))}>
        <Field name="username" label="E-mail address" type="email" autoComplete="username" />
        <Field name="password" label="Password" type="password" autoComplete="current-password" />
        <Button kind="quiet" onClick={() => {
          setError("");
          setStep({ name: "forgot" });
        }}>
          Forgot password
        </Button>
      </Form>
    ),
    "new-password": () => (
      <Form title="Choose a password" busy={isBusy} word="Save and sign in" back={toPassword} onSubmit={submit(async (form) => {
        if (step.name === "new-password") proceed(await cognito.answer(step.challenge, { NEW_PASSWORD: field(form, "password") }));
      })}>
        <p className="muted">The temporary password was good for one sign-in.</p>
        <Field name="password" label="New password" type="password" autoComplete="new-password" />
      </Form>
    ),
    code: () => (
      <Form title="One more step" busy={isBusy} word="Sign in" back={toPassword} onSubmit={submit(async (form) => {
        if (step.name === "code") proceed(await cognito.answer(step.challenge, { SOFTWARE_TOKEN_MFA_CODE: field(form, "code").trim() }));
      })}>
        <Field name="code" label="Code from your authenticator" type="text" autoComplete="one-time-code" />
      </Form>
    ),
    forgot: () => (
      <Form title="Forgot password" busy={isBusy} word="Send a code" back={toPassword} onSubmit={submit(async (form) => {
        const username = field(form, "username").trim();
        await cognito.forgotPassword(username);
        setNote("If there is such a user, a code is on its way by e-mail.");
        setStep({ name: "reset", username });
      })}>
        <Field name="username" label="E-mail address" type="email" autoComplete="username" />
      </Form>
    ),
    reset: () => (
      <Form title="Set a new password" busy={isBusy} word="Set the password" back={toPassword} onSubmit={submit(async (form) => {
        if (step.name !== "reset") return;
        await cognito.confirmForgotPassword(step.username, field(form, "code").trim(), field(form, "password"));
        setNote("The password is set. Sign in with it.");
        setStep({ name: "password" });
      })}>
        <Field name="code" label="Code from the e-mail" type="text" autoComplete="one-time-code" />
        <Field name="password" label="New password" type="password" autoComplete="new-password" />
      </Form>
    ),
  };

  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <div className="sign-in-brand">
          <Bird />
          <span>Nightjar</span>
        </div>
        <div key={step.name}>{forms[step.name]()}</div>
        <div aria-live="polite">
          {note !== "" && <p className="muted">{note}</p>}
          {error !== "" && (
            <p className="error-text row" role="alert">
              <Icon name="warning" />
              <span>{error}</span>
            </p>
          )}
        </div>
      </div>
    </main>
  );
}

function Form({ title, word, busy, back, onSubmit, children }: {
  title: string;
  word: string;
  busy: boolean;
  back?: () => void;
  onSubmit: (event: SubmitEvent<HTMLFormElement>) => void;
  children: ReactNode;
}) {
  return (
    <form className="sign-in-form" onSubmit={onSubmit}>
      <h1>{title}</h1>
      {children}
      <Button kind="primary" type="submit" disabled={busy}>{busy ? "One moment …" : word}</Button>
      {back !== undefined && <Button kind="quiet" icon="back" onClick={back}>Back to sign in</Button>}
    </form>
  );
}

function Field({ name, label, type, autoComplete }: { name: string; label: string; type: string; autoComplete: string }) {
  return (
    <label className="field">
      <span>{label}</span>
      <input className="input" name={name} type={type} autoComplete={autoComplete} required autoCapitalize="none" spellCheck={false} />
    </label>
  );
}
