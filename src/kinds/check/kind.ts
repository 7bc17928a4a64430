import type { Use } from '../../pipeline/kind.js';
import type { Kind } from '../kind.js';
import { checks } from './build.js';
import { checkChecks, checkWays, checkWrittenSql } from './lint.js';
import { type CheckSection, partsOf } from './section.js';

export const checkKind: Kind = {
  kind: 'check',
  sections: [checks],
  rules: [checkChecks, checkWrittenSql],
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
      return (['source', 'replica'] as const).flatMap((side) =>
        partsOf(check[side]).flatMap((part, index) => {
          const at = check[side].kind === 'union' ? [side, String(index)] : [side];
          if (part.kind === 'table' || part.kind === 'query') return use('database', part.database, ...at, 'database');
          if (part.kind === 'documents') return use('store', part.store, ...at, 'store');
          return part.kind === 'topic' ? use('topic', part.topic, ...at, 'topic') : [];
        }),
      );
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
