import { runAsChild } from '../../support/child.js';
import { type GatewayOptions, startGateway } from './server.js';

await runAsChild<Omit<GatewayOptions, 'log'>>((options, log) => startGateway({ ...options, log }));
