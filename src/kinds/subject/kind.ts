import { onePlaced } from '../../pipeline/spec-placement.js';
import type { Kind } from '../kind.js';
import { checkSchemas } from './lint.js';
import { subjects } from './section.js';

export const subjectKind: Kind = {
  kind: 'subject',
  sections: [subjects],
  placements: { schemaRegistry: onePlaced('Schema Registry') },
  rules: [checkSchemas],
  flowFaults: ['file-missing'],
  references: [{ head: 'schemaRegistry', fields: ['url'] }],
};
