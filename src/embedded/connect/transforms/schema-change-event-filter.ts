import { required } from '../config/option.js';
import { DEBEZIUM, type TransformPlugin } from './transform.js';

/** SchemaChangeEventFilter: lets everything pass, because PostgreSQL's connector sends no schema change events. */
export const schemaChangeEventFilter: TransformPlugin = {
  className: `${DEBEZIUM}.SchemaChangeEventFilter`,
  options: [
    {
      ...required('STRING', 'schema.change.event.exclude.list', 'Types of schema change events to drop.'),
      wording: 'debezium',
    },
  ],
  create: () => (record) => record,
};
