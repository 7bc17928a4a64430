import { runAsChild } from '../../support/child.js';
import { type SchemaRegistryOptions, startSchemaRegistry } from './server.js';

await runAsChild<Omit<SchemaRegistryOptions, 'log'>>((options, log) => startSchemaRegistry({ ...options, log }));
