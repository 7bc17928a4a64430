import { runAsChild } from '../../support/child.js';
import { type SchemaRegistryOptions, startSchemaRegistry } from './server.js';

void runAsChild<Omit<SchemaRegistryOptions, 'log'>>((options, log) => startSchemaRegistry({ ...options, log }));
