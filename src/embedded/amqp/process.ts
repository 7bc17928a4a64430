import { runAsChild } from '../../support/child.js';
import type { AmqpOptions } from './options.js';
import { startAmqp } from './server.js';

void runAsChild<AmqpOptions>((options, log) => startAmqp({ ...options, log }));
