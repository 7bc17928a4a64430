import { runAsChild } from '../../support/child.js';
import { type GatewayOptions, startGateway } from './server.js';

void runAsChild<Omit<GatewayOptions, 'log'>>((options, log) => startGateway({ ...options, log }));
