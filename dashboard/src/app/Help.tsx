import { Dialog } from "../ui/Dialog";

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["j k", "Next, previous incident"],
  ["Enter", "Open the incident"],
  ["a", "Acknowledge"],
  ["s", "Suppress for a while"],
  ["e", "Resolve"],
  ["o", "Assign (where it is served)"],
  ["p", "Approve or deny a remediation"],
  ["x", "Export the incident’s record"],
  ["/", "Search"],
  ["u", "Local time or UTC"],
  ["g n", "Go to Now"],
  ["g r", "Go to Resources"],
  ["g s", "Go to Security"],
  ["g a", "Go to Audit"],
  ["?", "This list"],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl className="facts">
        {KEYS.map(([keys, what]) => (
          <div key={keys} className="help-row">
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key} className="key">{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
