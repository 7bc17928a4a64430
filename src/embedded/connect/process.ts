import { runAsChild } from '../../support/child.js';
import { type ConnectOptions, startConnect } from './server.js';

/** What a connector's `${env:NAME}` may ask for is what this process was given beside its own options. */
const env = { ...process.env, EVPIPE_SERVER_OPTIONS: undefined };

await runAsChild<ConnectOptions>((options, log) => startConnect({ env, ...options }, log));
