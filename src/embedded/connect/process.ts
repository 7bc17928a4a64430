import { runAsChild } from '../../support/child.js';
import { type ConnectOptions, startConnect } from './server.js';

await runAsChild<ConnectOptions>(startConnect);
