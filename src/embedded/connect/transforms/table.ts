import { byLogicalTableRouter } from './by-logical-table-router.js';
import { cast } from './cast.js';
import { decodeLogicalDecodingMessageContent } from './decode-logical-decoding-message-content.js';
import { eventRouter } from './event-router.js';
import { extractChangedRecordState } from './extract-changed-record-state.js';
import { extractField } from './extract-field.js';
import { extractNewRecordState } from './extract-new-record-state.js';
import { extractSchemaToNewRecord } from './extract-schema-to-new-record.js';
import { filter } from './filter.js';
import { flatten } from './flatten.js';
import { headerToValue } from './header-to-value.js';
import { dropHeaders, headerFrom, insertHeader } from './headers.js';
import { hoistField } from './hoist-field.js';
import { insertField } from './insert-field.js';
import { maskField } from './mask-field.js';
import { partitionRouting } from './partition-routing.js';
import { regexRouter } from './regex-router.js';
import { replaceField } from './replace-field.js';
import { schemaChangeEventFilter } from './schema-change-event-filter.js';
import { setSchemaMetadata } from './set-schema-metadata.js';
import { timestampConverter } from './timestamp-converter.js';
import { timestampRouter } from './timestamp-router.js';
import { timezoneConverter } from './timezone-converter.js';
import type { TransformPlugin } from './transform.js';
import { valueToKey } from './value-to-key.js';
import { vectorToJson } from './vector-to-json.js';

export const TRANSFORMS: readonly TransformPlugin[] = [
  byLogicalTableRouter,
  decodeLogicalDecodingMessageContent,
  eventRouter,
  extractChangedRecordState,
  extractNewRecordState,
  extractSchemaToNewRecord,
  headerToValue,
  partitionRouting,
  schemaChangeEventFilter,
  timezoneConverter,
  vectorToJson,
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
