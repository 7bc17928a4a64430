import { runAsChild } from '../../support/child.js';
import type { KafkaOptions } from './options.js';
import { startKafka } from './server/server.js';

void runAsChild<KafkaOptions>((options, log) => startKafka({ ...options, log }));
