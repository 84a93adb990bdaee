import { useState, type SubmitEvent } from "react";
import { SEVERITIES, type Product, type Severity as Level } from "../api/types";
import { Page } from "../app/Page";
import { useServices } from "../app/services";
import { visible } from "../lib/format";
import { isWeb } from "../incident/Causes";
import { Refusal, useDeed } from "../now/ActionDialog";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Severity } from "../ui/Severity";
import { Absent, Loading, ProblemView, State } from "../ui/States";
import { toast } from "../ui/Toasts";
import { useQuery } from "../ui/hooks";
import "../now/now.css";

const NEW: Product = { name: "", matchers: [], owner: "", criticality: "medium", channel: null, runbook: null, version: 0, changed_by: "", changed_at: "" };

/** Named sets of resources, and who answers for them. */
export function ProductsPage() {
  const services = useServices();
  const query = useQuery("products", () => services.client.products());
  const [editing, setEditing] = useState<{ product: Product; isNew: boolean } | null>(null);
  const products = query.data?.products ?? [];
  const mayEdit = services.may("admin");
  return (
    <Page title="Products" lead="A product is a named set of resources with an owner. Its alerts go to its channel, and its criticality decides when a resource belongs to several." head={query.data !== null && mayEdit && <Button kind="primary" onClick={() => setEditing({ product: NEW, isNew: true })}>New product</Button>}>
      {query.problem?.isAbsent === true ? (
        <div className="card"><Absent what="products"><p>They are configured in <code>config/products.json</code>.</p></Absent></div>
      ) : query.problem !== null ? <ProblemView problem={query.problem} what="products" retry={query.reload} /> : query.data === null ? <Loading /> : products.length === 0 ? (
        <State icon="products" title="No product yet"><p>None was named here. Those of <code>config/products.json</code> hold all the same.</p></State>
      ) : (
        <div className="card table-wrap" tabIndex={0} role="region" aria-label="Products">
          <table className="table">
            <thead><tr><th scope="col">Product</th><th scope="col">Resources</th><th scope="col">Owner</th><th scope="col">Channel</th><th scope="col">Criticality</th><th scope="col"><span className="sr-only">Actions</span></th></tr></thead>
            <tbody>
              {products.map((product) => (
                <tr key={product.name}>
                  <td><strong>{visible(product.name)}</strong>{product.runbook != null && isWeb(product.runbook) && <div className="small"><a href={product.runbook} target="_blank" rel="noreferrer">Runbook</a></div>}</td>
                  <td>{product.matchers.map((matcher) => <div key={matcher}><code className="anywhere">{visible(matcher)}</code></div>)}</td>
                  <td data-label="Owner">{visible(product.owner)}</td>
                  <td data-label="Channel">{product.channel == null ? <span className="muted">default</span> : visible(product.channel)}</td>
                  <td><Severity level={product.criticality} /></td>
                  <td className="right">{mayEdit && <Button onClick={() => setEditing({ product, isNew: false })}>Edit</Button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {editing !== null && <ProductDialog {...editing} onClose={() => setEditing(null)} onDone={() => {
        setEditing(null);
        query.reload();
      }} />}
    </Page>
  );
}

function ProductDialog({ product, isNew, onClose, onDone }: { product: Product; isNew: boolean; onClose: () => void; onDone: () => void }) {
  const { client } = useServices();
  const [draft, setDraft] = useState({ ...product, matchers: product.matchers.join("\n"), channel: product.channel ?? "", runbook: product.runbook ?? "" });
  const { error, isBusy, run } = useDeed();
  const set = (changes: Partial<typeof draft>) => setDraft({ ...draft, ...changes });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void run(async () => {
      const { name, owner, criticality } = draft;
      const matchers = draft.matchers.split("\n").map((line) => line.trim()).filter((line) => line !== "");
      await client.setProduct(name, { matchers, owner, criticality, channel: draft.channel || null, runbook: draft.runbook || null, ...(product.thresholds && { thresholds: product.thresholds }) }, isNew ? undefined : product.version);
      toast(`Saved ${name}`);
      onDone();
    });
  };
  const remove = () => void run(async () => {
    await client.removeProduct(product.name, product.version);
    toast(`Removed ${product.name}`);
    onDone();
  });
  return (
    <Dialog title={isNew ? "New product" : `Product ${product.name}`} onClose={onClose}>
      <form className="action-form" onSubmit={submit}>
        {isNew && <label className="field"><span>Name</span><input className="input" data-first required maxLength={64} pattern="[A-Za-z0-9_\-]+" title="Letters, digits, - and _" value={draft.name} onChange={(event) => set({ name: event.target.value })} /></label>}
        <label className="field"><span>Resources <span className="hint">– matchers, one a line; all must hold</span></span><textarea className="input mono" required rows={3} value={draft.matchers} onChange={(event) => set({ matchers: event.target.value })} placeholder={'tag:app="shop"'} /></label>
        <label className="field"><span>Owner</span><input className="input" required value={draft.owner} onChange={(event) => set({ owner: event.target.value })} /></label>
        <label className="field"><span>Criticality</span><select className="input" value={draft.criticality} onChange={(event) => set({ criticality: event.target.value as Level })}>{SEVERITIES.map((severity) => <option key={severity}>{severity}</option>)}</select></label>
        <label className="field"><span>Channel <span className="hint">– a receiver; empty for the default route</span></span><input className="input" value={draft.channel} onChange={(event) => set({ channel: event.target.value })} /></label>
        <label className="field"><span>Runbook <span className="hint">– a link</span></span><input className="input" type="url" value={draft.runbook} onChange={(event) => set({ runbook: event.target.value })} /></label>
        <Refusal error={error} />
        <div className="dialog-foot">
          {!isNew && <Button kind="danger" disabled={isBusy} onClick={remove}>Remove</Button>}
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={isBusy}>Save</Button>
        </div>
      </form>
    </Dialog>
  );
}
