import { useState } from "react";
import { Button } from "./Button";

export function CopyButton({ text, what }: { text: string; what: string }) {
  const [word, setWord] = useState<"copy" | "check">("copy");
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setWord("check");
    setTimeout(() => setWord("copy"), 1500);
  };
  return (
    <>
      <Button kind="quiet" icon={word} aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={() => void copy().catch(() => setWord("copy"))} />
      <span className="sr-only" role="status">{word === "check" ? "Copied" : ""}</span>
    </>
  );
}

/** Code with a button that copies it. */
export function Snippet({ text, what }: { text: string; what: string }) {
  return (
    <div className="snippet">
      <pre>{text}</pre>
      <CopyButton text={text} what={what} />
    </div>
  );
}
