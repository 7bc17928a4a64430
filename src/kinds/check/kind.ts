import type { Use } from '../../pipeline/kind.js';
import type { Kind } from '../kind.js';
import { checks } from './build.js';
import { checkChecks, checkWays } from './lint.js';
import type { CheckSection } from './section.js';

export const checkKind: Kind = {
  kind: 'check',
  sections: [checks],
  rules: [checkChecks],
  flowRules: [checkWays],
  uses: ({ pipeline }) => pipeline.checks.flatMap(usesOf),
  step: 'checks',
  operations: async () => (await import('./operations.js')).operations,
};

function usesOf(check: CheckSection): readonly Use[] {
  const use = (what: string, name: string | undefined, ...at: string[]): Use[] =>
    name === undefined ? [] : [{ what, name, at: ['checks', check.name, ...at] }];
  switch (check.kind) {
    case 'compare':
      return (['source', 'replica'] as const).flatMap((side) => {
        const place = check[side];
        if (place.kind === 'table') return use('database', place.database, side, 'database');
        if (place.kind === 'documents') return use('store', place.store, side, 'store');
        return use('topic', place.topic, side, 'topic');
      });
    case 'rows':
      return use('database', check.database, 'database');
    case 'stages': {
      const { topic, keys, view, reportedBy } = check;
      return [
        ...use('topic', topic, 'stages', 'topic'),
        ...use('database', keys?.database, 'stages', 'keys', 'database'),
        ...(view !== undefined && 'database' in view
          ? use('database', view.database, 'stages', 'view', 'database')
          : []),
        ...[...reportedBy].flatMap(([status, by]) => use('service', by, 'stages', 'reportedBy', status)),
      ];
    }
    case 'conservation':
      return [
        ...use('queue', check.queue, 'conservation', 'queue'),
        ...use('database', check.published?.database, 'conservation', 'published', 'database'),
        ...use('database', check.effects?.database, 'conservation', 'effects', 'database'),
      ];
  }
}
