import { byLogicalTableRouter } from './by-logical-table-router.js';
import { eventRouter } from './event-router.js';
import { extractField } from './extract-field.js';
import { extractNewRecordState } from './extract-new-record-state.js';
import type { TransformPlugin } from './transform.js';

export const TRANSFORMS: readonly TransformPlugin[] = [
  byLogicalTableRouter,
  eventRouter,
  ...extractField,
  extractNewRecordState,
];
