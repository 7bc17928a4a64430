import { required } from '../../../protocol/connect/option.js';
import { DEBEZIUM, type TransformPlugin } from './transform.js';

export const schemaChangeEventFilter: TransformPlugin = {
  className: `${DEBEZIUM}.SchemaChangeEventFilter`,
  meaning: 'Lets everything pass, because PostgreSQL’s connector sends no schema change events.',
  options: [
    {
      ...required('STRING', 'schema.change.event.exclude.list', 'Types of schema change events to drop.'),
      wording: 'debezium',
    },
  ],
  create: () => (record) => record,
};
