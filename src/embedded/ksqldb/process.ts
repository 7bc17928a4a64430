import { runAsChild } from '../../support/child.js';
import { type KsqldbOptions, startKsqldb } from './server.js';

void runAsChild<Omit<KsqldbOptions, 'log'>>((options, log) => startKsqldb({ ...options, log }));
