import { operationsOf, type Slice } from '../../kinds/kind.js';
import type { Session } from '../../kinds/session.js';
import type { Node } from '../../kinds/walk.js';

/** The work of `up` before the checks, as a graph: what the slices cover, and all that it needs. Ids are `kind/name`. */
export async function upNodes(session: Session, slices: ReadonlySet<Slice>): Promise<readonly Node[]> {
  const all = withBefore(await allNodes(session));
  const byId = new Map(all.map(({ node }) => [node.id, node]));
  const kept = new Set<string>();
  const keep = (id: string): void => {
    if (kept.has(id)) return;
    kept.add(id);
    for (const need of byId.get(id)?.needs ?? []) keep(need);
  };
  for (const { node, slice } of all) if (slice !== undefined && slices.has(slice)) keep(node.id);
  return all.flatMap(({ node }) => (kept.has(node.id) ? [node] : []));
}

/** Turns `before` into needs of the others. */
function withBefore(all: readonly SlicedNode[]): readonly SlicedNode[] {
  return all.map(({ node, slice }) => {
    const first = all.filter(({ node: { before } }) => before?.includes(node.id) === true);
    return { slice, node: { ...node, needs: [...new Set([...node.needs, ...first.map((one) => one.node.id)])] } };
  });
}

interface SlicedNode {
  readonly node: Node;
  readonly slice: Slice | undefined;
}

async function allNodes(session: Session): Promise<readonly SlicedNode[]> {
  const kinds = await operationsOf(session.kinds);
  const work = kinds.flatMap(({ kind, operations }) =>
    (operations.nodes?.(session) ?? []).map((node) => ({ node, slice: kind.slice })),
  );
  const steps = [...new Set(work.map(({ node }) => node.step))];
  const summaries = steps.map((step): SlicedNode => {
    const members = work.filter(({ node }) => node.step === step);
    const parts = kinds.filter(({ kind }) => kind.step === step);
    return {
      slice: members[0]?.slice,
      node: {
        id: `summary/${step}`,
        step,
        needs: members.map(({ node }) => node.id),
        run: async () => {
          const said = await Promise.all(parts.map(({ operations }) => operations.summary?.(session) ?? []));
          return { changed: false, detail: said.flat().join(', ') };
        },
      },
    };
  });
  return [...work, ...summaries];
}
