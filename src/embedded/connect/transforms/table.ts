import { byLogicalTableRouter } from './by-logical-table-router.js';
import { cast } from './cast.js';
import { eventRouter } from './event-router.js';
import { extractField } from './extract-field.js';
import { extractNewRecordState } from './extract-new-record-state.js';
import { filter } from './filter.js';
import { flatten } from './flatten.js';
import { dropHeaders, headerFrom, insertHeader } from './headers.js';
import { hoistField } from './hoist-field.js';
import { insertField } from './insert-field.js';
import { maskField } from './mask-field.js';
import { regexRouter } from './regex-router.js';
import { replaceField } from './replace-field.js';
import { setSchemaMetadata } from './set-schema-metadata.js';
import { timestampConverter } from './timestamp-converter.js';
import { timestampRouter } from './timestamp-router.js';
import type { TransformPlugin } from './transform.js';
import { valueToKey } from './value-to-key.js';

export const TRANSFORMS: readonly TransformPlugin[] = [
  byLogicalTableRouter,
  eventRouter,
  extractNewRecordState,
  ...cast,
  dropHeaders,
  ...extractField,
  filter,
  ...flatten,
  ...headerFrom,
  ...hoistField,
  ...insertField,
  insertHeader,
  ...maskField,
  regexRouter,
  ...replaceField,
  ...setSchemaMetadata,
  ...timestampConverter,
  timestampRouter,
  valueToKey,
];
