import { locate } from '../../pipeline/document.js';
import type { LintContext } from '../../pipeline/kind.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';

/** What names a store wants documents in it. */
export function checkStoreKinds(context: LintContext): readonly Problem[] {
  const caches = new Set(context.pipeline.stores.filter(({ kind }) => kind === 'cache').map(({ name }) => name));
  return context
    .uses()
    .filter(({ what, name, idle }) => what === 'store' && idle !== true && caches.has(name))
    .map(({ name, at }) =>
      problem('store-kind', locate(context.tree, at), `store ${name} is a cache, which holds no documents`),
    );
}

export function unusedStores(context: LintContext): readonly Problem[] {
  const used = new Set(context.references().flatMap(({ what, name }) => (what === 'store' ? [name] : [])));
  return context
    .names('stores')
    .filter((name) => !used.has(name))
    .map((name) => warning('unused', locate(context.tree, ['stores', name]), `store ${name} is used by no service`));
}
