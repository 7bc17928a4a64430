import type { Statement, StatementKind } from '../../../protocol/ksql/ast.js';
import { alterSource, alterSystem } from './alter.js';
import { assertSchema, assertTopic } from './assert.js';
import {
  createConnector,
  describeConnector,
  dropConnector,
  listConnectorPlugins,
  listConnectors,
} from './connectors.js';
import type { Change, Handler } from './context.js';
import { createAsSelect } from './create-as-select.js';
import { createSource } from './create-source.js';
import { describe, describeAll, describeFunction } from './describe.js';
import { dropSource } from './drop-source.js';
import { explain } from './explain.js';
import { insertSelect } from './insert-select.js';
import { insertValues } from './insert-values.js';
import { listFunctions, listQueries, listStreams, listTables, listTopics } from './list.js';
import { pauseQuery, resumeQuery, terminate } from './queries.js';
import {
  defineVariable,
  listProperties,
  listVariables,
  setProperty,
  undefineVariable,
  unsetProperty,
} from './session.js';
import { createType, dropType, listTypes } from './types.js';

/** Statements that change the engine: checked, logged, applied; repeated at every start. */
export const CHANGES: { readonly [Kind in StatementKind]?: Change<Kind> } = {
  'create-source': createSource,
  'create-as-select': createAsSelect,
  'insert-select': insertSelect,
  'drop-source': dropSource,
  'alter-source': alterSource,
  'alter-system': alterSystem,
  'create-type': createType,
  'drop-type': dropType,
  terminate: terminate,
  pause: pauseQuery,
  resume: resumeQuery,
};

/** Statements that answer, or change only the session or another server. */
export const HANDLERS: { readonly [Kind in StatementKind]?: Handler<Kind> } = {
  'insert-values': insertValues,
  'create-connector': createConnector,
  'drop-connector': dropConnector,
  'list-connectors': listConnectors,
  'list-connector-plugins': listConnectorPlugins,
  'describe-connector': describeConnector,
  set: setProperty,
  unset: unsetProperty,
  define: defineVariable,
  undefine: undefineVariable,
  'list-variables': listVariables,
  'list-properties': listProperties,
  'list-types': listTypes,
  'list-functions': listFunctions,
  'list-streams': listStreams,
  'list-tables': listTables,
  'list-queries': listQueries,
  'list-topics': listTopics,
  'describe-source': describe,
  'describe-sources': describeAll,
  'describe-function': describeFunction,
  explain,
  'assert-topic': assertTopic,
  'assert-schema': assertSchema,
};

export const changeOf = (statement: Statement): Change<StatementKind> | undefined =>
  CHANGES[statement.kind] as Change<StatementKind> | undefined;

export const handlerOf = (statement: Statement): Handler<StatementKind> | undefined =>
  HANDLERS[statement.kind] as Handler<StatementKind> | undefined;
