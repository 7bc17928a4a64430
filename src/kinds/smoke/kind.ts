import type { LintContext, Use } from '../../pipeline/kind.js';
import type { Kind } from '../kind.js';
import { smoke } from './section.js';

export const smokeKind: Kind = {
  kind: 'smoke',
  sections: [smoke],
  uses,
  references: [{ head: 'response', only: { section: 'smoke', meaning: 'the response to the request' } }],
};

function uses({ pipeline }: LintContext): readonly Use[] {
  return pipeline.smoke.flatMap(({ name: test, requests, expect }) => {
    const at = (...path: string[]): string[] => ['smoke', test, ...path];
    return [
      ...requests
        .filter(({ service }) => service !== 'gateway' || pipeline.gateway === undefined)
        .map(({ service, at: place }): Use => ({ what: 'service', name: service, at: at(...place, 'service') })),
      ...expect.map((one, index): Use => {
        const place = at('expect', String(index));
        if (one.kind === 'document') return { what: 'store', name: one.store, at: [...place, 'store'] };
        if (one.kind === 'row') return { what: 'database', name: one.database, at: [...place, 'database'] };
        return { what: 'topic', name: one.topic, at: [...place, 'topic'] };
      }),
    ];
  });
}
