/** A choice of one among few. */
export function Segments<V extends string>({ label, value, options, onChange }: {
  label: string;
  value: V;
  options: readonly (readonly [value: V, label: string, amount?: number])[];
  onChange: (value: V) => void;
}) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {options.map(([option, text, amount]) => (
        <button key={option} type="button" className="segment" aria-pressed={option === value} onClick={() => onChange(option)}>
          {text}
          {amount !== undefined && <span className="amount">{amount}</span>}
        </button>
      ))}
    </div>
  );
}
